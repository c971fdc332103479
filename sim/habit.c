/* SPDX-License-Identifier: MIT */
#include "habit.h"

#include "workload.h"

const struct sim_habit *const sim_habits[] = {
    &sim_habit_says,        &sim_habit_pours,       &sim_habit_renames,
    &sim_habit_joins,       &sim_habit_cuts,        &sim_habit_doubles,
    &sim_habit_stalls,      &sim_habit_slow_links,  &sim_habit_blocks,
    &sim_habit_one_ways,    &sim_habit_partitions,  &sim_habit_crashes,
    &sim_habit_points,      &sim_habit_shortages,   &sim_habit_power_cuts,
    &sim_habit_disk_fulls,  &sim_habit_disk_errors, &sim_habit_slow_disks,
    &sim_habit_clock_steps, &sim_habit_forks,       &sim_habit_copies,
    &sim_habit_arrivals,    &sim_habit_departures,
};
const size_t sim_habit_count = sizeof(sim_habits) / sizeof(sim_habits[0]);
_Static_assert(sizeof(sim_habits) / sizeof(sim_habits[0]) <= SIM_HABITS_MAX,
               "a workload has a rate for each");

static bool is_subject(const struct sim_world *world, uint32_t no)
{
    const struct sim_host *host = sim_world_host(world, no);
    return !host->has_left && host->liar == NULL;
}

static bool is_befallen(const struct sim_world *world, uint32_t no)
{
    return is_subject(world, no) && !sim_world_host(world, no)->is_spared;
}

uint32_t sim_habit_host_count(const struct sim_world *world)
{
    uint32_t count = 0;
    for (uint32_t no = 1; no <= world->host_count; no++)
        count += is_befallen(world, no);
    return count;
}

uint32_t sim_habit_host(struct sim_world *world, uint32_t but)
{
    uint32_t nos[SIM_HOSTS_MAX];
    uint32_t count = 0;
    for (uint32_t no = 1; no <= world->host_count; no++)
        if (is_befallen(world, no) && (but == 0 || !sim_host_is_same(world, no, but)))
            nos[count++] = no;
    return count == 0 ? 0 : nos[sim_rng_below(&world->rng, count)];
}

/* `host` has to be an end of it; 0: any will do. */
static struct sim_conn *any_conn_of(struct sim_world *world, uint32_t host)
{
    struct sim_conn *chosen = NULL;
    uint64_t count = 0;
    for (size_t i = 0; i < world->wire.live_count; i++) {
        struct sim_conn *conn = world->wire.live[i];
        const uint32_t a = conn->ends[0].host, b = conn->ends[1].host;
        if (!conn->is_cut && a != b && is_subject(world, a) && is_subject(world, b) &&
            (host == 0 || host == a || host == b) &&
            sim_rng_below(&world->rng, ++count) == 0)
            chosen = conn;
    }
    return chosen;
}

struct sim_conn *sim_habit_conn(struct sim_world *world)
{
    return any_conn_of(world, 0);
}

uint32_t sim_habit_partner(struct sim_world *world, uint32_t host)
{
    const struct sim_conn *conn = any_conn_of(world, host);
    if (conn == NULL)
        return 0;
    return conn->ends[conn->ends[0].host == host ? 1 : 0].host;
}

void sim_habit_skew(struct sim_world *world, uint32_t host)
{
    const kith_time max = world->workload->skew_max;
    sim_world_host(world, host)->wall_base += sim_rng_time(&world->rng, -max, max);
}

void sim_habit_acquaint(struct sim_world *world, uint32_t a, uint32_t b)
{
    const uint64_t who = sim_rng_below(&world->rng, 3);
    if (who != 1)
        sim_host_configure(world, a, b);
    if (who != 0)
        sim_host_configure(world, b, a);
}
