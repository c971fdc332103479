/* SPDX-License-Identifier: MIT */
/* People and bad luck: what kith-sim does to a world.
 *
 * Hosts start at random moments in a topology chosen at random; for some minutes people
 * talk while links are cut, processes die, disks are full, nodes come and go, and liars
 * are among them (habit.h). Then everything heals, but for the liars, and within ten
 * minutes every checker must be settled; and again when these have fallen silent.
 *
 * What the habits do is numbered. A world that ends after its first N acts is the same up
 * to there as one that goes on: so the shortest prefix that fails is sought. */
#ifndef KITH_SIM_WORKLOAD_H
#define KITH_SIM_WORKLOAD_H

#include "habit.h"

enum sim_topology {
    SIM_TOPOLOGY_ANY, /* chosen by the seed */
    SIM_TOPOLOGY_LINE,
    SIM_TOPOLOGY_RING,
    SIM_TOPOLOGY_STAR,
    SIM_TOPOLOGY_TREE,
    SIM_TOPOLOGY_FULL,
};

struct sim_workload {
    uint32_t host_count;
    kith_time duration;
    enum sim_topology topology;
    kith_time skew_max;  /* wall clocks are off, and jump, by up to this, either way */
    uint32_t liar_count; /* besides the hosts */
    uint32_t flooder_count;
    double rates[SIM_HABITS_MAX]; /* a minute, as in sim_habits */
    uint64_t acts_max;            /* the world heals after so many */
    uint64_t *progress;           /* borrowed; how many there were; NULL: nobody asks */

    /* While it runs. */
    bool is_over;     /* healing has begun */
    bool is_truthful; /* liars say nothing more: what they said has time to be everywhere
                       */
    uint64_t act_count;
    uint64_t done[SIM_HABITS_MAX]; /* acts that did something, as in sim_habits */
    kith_time settled_after;       /* healing took this long */
};

/* A world with every fault. */
struct sim_workload sim_workload_default(void);

/* Acts that did something and were no load. */
uint64_t sim_workload_fault_count(const struct sim_workload *workload);

/* The rate of a habit, by its name. */
double *sim_workload_rate(struct sim_workload *workload, const char *habit);

const char *sim_topology_name(enum sim_topology topology);

/* Builds the hosts in `world`, runs it through. Returns false when a checker failed,
 * which `world->failure` tells of. */
bool sim_workload_run(struct sim_world *world, struct sim_workload *workload);

#endif
