/* SPDX-License-Identifier: MIT */
#include "tracker/tracker_state.h"

#include "kith/error.h"

/* ---- rows ---- */

static void trouble(struct kith_tracker *tracker, const char *what, int error)
{
    const struct kith_keeper *keeper = &tracker->config.keeper;
    tracker->stats.commits_failed++;
    tracker->owes_rows = true;
    if (tracker->config.trouble != NULL)
        tracker->config.trouble(tracker->config.ctx, what, error,
                                keeper->detail(keeper->ctx));
}

static void keep_all(struct kith_tracker *tracker)
{
    const struct kith_keeper *keeper = &tracker->config.keeper;
    struct kith_registry_view view;
    tracker->owes_rows = false;
    for (size_t i = 0; i < kith_registry_slots(tracker->registry); i++) {
        if (!kith_registry_at(tracker->registry, i, &view))
            continue;
        int error = keeper->put(keeper->ctx, &view.row);
        if (error != 0) {
            trouble(tracker, "peers are not kept over a restart", error);
            return;
        }
    }
}

/* A row that cannot be kept costs nobody anything while the tracker runs: all of them are
 * put once more at the next mark. */
static void keep(struct kith_tracker *tracker, const struct kith_registry_effect *effect)
{
    const struct kith_keeper *keeper = &tracker->config.keeper;
    int error = 0;
    if (effect->type == KITH_REGISTRY_KEEP)
        error = keeper->put(keeper->ctx, &effect->keep);
    else if (effect->type == KITH_REGISTRY_FORGET)
        error = keeper->remove(keeper->ctx, &effect->forget.id);
    else
        error = keeper->mark(keeper->ctx, effect->marked.seen_s);
    tracker->has_rows = true;
    if (error != 0)
        trouble(tracker, "a peer is not kept over a restart", error);
    else if (effect->type == KITH_REGISTRY_MARKED && tracker->owes_rows)
        keep_all(tracker);
}

static void commit(struct kith_tracker *tracker)
{
    const struct kith_keeper *keeper = &tracker->config.keeper;
    if (!tracker->has_rows)
        return;
    tracker->has_rows = false;
    int error = keeper->commit(keeper->ctx);
    if (error != 0)
        trouble(tracker, "peers are not kept over a restart", error);
    else
        tracker->stats.commits++;
}

/* ---- effects ---- */

static void pair(struct kith_tracker *tracker, const struct kith_registry_effect *effect)
{
    struct kith_registry_input answer = {.type = KITH_REGISTRY_PAIRED};
    answer.paired.pair = effect->pair.pair;
    answer.paired.error = kith_relaying_expect(tracker->relaying, &effect->pair);
    kith_tracker_input(tracker, &answer);
}

static void carry_out(struct kith_tracker *tracker,
                      const struct kith_registry_effect *effect)
{
    switch (effect->type) {
    case KITH_REGISTRY_SEND:
        kith_net_send(tracker->net, effect->send.link, effect->send.bytes);
        break;
    case KITH_REGISTRY_CLOSE:
        kith_net_close(tracker->net, effect->close.link, effect->close.error);
        break;
    case KITH_REGISTRY_CHECK:
        tracker->stats.checks++;
        kith_checker_check(tracker->checker, effect->check.check, &effect->check.address,
                           &effect->check.id);
        break;
    case KITH_REGISTRY_UNCHECK:
        kith_checker_drop(tracker->checker, effect->uncheck.check);
        break;
    case KITH_REGISTRY_KEEP:
    case KITH_REGISTRY_FORGET:
    case KITH_REGISTRY_MARKED:
        keep(tracker, effect);
        break;
    case KITH_REGISTRY_TELL:
        if (tracker->config.told != NULL)
            tracker->config.told(tracker->config.ctx, effect);
        break;
    case KITH_REGISTRY_PAIR:
        pair(tracker, effect);
        break;
    }
}

/* ---- inputs ---- */

static void broke(struct kith_tracker *tracker, int error)
{
    if (tracker->is_broken)
        return;
    tracker->is_broken = true;
    tracker->config.broken(tracker->config.ctx, error);
}

static void defer(struct kith_tracker *tracker, const struct kith_registry_input *input)
{
    void *later = tracker->later;
    int error = kith_alloc_grow(&kith_alloc_heap, &later, &tracker->later_capacity,
                                tracker->later_count + 1, sizeof *tracker->later);
    if (error != 0) {
        broke(tracker, error);
        return;
    }
    tracker->later = later;
    tracker->later[tracker->later_count++] = *input;
}

static void step(struct kith_tracker *tracker, struct kith_registry_input *input)
{
    struct kith_registry_effects effects;
    if (tracker->is_broken)
        return;
    tracker->is_busy = true;
    input->now = tracker->config.clock();
    int error = kith_registry_step(tracker->registry, input, &effects);
    for (size_t i = 0; i < effects.count; i++)
        carry_out(tracker, &effects.items[i]);
    tracker->is_busy = false;
    if (error != 0)
        broke(tracker, error);
}

void kith_tracker_input(struct kith_tracker *tracker, struct kith_registry_input *input)
{
    if (tracker->is_stopping)
        return;
    if (tracker->is_busy)
        defer(tracker, input); /* an answer: it borrows nothing */
    else
        step(tracker, input);
}

/* ---- the turn ---- */

static void step_later(struct kith_tracker *tracker)
{
    size_t count = tracker->later_count;
    for (size_t i = 0; i < count; i++) {
        struct kith_registry_input input = tracker->later[i]; /* the array may move */
        step(tracker, &input);
    }
    for (size_t i = count; i < tracker->later_count; i++)
        tracker->later[i - count] = tracker->later[i];
    tracker->later_count -= count;
}

static bool is_due(const struct kith_tracker *tracker)
{
    return !tracker->is_broken &&
           (tracker->later_count > 0 ||
            kith_registry_deadline(tracker->registry) <= tracker->config.clock().mono);
}

static void settle(struct kith_tracker *tracker)
{
    for (int round = 0; round < KITH_TRACKER_ROUNDS_MAX && is_due(tracker); round++) {
        struct kith_registry_input timeout = {.type = KITH_REGISTRY_TIMEOUT};
        step_later(tracker);
        step(tracker, &timeout);
    }
}

static void on_again(uv_idle_t *idle)
{
    /* its being active keeps the loop from sleeping */
}

static void on_timer(uv_timer_t *timer)
{
    struct kith_tracker *tracker = timer->data;
    tracker->armed =
        KITH_TIME_NEVER; /* it wakes the loop; the turn's end does the rest */
}

static void arm(struct kith_tracker *tracker)
{
    kith_time deadline =
        tracker->is_broken ? KITH_TIME_NEVER : kith_registry_deadline(tracker->registry);
    if (is_due(tracker))
        uv_idle_start(&tracker->again, on_again);
    else
        uv_idle_stop(&tracker->again);
    if (deadline == tracker->armed)
        return;
    tracker->armed = deadline;
    if (deadline == KITH_TIME_NEVER) {
        uv_timer_stop(&tracker->timer);
        return;
    }
    kith_time wait = deadline - tracker->config.clock().mono;
    uv_update_time(tracker->config.loop);
    uv_timer_start(&tracker->timer, on_timer,
                   wait <= 0 ? 0 : (uint64_t)((wait + KITH_MS - 1) / KITH_MS), 0);
}

static void tell_introduced(struct kith_tracker *tracker)
{
    struct kith_registry_counts counts = kith_registry_counts(tracker->registry);
    if (tracker->config.once == 0 || tracker->is_introduced || counts.untold > 0 ||
        counts.introduced < tracker->config.once)
        return;
    tracker->is_introduced = true;
    if (tracker->config.introduced != NULL)
        tracker->config.introduced(tracker->config.ctx);
}

void kith_tracker_turn_end(struct kith_tracker *tracker)
{
    if (tracker->is_stopping)
        return;
    settle(tracker);
    commit(tracker);
    kith_net_flush(tracker->net);
    arm(tracker);
    tell_introduced(tracker);
}
