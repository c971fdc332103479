/* SPDX-License-Identifier: MIT */
#include "node/mapping.h"

#include <string.h>

#include "node/inside.h"
#include "node/reach.h"

/* A router maps IPv4. */
static bool is_mappable(const struct kith_address *bound)
{
    bool is_ipv6 = strchr(bound->host, ':') != NULL && strcmp(bound->host, "::") != 0;
    return !is_ipv6 && !kith_reach_is_loopback(bound);
}

static uint16_t port_to_map(const struct kith_runtime *runtime)
{
    for (size_t i = 0; i < runtime->listening_count; i++)
        if (is_mappable(&runtime->listening[i]))
            return runtime->listening[i].port;
    return 0;
}

/* ---- what the router says ---- */

static const char *const said[] = {
    [KITH_PORTMAP_ASKING] = "the router is asked for a port",
    [KITH_PORTMAP_MAPPED] = "the router hands a port on",
    [KITH_PORTMAP_BEHIND] = "the router hands a port on, but is behind another itself",
    [KITH_PORTMAP_NEEDLESS] = "no router is asked for a port: the address is public",
    [KITH_PORTMAP_NO_ROUTER] = "no router is asked for a port: there is none",
    [KITH_PORTMAP_UNANSWERED] = "the router hands no port on: it does not answer",
    [KITH_PORTMAP_REFUSED] = "the router hands no port on: it refuses",
};

static void log_change(struct kith_runtime *runtime, const struct kith_portmap_view *view)
{
    char external[KITH_ADDRESS_TEXT_SIZE] = "";
    bool is_mapped = view->external.port != 0;
    if (is_mapped)
        kith_address_format(&view->external, external);
    kith_logger_write(runtime->log, KITH_LOGGER_INFO, "mapping", said[view->state],
                      "port", KITH_LOGGER_NUMBER(view->port), "router", view->router,
                      "by", view->protocol != NULL ? view->protocol : "", "outside",
                      external, "why", view->why, NULL);
}

/* All that the router says arrives here. Its word is not proof: the core tells of the
 * address once a tracker has dialled it from outside. */
static void on_changed(void *ctx, const struct kith_portmap_view *view)
{
    struct kith_runtime *runtime = ctx;
    struct kith_command command = {.type = KITH_COMMAND_MAPPED};
    log_change(runtime, view);
    if (view->state == KITH_PORTMAP_MAPPED)
        command.mapped = view->external;
    if (!runtime->is_stopping &&
        kith_commands_push(&runtime->commands, &command, NULL, NULL) != 0)
        kith_turn_broke(runtime, KITH_ENOMEM);
}

static void on_interfaces(struct kith_interface_watch *watch,
                          const struct kith_interfaces *before)
{
    struct kith_runtime *runtime = watch->owner;
    (void)before;
    kith_portmap_refresh(runtime->mapping.portmap);
}

/* ---- life ---- */

void kith_mapping_start(struct kith_runtime *runtime)
{
    struct kith_mapping *mapping = &runtime->mapping;
    struct kith_portmap_config config = {
        .port = port_to_map(runtime),
        .rng = kith_random_rng(&runtime->random),
        .changed = on_changed,
        .ctx = runtime,
    };
    mapping->is_wanted = true;
    mapping->port = config.port;
    if (mapping->port == 0)
        return;
    mapping->error = kith_portmap_new(runtime->loop, &config, &mapping->portmap);
    if (mapping->error == 0) {
        mapping->watch.owner = runtime;
        kith_interface_watch_init(&mapping->watch, runtime->loop, false, on_interfaces);
        return;
    }
    kith_logger_write(runtime->log, KITH_LOGGER_WARN, "mapping",
                      "the router cannot be asked for a port", "error",
                      kith_error_name(mapping->error), NULL);
}

static void part_closed(struct kith_runtime *runtime)
{
    if (--runtime->mapping.closing == 0)
        kith_runtime_settle(runtime);
}

static void on_portmap_closed(void *ctx)
{
    part_closed(ctx);
}

static void on_watch_closed(struct kith_interface_watch *watch)
{
    part_closed(watch->owner);
}

void kith_mapping_stop(struct kith_runtime *runtime)
{
    struct kith_mapping *mapping = &runtime->mapping;
    if (mapping->portmap == NULL)
        return;
    mapping->closing = 2;
    kith_interface_watch_close(&mapping->watch, on_watch_closed);
    kith_portmap_close(mapping->portmap, on_portmap_closed, runtime);
    mapping->portmap = NULL;
}

struct kith_mapping_view kith_runtime_mapping(const struct kith_runtime *runtime)
{
    const struct kith_mapping *mapping = &runtime->mapping;
    struct kith_mapping_view view = {
        .is_wanted = mapping->is_wanted,
        .is_confined = mapping->port == 0,
        .error = mapping->error,
    };
    if (mapping->portmap != NULL)
        view.router = *kith_portmap_view(mapping->portmap);
    return view;
}
