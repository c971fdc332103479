/* SPDX-License-Identifier: MIT */
#include "node/upkeep.h"

static void on_quiet(uv_timer_t *timer);

static void wait_for_quiet(struct kith_upkeep *upkeep, uint64_t ms)
{
    if (!upkeep->is_stopping)
        uv_timer_start(&upkeep->quiet, on_quiet, ms, 0);
}

/* ---- checkpoints ---- */

static void on_pool(uv_work_t *work)
{
    struct kith_upkeep *upkeep = work->data;
    kith_checkpoint_run(upkeep->checkpoint);
}

static void on_pool_done(uv_work_t *work, int status)
{
    struct kith_upkeep *upkeep = work->data;
    upkeep->checkpoint = NULL;
    int error = kith_store_checkpoint_end(upkeep->store);
    upkeep->settled(upkeep->ctx, status == 0 ? error : 0);
    if (upkeep->has_index_left && !uv_is_active((uv_handle_t *)&upkeep->quiet))
        wait_for_quiet(upkeep, 1);
}

static void begin_checkpoint(struct kith_upkeep *upkeep)
{
    upkeep->checkpoint = kith_store_checkpoint_begin(upkeep->store);
    if (upkeep->checkpoint == NULL)
        return; /* asked again at the next turn */
    upkeep->work.data = upkeep;
    if (uv_queue_work(upkeep->loop, &upkeep->work, on_pool, on_pool_done) != 0) {
        kith_checkpoint_run(upkeep->checkpoint);
        on_pool_done(&upkeep->work, 0);
    }
}

static void checkpoint_if_due(struct kith_upkeep *upkeep)
{
    if (upkeep->checkpoint == NULL && !upkeep->is_stopping &&
        kith_store_checkpoint_is_due(upkeep->store))
        begin_checkpoint(upkeep);
}

/* ---- the search index ---- */

static void follow(struct kith_upkeep *upkeep, kith_time took)
{
    if (took > KITH_INDEX_SLICE_MAX && upkeep->rows > 1)
        upkeep->rows /= 2;
    else if (took < KITH_INDEX_SLICE_MAX / 4 && upkeep->rows < KITH_INDEX_ROWS_MAX)
        upkeep->rows *= 2;
}

/* One slice; its size follows the time the last one took. What it wrote has to be moved
 * out of the log too, or a commit comes to the hard limit and does that itself. */
static void index_slice(struct kith_upkeep *upkeep)
{
    uint64_t begun = uv_hrtime();
    bool has_more = false;
    upkeep->index_error = kith_store_index_step(upkeep->store, upkeep->rows, &has_more);
    if (upkeep->index_error == 0) { /* else all of it is left */
        follow(upkeep, (kith_time)((uv_hrtime() - begun) / 1000));
        upkeep->has_index_left = has_more;
        upkeep->retry_wait_ms = KITH_INDEX_RETRY_MIN_MS;
    }
    checkpoint_if_due(upkeep);
}

/* The checkpoint ends with all of it moved, so that it begins anew, if nothing is added.
 */
static bool is_log_long(const struct kith_upkeep *upkeep)
{
    return upkeep->checkpoint != NULL &&
           kith_store_wal_pages(upkeep->store) >= KITH_INDEX_LOG_MAX;
}

static void wait_for_retry(struct kith_upkeep *upkeep)
{
    uint64_t wait_ms = upkeep->retry_wait_ms;
    upkeep->retry_wait_ms =
        2 * wait_ms < KITH_INDEX_RETRY_MAX_MS ? 2 * wait_ms : KITH_INDEX_RETRY_MAX_MS;
    wait_for_quiet(upkeep, wait_ms);
}

static void on_quiet(uv_timer_t *timer)
{
    struct kith_upkeep *upkeep = timer->data;
    uint64_t quiet_ms = uv_now(upkeep->loop) - upkeep->active_ms;
    if (quiet_ms < KITH_QUIET_MS) {
        wait_for_quiet(upkeep, KITH_QUIET_MS - quiet_ms);
        return;
    }
    if (is_log_long(upkeep))
        return; /* the end of the checkpoint goes on */
    index_slice(upkeep);
    if (upkeep->index_error != 0)
        wait_for_retry(upkeep);
    else if (upkeep->has_index_left)
        wait_for_quiet(upkeep, 1); /* after whatever else the loop has */
}

static bool is_index_done(const struct kith_upkeep *upkeep)
{
    return !upkeep->has_index_left || upkeep->index_error != 0;
}

/* The share of a turn. */
static void index_slices(struct kith_upkeep *upkeep)
{
    uint64_t begun = uv_hrtime();
    kith_time took = 0;
    while (!is_index_done(upkeep) && !is_log_long(upkeep) &&
           !kith_store_is_dirty(upkeep->store) &&
           took + KITH_INDEX_SLICE_MAX <= KITH_INDEX_TURN_MAX) {
        index_slice(upkeep);
        took = (kith_time)((uv_hrtime() - begun) / 1000);
    }
}

bool kith_upkeep_index(struct kith_upkeep *upkeep)
{
    uint64_t turn_ms = uv_now(upkeep->loop);
    if (upkeep->turn_ms == turn_ms)
        return is_index_done(upkeep); /* another search had this turn's share */
    upkeep->turn_ms = turn_ms;
    if (!upkeep->was_held_up)
        upkeep->index_error = 0; /* the failure of the last time is tried anew */
    upkeep->was_held_up = false;
    /* Rows that are put and not committed hold it up until the end of the turn. */
    upkeep->is_held_up = !is_index_done(upkeep) && kith_store_is_dirty(upkeep->store);
    if (!upkeep->is_held_up)
        index_slices(upkeep);
    return is_index_done(upkeep);
}

/* ---- life ---- */

int kith_upkeep_init(struct kith_upkeep *upkeep, uv_loop_t *loop,
                     struct kith_store *store, void (*settled)(void *ctx, int error),
                     void *ctx)
{
    *upkeep = (struct kith_upkeep){.loop = loop,
                                   .store = store,
                                   .rows = KITH_INDEX_ROWS_FIRST,
                                   .retry_wait_ms = KITH_INDEX_RETRY_MIN_MS,
                                   .settled = settled,
                                   .ctx = ctx};
    uv_timer_init(loop, &upkeep->quiet);
    upkeep->quiet.data = upkeep;
    uv_unref((uv_handle_t *)&upkeep->quiet);
    upkeep->has_index_left = true; /* of the last time, perhaps */
    wait_for_quiet(upkeep, KITH_QUIET_MS);
    return 0;
}

void kith_upkeep_turn(struct kith_upkeep *upkeep, bool committed)
{
    upkeep->active_ms = uv_now(upkeep->loop);
    if (upkeep->is_stopping)
        return;
    if (committed)
        upkeep->has_index_left = true;
    if (upkeep->has_index_left && !uv_is_active((uv_handle_t *)&upkeep->quiet))
        wait_for_quiet(upkeep, KITH_QUIET_MS);
    if (committed)
        checkpoint_if_due(upkeep);
    upkeep->was_held_up = upkeep->is_held_up;
    upkeep->is_held_up = false;
    if (upkeep->was_held_up)
        index_slices(upkeep);
}

void kith_upkeep_stop(struct kith_upkeep *upkeep)
{
    upkeep->is_stopping = true;
    uv_timer_stop(&upkeep->quiet);
}

bool kith_upkeep_is_idle(const struct kith_upkeep *upkeep)
{
    return upkeep->checkpoint == NULL;
}
