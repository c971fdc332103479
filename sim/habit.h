/* SPDX-License-Identifier: MIT */
/* What people and bad luck do again and again to a world: one row each, named as the
 * option that sets how often. What they do is in habit_people.c, habit_wire.c and
 * habit_host.c. */
#ifndef KITH_SIM_HABIT_H
#define KITH_SIM_HABIT_H

#include "world.h"

struct sim_habit {
    const char *name;
    const char *help;
    double per_minute; /* unless an option says otherwise */
    bool is_per_host;
    bool is_load; /* what people do: no fault */
    /* Do it once, to somebody. False when there is nobody to whom it can be done. */
    bool (*act)(struct sim_world *world);
};

extern const struct sim_habit sim_habit_says, sim_habit_pours, sim_habit_renames,
    sim_habit_joins;
extern const struct sim_habit sim_habit_cuts, sim_habit_doubles, sim_habit_stalls,
    sim_habit_slow_links, sim_habit_blocks, sim_habit_one_ways, sim_habit_partitions;
extern const struct sim_habit sim_habit_crashes, sim_habit_points, sim_habit_shortages,
    sim_habit_power_cuts, sim_habit_disk_fulls, sim_habit_disk_errors,
    sim_habit_slow_disks, sim_habit_clock_steps, sim_habit_forks, sim_habit_copies,
    sim_habit_arrivals, sim_habit_departures;

#define SIM_HABITS_MAX 32
extern const struct sim_habit *const sim_habits[];
extern const size_t sim_habit_count;

/* The only open room besides the lobby: in it are some, and once all heals everybody. */
#define SIM_HABIT_ROOM (SIM_ROOM | 1)

/* One who has not left, is not spared and no liar, at random; `but`, and whoever has its
 * identity, excepted. 0 when there is none. */
uint32_t sim_habit_host(struct sim_world *world, uint32_t but);
/* How many there are. */
uint32_t sim_habit_host_count(const struct sim_world *world);

/* A connection of two of them, or spared, at random; NULL when there is none. */
struct sim_conn *sim_habit_conn(struct sim_world *world);
/* One such with which `host` has a connection, at random; 0 when there is none. */
uint32_t sim_habit_partner(struct sim_world *world, uint32_t host);

/* Wall clocks are off by up to the skew. */
void sim_habit_skew(struct sim_world *world, uint32_t host);
/* Two get to know one another: who dials is chosen by lot, now and then both do. */
void sim_habit_acquaint(struct sim_world *world, uint32_t a, uint32_t b);

/* Its disk takes seconds to commit, for a while. */
void sim_habit_slow_disk(struct sim_world *world, uint32_t host);

/* The network is one again, and of two homes with one identity one is turned off. */
void sim_habit_unite(struct sim_world *world);
void sim_habit_end_copies(struct sim_world *world);

#endif
