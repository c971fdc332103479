/* SPDX-License-Identifier: MIT */
#include "tracker/tracker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/error.h"
#include "net/interfaces.h"
#include "tracker/tracker_state.h"

/* ---- what the net says ---- */

static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_UP};
    input.link_up.link = up->link;
    input.link_up.peer = up->peer;
    input.link_up.remote = up->remote;
    kith_tracker_input(ctx, &input);
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_FRAME};
    input.frame.link = link;
    input.frame.bytes = frame;
    kith_tracker_input(ctx, &input);
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_DOWN};
    input.link_down.link = link;
    kith_tracker_input(ctx, &input);
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_DRAINED};
    input.drained.link = link;
    input.drained.size = sent;
    kith_tracker_input(ctx, &input);
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    /* this endpoint dials nobody */
}

static void on_stranger(void *ctx, int error)
{
    struct kith_tracker *tracker = ctx;
    tracker->stats.strangers++;
}

static void on_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    struct kith_tracker *tracker = ctx;
    kith_relaying_take(tracker->relaying, ticket, take_fd);
}

static void on_checked(void *ctx, uint32_t check, enum kith_check_outcome outcome)
{
    struct kith_tracker *tracker = ctx;
    struct kith_registry_input input = {.type = KITH_REGISTRY_CHECKED};
    input.checked.check = check;
    input.checked.outcome = outcome;
    tracker->stats.reached += outcome == KITH_CHECK_REACHED;
    kith_tracker_input(tracker, &input);
}

/* ---- beginning ---- */

static int make_net(struct kith_tracker *tracker)
{
    const struct kith_tracker_config *config = &tracker->config;
    struct kith_net_config net = {
        .seed = config->seed,
        .id = config->id,
        .alpn = KITH_TRACKER_ALPN,
        .links_max = config->peers_max + KITH_TRACKER_STRANGERS_MAX,
        .frame_size_initial = KITH_REGISTER_SIZE_MAX,
        .handshakes_max = KITH_TRACKER_HANDSHAKES_MAX,
        .handler = {.ctx = tracker,
                    .up = on_up,
                    .frame = on_frame,
                    .down = on_down,
                    .dial_failed = on_dial_failed,
                    .drained = on_drained,
                    .stranger = on_stranger,
                    .ticket = config->has_relay ? on_ticket : NULL},
    };
    struct kith_checker_config checker = {.loop = config->loop,
                                          .seed = config->seed,
                                          .id = config->id,
                                          .checked = on_checked,
                                          .ctx = tracker};
    int error = kith_net_new(config->loop, &net, &tracker->net);
    return error == 0 ? kith_checker_new(&checker, &tracker->checker) : error;
}

static int make_relay(struct kith_tracker *tracker)
{
    struct kith_relaying_config config = {
        .loop = tracker->config.loop,
        .pairs_max = KITH_RELAYING_PAIRS_MAX,
        .per_peer_max = KITH_RELAYING_PER_PEER_MAX,
        .per_household_max = KITH_RELAYING_PER_HOUSEHOLD_MAX,
        .per_peer_spare_max = KITH_RELAYING_PER_PEER_SPARE_MAX,
        .bytes_per_s = tracker->config.relay_bytes_per_s,
    };
    return tracker->config.has_relay ? kith_relaying_new(&config, &tracker->relaying) : 0;
}

struct restoring {
    struct kith_registry *registry;
    struct kith_now now;
};

static int take_row(void *ctx, const struct kith_registration *row)
{
    struct restoring *restoring = ctx;
    return kith_registry_restore(restoring->registry, row, restoring->now);
}

static int restore(struct kith_tracker *tracker, char *detail)
{
    const struct kith_keeper *keeper = &tracker->config.keeper;
    struct restoring restoring = {tracker->registry, tracker->config.clock()};
    uint64_t now_s = (uint64_t)(restoring.now.wall / KITH_SECOND);
    uint64_t since_s = now_s > KITH_REGISTRY_AWAY_S ? now_s - KITH_REGISTRY_AWAY_S
                                                    : 0; /* a clock that was never set */
    int error = keeper->restore(keeper->ctx, since_s, take_row, &restoring);
    if (error != 0)
        snprintf(detail, KITH_KEEPER_DETAIL_SIZE, "%s", keeper->detail(keeper->ctx));
    return error;
}

static int make_registry(struct kith_tracker *tracker)
{
    const struct kith_tracker_config *config = &tracker->config;
    struct kith_registry_config registry = {.alloc = &kith_alloc_heap,
                                            .rng = config->rng,
                                            .peers_max = config->peers_max,
                                            .per_address_max = config->per_address_max,
                                            .has_relay = config->has_relay};
    return kith_registry_new(&registry, &tracker->registry);
}

static void on_prepare(uv_prepare_t *prepare)
{
    kith_tracker_turn_end(prepare->data);
}

static void open_handles(struct kith_tracker *tracker)
{
    uv_loop_t *loop = tracker->config.loop;
    uv_prepare_init(loop, &tracker->prepare);
    uv_idle_init(loop, &tracker->again);
    uv_timer_init(loop, &tracker->timer);
    tracker->prepare.data = tracker->again.data = tracker->timer.data = tracker;
    tracker->armed = KITH_TIME_NEVER;
    tracker->parts_open = 3;
    uv_prepare_start(&tracker->prepare, on_prepare);
}

int kith_tracker_new(const struct kith_tracker_config *config, struct kith_tracker **out,
                     char detail[static KITH_KEEPER_DETAIL_SIZE])
{
    struct kith_tracker *tracker = calloc(1, sizeof *tracker);
    if (tracker == NULL) {
        config->keeper.close(config->keeper.ctx);
        return KITH_ENOMEM;
    }
    detail[0] = '\0';
    tracker->config = *config;
    tracker->started = config->clock().mono;
    int error = make_registry(tracker);
    if (error == 0)
        error = restore(tracker, detail);
    if (error == 0)
        error = make_relay(tracker);
    if (error == 0)
        error = make_net(tracker);
    tracker->config.seed = NULL; /* both endpoints have their copy */
    if (error != 0) {
        /* Of relay and endpoints some may be there: they cannot be freed before the loop
         * has run, and is left to the end of a program that has no memory to begin with.
         */
        tracker->net = NULL;
        tracker->relaying = NULL;
        kith_tracker_free(tracker);
        return error;
    }
    open_handles(tracker);
    *out = tracker;
    return 0;
}

/* What a person can give to others for "all interfaces". */
static bool guess_host(struct kith_address *out)
{
    static const enum kith_ip_reach wanted[] = {KITH_IP_GLOBAL, KITH_IP_PRIVATE};
    struct kith_interfaces interfaces;
    if (!kith_interfaces_read(&interfaces))
        return false;
    for (size_t i = 0; i < 2 * interfaces.count; i++) {
        const struct kith_interface_address *at =
            &interfaces.addresses[i % interfaces.count];
        struct kith_ip_port place = {.port = out->port};
        bool is_ipv4 = at->family == AF_INET;
        if (is_ipv4)
            place.ip.bytes[10] = place.ip.bytes[11] = 0xff;
        memcpy(place.ip.bytes + (is_ipv4 ? 12 : 0), at->address, is_ipv4 ? 4 : 16);
        if (kith_ip_reach(&place.ip) != wanted[i / interfaces.count])
            continue;
        *out = kith_ip_port_address(&place);
        return true;
    }
    return false;
}

struct kith_address kith_tracker_shown(const struct kith_address *bound)
{
    struct kith_address shown = *bound;
    bool is_any = bound->host[0] == '\0' || strcmp(bound->host, "0.0.0.0") == 0 ||
                  strcmp(bound->host, "::") == 0;
    if (is_any && !guess_host(&shown))
        snprintf(shown.host, sizeof shown.host, "127.0.0.1");
    return shown;
}

int kith_tracker_listen(struct kith_tracker *tracker, const struct kith_address *address,
                        struct kith_address *out_bound)
{
    return kith_net_listen(tracker->net, address, out_bound);
}

/* ---- the end ---- */

static void part_closed(struct kith_tracker *tracker)
{
    if (--tracker->parts_open == 0)
        tracker->done(tracker->done_ctx);
}

static void on_part_done(void *ctx)
{
    part_closed(ctx);
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void kith_tracker_stop(struct kith_tracker *tracker, void (*done)(void *ctx), void *ctx)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_STOP};
    tracker->done = done;
    tracker->done_ctx = ctx;
    kith_tracker_input(tracker, &input);
    kith_tracker_turn_end(tracker);
    tracker->is_stopping = true;
    tracker->parts_open += 2 + (tracker->relaying != NULL);
    if (tracker->relaying != NULL)
        kith_relaying_shutdown(tracker->relaying, on_part_done, tracker);
    kith_net_shutdown(tracker->net, on_part_done, tracker);
    kith_checker_shutdown(tracker->checker, on_part_done, tracker);
    uv_close((uv_handle_t *)&tracker->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&tracker->again, on_handle_closed);
    uv_close((uv_handle_t *)&tracker->timer, on_handle_closed);
}

void kith_tracker_free(struct kith_tracker *tracker)
{
    if (tracker == NULL)
        return;
    kith_checker_free(tracker->checker);
    kith_net_free(tracker->net);
    kith_relaying_free(tracker->relaying);
    kith_registry_free(tracker->registry);
    tracker->config.keeper.close(tracker->config.keeper.ctx);
    free(tracker->later);
    free(tracker);
}

/* ---- queries ---- */

struct kith_tracker_stats kith_tracker_stats(const struct kith_tracker *tracker)
{
    struct kith_tracker_stats stats = tracker->stats;
    struct kith_now now = tracker->config.clock();
    stats.registry = kith_registry_counts(tracker->registry);
    stats.net = kith_net_counts(tracker->net);
    if (tracker->relaying != NULL)
        stats.relay = kith_relaying_counts(tracker->relaying);
    stats.uptime_s = (uint64_t)((now.mono - tracker->started) / KITH_SECOND);
    stats.now = now.wall;
    return stats;
}

const struct kith_registry *kith_tracker_registry(const struct kith_tracker *tracker)
{
    return tracker->registry;
}

const struct kith_id *kith_tracker_id(const struct kith_tracker *tracker)
{
    return &tracker->config.id;
}
