/* SPDX-License-Identifier: MIT */
/* What will happen, ordered by (virtual time, number of insertion). */
#ifndef KITH_SIM_QUEUE_H
#define KITH_SIM_QUEUE_H

#include "base/time.h"
#include <stdbool.h>
#include <stddef.h>

struct sim_world;
struct sim_event;

typedef void sim_event_run(struct sim_world *world, const struct sim_event *event);

struct sim_event {
    kith_time at;
    uint64_t no; /* the queue's */
    sim_event_run *run;
    uint32_t host;       /* 0: no host's */
    uint32_t generation; /* of the host's process; 0: any. Dropped when it has gone. */
    uint64_t a;          /* whatever `run` makes of them */
    uint64_t b;
    int error;
    void *owned; /* freed after the run, or with the queue */
};

struct sim_queue {
    struct sim_event *items; /* a binary heap */
    size_t count;
    size_t capacity;
    uint64_t no_next;
};

void sim_queue_deinit(struct sim_queue *queue);
void sim_queue_put(struct sim_queue *queue, const struct sim_event *event);

/* Take the earliest; false when empty. `out->owned` is then the caller's. */
bool sim_queue_take(struct sim_queue *queue, struct sim_event *out);

/* Time of the earliest, or KITH_TIME_NEVER. */
kith_time sim_queue_next(const struct sim_queue *queue);

#endif
