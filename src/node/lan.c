/* SPDX-License-Identifier: MIT */
#include "node/lan.h"

#include "net/datagrams.h"
#include "node/inside.h"
#include "node/reach.h"
#include "proto/frame.h"

static void on_received(void *ctx, const struct kith_address *from, bool is_on_link,
                        struct kith_bytes bytes)
{
    struct kith_input input = {
        .type = KITH_INPUT_DATAGRAM,
        .datagram = {.from = *from, .is_on_link = is_on_link, .bytes = bytes}};
    kith_turn_input(ctx, &input);
}

const struct kith_interfaces *kith_lan_interfaces(const struct kith_runtime *runtime)
{
    return runtime->lan != NULL ? kith_datagrams_interfaces(runtime->lan)
                                : &runtime->addresses.now;
}

void kith_lan_tell_reach(struct kith_runtime *runtime)
{
    struct kith_address reached[KITH_HELLO_ADDRESSES_MAX];
    struct kith_command command = {.type = KITH_COMMAND_LISTENING};
    command.listening.addresses = reached;
    command.listening.count =
        kith_reach(runtime->listening, runtime->listening_count,
                   kith_lan_interfaces(runtime), reached, KITH_HELLO_ADDRESSES_MAX);
    if (!runtime->is_stopping &&
        kith_commands_push(&runtime->commands, &command, NULL, NULL) != 0)
        kith_turn_broke(runtime, KITH_ENOMEM);
}

static void on_changed(void *ctx)
{
    kith_lan_tell_reach(ctx);
}

static void on_interfaces(struct kith_interface_watch *watch,
                          const struct kith_interfaces *before)
{
    (void)before;
    kith_lan_tell_reach(watch->owner);
}

void kith_lan_watch(struct kith_runtime *runtime)
{
    if (runtime->lan != NULL)
        return;
    runtime->is_watching = true;
    runtime->addresses.owner = runtime;
    kith_interface_watch_init(&runtime->addresses, runtime->loop, false, on_interfaces);
}

static int open_lan(struct kith_runtime *runtime)
{
    struct kith_address sources[KITH_LISTEN_MAX];
    struct kith_datagrams_config config = {
        .port = runtime->lan_port,
        .sources = sources,
        .source_count = kith_reach_sources(runtime->listening, runtime->listening_count,
                                           sources, KITH_LISTEN_MAX),
        .received = on_received,
        .changed = on_changed,
        .ctx = runtime,
    };
    int error = kith_datagrams_new(runtime->loop, &config, &runtime->lan);
    runtime->lan_error = error;
    if (error != 0)
        runtime->lan = NULL;
    return error;
}

void kith_lan_start(struct kith_runtime *runtime, uint16_t port)
{
    runtime->lan_port = port;
    int error = open_lan(runtime);
    if (error != 0)
        kith_logger_write(
            runtime->log, KITH_LOGGER_WARN, "lan",
            "nobody is found on the LAN; give addresses with --peer, or another "
            "--discovery-port; tried again",
            "port", KITH_LOGGER_NUMBER(port), "error", kith_error_name(error), "why",
            kith_error_text(error), NULL);
}

static void on_closed(void *ctx)
{
    struct kith_runtime *runtime = ctx;
    runtime->lan_closing--;
    kith_runtime_settle(runtime);
}

static void on_watch_closed(struct kith_interface_watch *watch)
{
    on_closed(watch->owner);
}

static void stop_watching(struct kith_runtime *runtime)
{
    if (!runtime->is_watching)
        return;
    runtime->is_watching = false;
    runtime->lan_closing++;
    kith_interface_watch_close(&runtime->addresses, on_watch_closed);
}

/* Whoever had the port, or all descriptors, may be gone. */
static void start_again(struct kith_runtime *runtime)
{
    if (runtime->is_stopping || open_lan(runtime) != 0)
        return;
    stop_watching(runtime); /* the datagrams do */
    kith_lan_tell_reach(runtime);
    kith_logger_write(runtime->log, KITH_LOGGER_INFO, "lan", "the LAN is heard now",
                      "port", KITH_LOGGER_NUMBER(runtime->lan_port), NULL);
}

void kith_lan_carry_out(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    if (runtime->lan == NULL && effect->datagram.is_to_all)
        start_again(runtime);
    if (runtime->lan == NULL)
        return;
    if (effect->datagram.is_to_all)
        kith_datagrams_announce(runtime->lan, effect->datagram.bytes);
    else
        kith_datagrams_send(runtime->lan, &effect->datagram.to, effect->datagram.bytes);
}

void kith_lan_stop(struct kith_runtime *runtime)
{
    stop_watching(runtime);
    if (runtime->lan == NULL)
        return;
    runtime->lan_closing++;
    kith_datagrams_close(runtime->lan, on_closed, runtime);
    runtime->lan = NULL;
}
