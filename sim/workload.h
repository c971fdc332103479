/* SPDX-License-Identifier: MIT */
/* People and bad luck: what kith-sim does to a world.
 *
 * Hosts start at random moments in a topology chosen at random; for some minutes people
 * talk while links are cut, stalled and blocked, processes die and return, disks are
 * full. Then everything heals, and within ten minutes every checker must be settled. */
#ifndef KITH_SIM_WORKLOAD_H
#define KITH_SIM_WORKLOAD_H

#include "world.h"

enum sim_topology {
    SIM_TOPOLOGY_ANY, /* chosen by the seed */
    SIM_TOPOLOGY_LINE,
    SIM_TOPOLOGY_RING,
    SIM_TOPOLOGY_STAR,
    SIM_TOPOLOGY_TREE,
    SIM_TOPOLOGY_FULL,
};

/* Rates are per minute in the whole world, but says, which are per host. */
struct sim_workload {
    uint32_t host_count;
    kith_time duration;
    enum sim_topology topology;
    double says;
    double renames;
    double joins; /* of an open room, and leaves */
    double cuts;
    double stalls;
    double blocks;
    double crashes;
    double shortages;  /* of memory: one allocation that fails */
    double power_cuts; /* and a disk that is back where it was some seconds before */
    double disk_fulls;
    double clock_steps;
    kith_time skew_max; /* wall clocks are off, and jump, by up to this, either way */

    /* While it runs. */
    kith_time end;
    uint64_t fault_count;
    kith_time settled_after; /* healing took this long */
};

/* A world with every fault. */
struct sim_workload sim_workload_default(void);

const char *sim_topology_name(enum sim_topology topology);

/* Builds the hosts in `world`, runs it through. Returns false when a checker failed,
 * which `world->failure` tells of. */
bool sim_workload_run(struct sim_world *world, struct sim_workload *workload);

#endif
