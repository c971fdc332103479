/* SPDX-License-Identifier: MIT */
/* The store's chores: checkpoints on the thread pool, the search index in idle slices.
 *
 * Neither wakes a process that has nothing to do. What the index fails at, say on a full
 * disk, is tried again after growing pauses, and by every search. */
#ifndef KITH_NODE_UPKEEP_H
#define KITH_NODE_UPKEEP_H

#include "base/time.h"
#include "store/store.h"
#include <uv.h>

#define KITH_QUIET_MS           50 /* the loop had nothing else for so long: index */
#define KITH_INDEX_ROWS_FIRST   16 /* a slice; grows and shrinks to fill the time below */
#define KITH_INDEX_ROWS_MAX     512
#define KITH_INDEX_SLICE_MAX    (2 * KITH_MS) /* a message may wait that long */
#define KITH_INDEX_TURN_MAX     (4 * KITH_MS) /* slices of a turn while searches wait */
#define KITH_INDEX_RETRY_MIN_MS 250
#define KITH_INDEX_RETRY_MAX_MS (60 * 1000)
/* Pages of the log at which indexing waits for a checkpoint that runs. */
#define KITH_INDEX_LOG_MAX (2 * KITH_STORE_WAL_PAGES_SOFT)

struct kith_upkeep {
    uv_loop_t *loop;          /* borrowed */
    struct kith_store *store; /* borrowed */
    uv_timer_t quiet;
    uv_work_t work;
    struct kith_checkpoint *checkpoint; /* running on the pool */
    uint64_t active_ms;                 /* loop time when something last happened */
    uint64_t turn_ms;                   /* loop time when a search last had slices */
    size_t rows;
    bool has_index_left;
    bool is_held_up;        /* what a search waits for, by rows that are not committed */
    bool was_held_up;       /* it had its share after these */
    int index_error;        /* of the last slice; 0: none */
    uint64_t retry_wait_ms; /* after the next slice that fails */
    bool is_stopping;
    void (*settled)(void *ctx, int error); /* a checkpoint ended */
    void *ctx;
};

int kith_upkeep_init(struct kith_upkeep *upkeep, uv_loop_t *loop,
                     struct kith_store *store, void (*settled)(void *ctx, int error),
                     void *ctx);

/* A turn ended; rows were committed in it, or not. */
void kith_upkeep_turn(struct kith_upkeep *upkeep, bool committed);

/* Somebody waits for the search index: fill it for a moment. True once all that is
 * committed is in it, or a slice failed: then `index_error` says why. */
bool kith_upkeep_index(struct kith_upkeep *upkeep);

/* Begin nothing more. The handle `quiet` is the owner's to close. */
void kith_upkeep_stop(struct kith_upkeep *upkeep);

bool kith_upkeep_is_idle(const struct kith_upkeep *upkeep); /* no checkpoint runs */

#endif
