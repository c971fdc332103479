/* SPDX-License-Identifier: MIT */
#include "node/trackers.h"

#include "node/inside.h"
#include "proto/tracker.h"

/* PEERS is the longest they send. */
#define FRAME_SIZE_MAX (160 * 1024)

/* The tracker behind a link; 0 for one that was let go. */
static uint32_t tracker_of(const struct kith_runtime *runtime, kith_link_no link)
{
    for (uint32_t i = 0; i < KITH_TRACKERS_MAX; i++)
        if (runtime->trackers.links[i] == link)
            return i + 1;
    return 0;
}

static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct kith_runtime *runtime = ctx;
    struct kith_input input = {.type = KITH_INPUT_TRACKER_UP,
                               .tracker_up = {up->dial, up->peer, up->remote}};
    runtime->trackers.links[up->dial - 1] = up->link;
    kith_turn_input(runtime, &input);
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    struct kith_runtime *runtime = ctx;
    struct kith_input input = {.type = KITH_INPUT_TRACKER_FRAME,
                               .tracker_frame = {tracker_of(runtime, link), frame}};
    if (input.tracker_frame.tracker != 0)
        kith_turn_input(runtime, &input);
}

static void down(struct kith_runtime *runtime, uint32_t tracker, int error)
{
    struct kith_input input = {.type = KITH_INPUT_TRACKER_DOWN,
                               .tracker_down = {tracker, error}};
    kith_turn_input(runtime, &input);
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    struct kith_runtime *runtime = ctx;
    uint32_t tracker = tracker_of(runtime, link);
    if (tracker == 0)
        return;
    runtime->trackers.links[tracker - 1] = 0;
    down(runtime, tracker, error);
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    down(ctx, dial, error);
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
    (void)ctx, (void)link, (void)sent; /* little is ever sent to a tracker */
}

uint16_t kith_trackers_port(const struct kith_runtime *runtime)
{
    return runtime->listening_count > 0 ? runtime->listening[0].port : 0;
}

static int make_net(struct kith_runtime *runtime)
{
    struct kith_net_config config = {
        .seed = runtime->identity.seed,
        .id = runtime->identity.id,
        .alpn = KITH_TRACKER_ALPN,
        .links_max = KITH_TRACKERS_MAX,
        .frame_size_initial = FRAME_SIZE_MAX,
        .handler = {.ctx = runtime,
                    .up = on_up,
                    .frame = on_frame,
                    .down = on_down,
                    .dial_failed = on_dial_failed,
                    .drained = on_drained},
    };
    return kith_net_new(runtime->loop, &config, &runtime->trackers.net);
}

static void dial(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    struct kith_net_target target = {
        .addresses = &effect->tracker_dial.address,
        .count = 1,
        .expected =
            effect->tracker_dial.has_expected ? &effect->tracker_dial.expected : NULL,
        .from_port =
            effect->tracker_dial.is_from_any_port ? 0 : kith_trackers_port(runtime),
    };
    uint32_t tracker = effect->tracker_dial.tracker;
    int error = runtime->trackers.net == NULL ? make_net(runtime) : 0;
    if (error == 0)
        error = kith_net_dial(runtime->trackers.net, tracker, &target);
    if (error != 0)
        kith_turn_defer(runtime,
                        &(struct kith_backlog_item){.type = KITH_INPUT_TRACKER_DOWN,
                                                    .down = {tracker, error}});
}

static void close_link(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    kith_link_no *link = &runtime->trackers.links[effect->tracker_close.tracker - 1];
    if (*link != 0)
        kith_net_close(runtime->trackers.net, *link, effect->tracker_close.error);
    *link = 0;
}

void kith_trackers_carry_out(struct kith_runtime *runtime,
                             const struct kith_effect *effect)
{
    if (effect->type == KITH_EFFECT_TRACKER_DIAL)
        dial(runtime, effect);
    else if (effect->type == KITH_EFFECT_TRACKER_CLOSE)
        close_link(runtime, effect);
    else
        kith_net_send(runtime->trackers.net,
                      runtime->trackers.links[effect->tracker_send.tracker - 1],
                      effect->tracker_send.bytes);
}

void kith_trackers_flush(struct kith_runtime *runtime)
{
    if (runtime->trackers.net != NULL)
        kith_net_flush(runtime->trackers.net);
}

static void on_closed(void *ctx)
{
    struct kith_runtime *runtime = ctx;
    runtime->trackers.is_closing = false;
    kith_runtime_settle(runtime);
}

void kith_trackers_stop(struct kith_runtime *runtime)
{
    if (runtime->trackers.net == NULL)
        return;
    runtime->trackers.is_closing = true;
    kith_net_shutdown(runtime->trackers.net, on_closed, runtime);
}

bool kith_trackers_are_down(const struct kith_runtime *runtime)
{
    return !runtime->trackers.is_closing;
}

void kith_trackers_free(struct kith_runtime *runtime)
{
    kith_net_free(runtime->trackers.net);
}
