/* SPDX-License-Identifier: MIT */
/* The tracker's own struct: tracker.c has its life, tracker_turn.c the turns of the loop
 * and the effects. */
#ifndef KITH_TRACKER_TRACKER_STATE_H
#define KITH_TRACKER_TRACKER_STATE_H

#include "tracker/checker.h"
#include "tracker/tracker.h"

/* Rounds of answers and deadlines in one turn; what is left waits for the next, which
 * comes at once. */
#define KITH_TRACKER_ROUNDS_MAX 16

struct kith_tracker {
    struct kith_tracker_config config;
    struct kith_registry *registry;
    struct kith_net *net;
    struct kith_checker *checker;
    struct kith_relaying *relaying; /* NULL: it does not */
    uv_prepare_t prepare;
    uv_idle_t again; /* active while work is left over */
    uv_timer_t timer;
    kith_time armed;
    kith_time started; /* monotonic */

    /* Answers that came while effects were carried out. */
    struct kith_registry_input *later;
    size_t later_count;
    size_t later_capacity;

    bool is_busy; /* in a step */
    bool is_broken;
    bool is_stopping;
    bool has_rows;       /* the keeper has something to commit */
    bool owes_rows;      /* a commit failed: all are put again at the next mark */
    bool is_introduced;  /* it was said */
    unsigned parts_open; /* handles, net, checker, relaying */
    struct kith_tracker_stats stats;
    void (*done)(void *ctx);
    void *done_ctx;
};

/* What happened, now or, if a step is under way, right after it. */
void kith_tracker_input(struct kith_tracker *tracker, struct kith_registry_input *input);
void kith_tracker_turn_end(struct kith_tracker *tracker);

#endif
