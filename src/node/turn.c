/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "node/clock.h"
#include "node/inside.h"
#include "node/trackers.h"

/* ---- one input ---- */

void kith_turn_broke(struct kith_runtime *runtime, int error)
{
    if (runtime->turn.is_broken)
        return;
    runtime->turn.is_broken = true;
    runtime->turn.broken_error = error;
    kith_logger_write(runtime->log, KITH_LOGGER_ERROR, "node",
                      "cannot go on; start it again with more memory", "error",
                      kith_error_name(error), NULL);
}

/* Its owner may be amid a call that broke it, and stops it at once. */
static void tell_broken(struct kith_runtime *runtime)
{
    int error = runtime->turn.broken_error;
    runtime->turn.broken_error = 0;
    if (error == 0)
        return;
    if (runtime->is_stopping) /* the core says no farewell any more */
        kith_runtime_part(runtime);
    if (runtime->broken != NULL)
        runtime->broken(runtime->broken_ctx, error);
}

static void read_clock(struct kith_turn *turn)
{
    turn->now = kith_clock_now();
    turn->has_now = true;
}

static void step(struct kith_runtime *runtime, struct kith_input *input)
{
    struct kith_effects effects;
    if (runtime->turn.is_broken)
        return;
    input->now = runtime->turn.now;
    int error = kith_node_step(runtime->node, input, &effects);
    if (error != 0)
        kith_turn_broke(runtime, error);
    else
        kith_effects_carry_out(runtime, &effects);
}

/* ---- loads ---- */

/* Slices come last, for the bytes still move: until then `data` is not set. */
static int keep_run(void *ctx, const struct kith_stored_run *run)
{
    struct kith_runtime *runtime = ctx;
    void *runs = runtime->load_runs;
    int error = kith_alloc_grow(&kith_alloc_heap, &runs, &runtime->load_capacity,
                                runtime->load_count + 1, sizeof(*runtime->load_runs));
    if (error != 0)
        return error;
    runtime->load_runs = runs;
    kith_writer_bytes(&runtime->load_bytes, run->bytes.data, run->bytes.size);
    if (runtime->load_bytes.failed)
        return KITH_ENOMEM;
    runtime->load_runs[runtime->load_count++] = *run;
    return 0;
}

static void step_loaded(struct kith_runtime *runtime,
                        const struct kith_backlog_item *item)
{
    kith_writer_clear(&runtime->load_bytes);
    runtime->load_count = 0;
    int error =
        kith_store_load(runtime->store, item->load.log_no, item->load.seq_from,
                        item->load.seq_last, item->load.bytes_max, keep_run, runtime);
    size_t offset = 0;
    for (size_t i = 0; i < runtime->load_count; i++) {
        runtime->load_runs[i].bytes.data = runtime->load_bytes.data + offset;
        offset += runtime->load_runs[i].bytes.size;
    }
    struct kith_input input = {
        .type = KITH_INPUT_LOADED,
        .loaded = {.load_no = item->load.load_no,
                   .error = kith_health_read(runtime, error),
                   .runs = runtime->load_runs,
                   .run_count = runtime->load_count},
    };
    step(runtime, &input);
}

/* ---- what was deferred ---- */

static void step_item(struct kith_runtime *runtime, const struct kith_backlog_item *item)
{
    struct kith_input input = {.type = item->type};
    switch (item->type) {
    case KITH_INPUT_LOADED:
        step_loaded(runtime, item);
        return;
    case KITH_INPUT_VERIFIED:
        input.verified.verify_no = item->verified.verify_no;
        input.verified.is_valid = item->verified.is_valid;
        break;
    case KITH_INPUT_LINK_DOWN:
        input.link_down.link = item->down.no;
        input.link_down.error = item->down.error;
        break;
    case KITH_INPUT_DIAL_FAILED:
        input.dial_failed.dial = item->down.no;
        input.dial_failed.error = item->down.error;
        break;
    case KITH_INPUT_TRACKER_DOWN:
        input.tracker_down.tracker = item->down.no;
        input.tracker_down.error = item->down.error;
        break;
    case KITH_INPUT_LINK_DRAINED:
        input.drained.link = item->drained.link;
        input.drained.size = item->drained.size;
        break;
    case KITH_INPUT_STORE_FAILED:
        runtime->pending.error = 0; /* from here on rows are taken again */
        input.store_failed.error = item->store_error;
        break;
    default:
        assert(!"only answers are deferred");
    }
    step(runtime, &input);
}

static void drain(struct kith_runtime *runtime)
{
    struct kith_backlog_item item;
    while (!runtime->turn.is_broken && kith_backlog_pop(&runtime->turn.backlog, &item))
        step_item(runtime, &item);
}

void kith_turn_defer(struct kith_runtime *runtime, const struct kith_backlog_item *item)
{
    runtime->turn.happened = true;
    if (kith_backlog_push(&runtime->turn.backlog, item) != 0)
        kith_turn_broke(runtime, KITH_ENOMEM);
}

void kith_turn_input(struct kith_runtime *runtime, struct kith_input *input)
{
    assert(!runtime->turn.is_busy);
    runtime->turn.happened = true;
    if (!runtime->turn.has_now)
        read_clock(&runtime->turn);
    runtime->turn.is_busy = true;
    step(runtime, input);
    drain(runtime);
    runtime->turn.is_busy = false;
}

/* ---- the end of a turn ---- */

static void step_commands(struct kith_runtime *runtime)
{
    struct kith_input input = {.type = KITH_INPUT_COMMAND};
    while (!runtime->turn.is_broken &&
           kith_commands_pop(&runtime->commands, &input.command)) {
        step(runtime, &input);
        drain(runtime);
    }
}

static void step_timeout(struct kith_runtime *runtime)
{
    if (kith_node_deadline(runtime->node) > runtime->turn.now.mono)
        return;
    struct kith_input input = {.type = KITH_INPUT_TIMEOUT};
    step(runtime, &input);
    drain(runtime);
}

static void log_store_failure(struct kith_runtime *runtime, int error)
{
    unsigned held_back;
    if (!kith_logger_throttle_pass(&runtime->store_throttle, runtime->turn.now.mono,
                                   10 * KITH_SECOND, &held_back))
        return;
    runtime->is_store_error_told = true;
    kith_logger_write(runtime->log, KITH_LOGGER_ERROR, "store", "nothing can be stored",
                      "error", kith_error_name(error), "why",
                      kith_store_detail(runtime->store), "do",
                      kith_runtime_store_advice(error), "held_back",
                      KITH_LOGGER_NUMBER(held_back), NULL);
}

/* Only where the log says that it failed, so that a disk that flaps does not fill it. */
static void log_store_recovery(struct kith_runtime *runtime)
{
    if (runtime->is_store_error_told)
        kith_logger_write(runtime->log, KITH_LOGGER_INFO, "store", "it stores again",
                          NULL);
    runtime->is_store_error_told = false;
}

/* The open transaction is gone; the core hears of it once it is its turn. */
void kith_turn_store_failed(struct kith_runtime *runtime, int error)
{
    runtime->pending = (struct kith_pending){.error = error};
    runtime->store_error = error;
    log_store_failure(runtime, error);
    kith_turn_defer(runtime, &(struct kith_backlog_item){.type = KITH_INPUT_STORE_FAILED,
                                                         .store_error = error});
}

/* True when rows were committed and the core was told. One that broke cannot be told, and
 * those who wait are told that nothing was stored. */
static bool commit(struct kith_runtime *runtime)
{
    struct kith_pending pending = runtime->pending;
    if (runtime->turn.is_broken) {
        kith_store_rollback(runtime->store);
        return false;
    }
    if (pending.store_no == 0 || pending.error != 0)
        return false;
    int error = kith_store_commit(runtime->store);
    if (error != 0) {
        kith_turn_store_failed(runtime, error);
        return false;
    }
    runtime->pending = (struct kith_pending){0};
    log_store_recovery(runtime);
    runtime->store_error = 0;
    if (pending.arrival > runtime->arrival_committed)
        runtime->arrival_committed = pending.arrival;
    struct kith_input input = {.type = KITH_INPUT_STORED,
                               .stored = {.store_no = pending.store_no}};
    step(runtime, &input);
    runtime->turn.is_commit_untold = runtime->turn.is_broken;
    return true;
}

static bool has_left_over(const struct kith_runtime *runtime)
{
    return !runtime->turn.is_broken &&
           (runtime->pending.store_no != 0 || runtime->pending.error != 0 ||
            !kith_backlog_is_empty(&runtime->turn.backlog) ||
            !kith_commands_is_empty(&runtime->commands));
}

/* Settle what the turn brought: verdicts, commits, what comes of them. */
static bool settle(struct kith_runtime *runtime)
{
    bool committed = false;
    for (int round = 0; round < KITH_TURN_ROUNDS_MAX; round++) {
        step_commands(runtime);
        kith_verifier_settle(&runtime->verifier);
        drain(runtime);
        bool again = commit(runtime);
        committed |= again;
        drain(runtime);
        if (!again && !has_left_over(runtime))
            break;
    }
    return committed;
}

static void on_timer(uv_timer_t *timer)
{
    /* It wakes the loop; the end of the turn looks at the deadline. */
    struct kith_runtime *runtime = timer->data;
    runtime->turn.armed = KITH_TIME_NEVER;
}

static void arm(struct kith_runtime *runtime)
{
    struct kith_turn *turn = &runtime->turn;
    kith_time deadline =
        turn->is_broken ? KITH_TIME_NEVER : kith_node_deadline(runtime->node);
    if (deadline == turn->armed)
        return;
    turn->armed = deadline;
    if (deadline == KITH_TIME_NEVER) {
        uv_timer_stop(&turn->timer);
        return;
    }
    kith_time wait = deadline - turn->now.mono;
    uint64_t ms = wait <= 0 ? 0 : (uint64_t)((wait + KITH_MS - 1) / KITH_MS);
    uv_update_time(runtime->loop);
    uv_timer_start(&turn->timer, on_timer, ms, 0);
}

static void on_again(uv_idle_t *handle)
{
    (void)handle; /* its being active keeps the loop from sleeping */
}

static void keep_awake(struct kith_runtime *runtime, bool is_needed)
{
    if (is_needed)
        uv_idle_start(&runtime->turn.again, on_again);
    else
        uv_idle_stop(&runtime->turn.again);
}

void kith_turn_end(struct kith_runtime *runtime)
{
    struct kith_turn *turn = &runtime->turn;
    bool happened = turn->happened || has_left_over(runtime);
    turn->happened = false;
    read_clock(turn);
    turn->is_busy = true;
    step_timeout(runtime);
    bool committed = settle(runtime);
    if (!runtime->is_net_down)
        kith_net_flush(runtime->net);
    kith_trackers_flush(runtime);
    turn->is_busy = false;
    turn->has_now = false;
    if (happened || committed)
        kith_upkeep_turn(&runtime->upkeep, committed);
    arm(runtime);
    keep_awake(runtime, has_left_over(runtime));
}

static void on_prepare(uv_prepare_t *handle)
{
    kith_turn_end(handle->data);
    tell_broken(handle->data);
}

int kith_turn_init(struct kith_runtime *runtime)
{
    struct kith_turn *turn = &runtime->turn;
    turn->armed = KITH_TIME_NEVER;
    uv_prepare_init(runtime->loop, &turn->prepare);
    uv_idle_init(runtime->loop, &turn->again);
    uv_timer_init(runtime->loop, &turn->timer);
    turn->prepare.data = turn->again.data = turn->timer.data = runtime;
    uv_prepare_start(&turn->prepare, on_prepare);
    return 0;
}
