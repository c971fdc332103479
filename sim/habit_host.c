/* SPDX-License-Identifier: MIT */
/* What befalls processes, disks and clocks; and who comes, is copied and goes for good.
 */
#include "habit.h"
#include "workload.h"
#include <inttypes.h>
#include <string.h>

#define DOWN_MIN        (KITH_SECOND / 2)
#define DOWN_MAX        (30 * KITH_SECOND)
#define UNSYNCED_MAX    (15 * KITH_SECOND) /* what a power cut may take back */
#define DISK_FULL_MAX   (10 * KITH_SECOND)
#define DISK_SLOW_MAX   (20 * KITH_SECOND)
#define COPY_MAX        (60 * KITH_SECOND) /* then somebody notices */
#define ALLOCATIONS_MAX 300                /* some seconds of a node's */
#define POINTS_MAX      50                 /* of one death, which a busy minute passes */

static kith_time any_down(struct sim_world *world)
{
    return sim_rng_time(&world->rng, DOWN_MIN, DOWN_MAX);
}

static bool crash(struct sim_world *world)
{
    const uint32_t host = sim_habit_host(world, 0);
    if (sim_world_host(world, host)->node == NULL)
        return false;
    const uint64_t how = sim_rng_below(&world->rng, 10);
    if (how < 2)
        sim_host_stop(world, host);
    else if (how < 5)
        sim_host_kill(world, host);
    else
        sim_host_crash(world, host, how < 7);
    sim_host_start_later(world, host, any_down(world));
    return true;
}

static bool crash_at_point(struct sim_world *world)
{
    const uint32_t host = sim_habit_host(world, 0);
    if (sim_world_host(world, host)->crash.points != 0)
        return false;
    const unsigned points = 1u << sim_rng_below(&world->rng, 4);
    sim_host_crash_at(world, host, points, sim_rng_below(&world->rng, POINTS_MAX),
                      any_down(world));
    return true;
}

/* event: a = host, b = whether the machine is put back and cannot know */
static void run_power_cut(struct sim_world *world, const struct sim_event *event)
{
    struct sim_host *host = sim_world_host(world, (uint32_t)event->a);
    if (world->workload->is_over || host->has_left)
        return;
    if (event->b != 0)
        host->is_copy = true;
    sim_host_power_cut(world, host->no, event->b != 0);
    sim_host_start_later(world, host->no, any_down(world));
}

static bool remember_disk(struct sim_world *world, bool is_same_boot)
{
    const uint32_t no = sim_habit_host(world, 0);
    const struct sim_host *host = sim_world_host(world, no);
    if (host->node == NULL || host->snapshot != NULL || !sim_host_snapshot(world, no))
        return false;
    sim_world_put(
        world, sim_rng_time(&world->rng, 0, UNSYNCED_MAX),
        (struct sim_event){.run = run_power_cut, .a = no, .b = is_same_boot ? 1 : 0});
    return true;
}

static bool cut_power(struct sim_world *world)
{
    return remember_disk(world, false);
}

static bool run_short(struct sim_world *world)
{
    sim_host_run_short(world, sim_habit_host(world, 0),
                       1 + sim_rng_below(&world->rng, ALLOCATIONS_MAX));
    return true;
}

static bool fail_disk(struct sim_world *world, bool is_full)
{
    struct sim_host *host = sim_world_host(world, sim_habit_host(world, 0));
    if (host->node == NULL)
        return false;
    sim_world_say(world, host->no, "x disk %s", is_full ? "full" : "broken");
    kith_time *until = is_full ? &host->disk_full_until : &host->disk_broken_until;
    *until = world->now + sim_rng_time(&world->rng, 0, DISK_FULL_MAX);
    return true;
}

static bool fill_disk(struct sim_world *world)
{
    return fail_disk(world, true);
}

static bool break_disk(struct sim_world *world)
{
    return fail_disk(world, false);
}

void sim_habit_slow_disk(struct sim_world *world, uint32_t host)
{
    sim_world_say(world, host, "x disk slow");
    sim_world_host(world, host)->disk_slow_until =
        world->now + sim_rng_time(&world->rng, 0, DISK_SLOW_MAX);
}

static bool slow_disk(struct sim_world *world)
{
    const uint32_t host = sim_habit_host(world, 0);
    if (sim_world_host(world, host)->node == NULL)
        return false;
    sim_habit_slow_disk(world, host);
    return true;
}

static bool step_clock(struct sim_world *world)
{
    const uint32_t host = sim_habit_host(world, 0);
    const kith_time max = world->workload->skew_max;
    const kith_time step = sim_rng_time(&world->rng, -max, max);
    sim_world_say(world, host, "x clock step %" PRId64 " ms", step / KITH_MS);
    sim_world_host(world, host)->wall_base += step;
    return true;
}

/* ---- coming and going ---- */

/* From now on, and not only at the next start. */
static void acquaint_now(struct sim_world *world, uint32_t host, uint32_t peer)
{
    sim_host_configure(world, host, peer);
    sim_host_keep_dialling(world, host, peer);
}

static bool arrive(struct sim_world *world)
{
    const uint32_t contact = sim_habit_host(world, 0);
    if (world->host_count + 1 >= SIM_HOSTS_MAX ||
        sim_habit_host_count(world) >= 2 * world->workload->host_count)
        return false;
    const uint32_t host = sim_host_add(world, NULL);
    sim_world_say(world, host, "x arrives");
    sim_habit_skew(world, host);
    world->wire.groups[host] = world->wire.groups[contact];
    sim_host_configure(world, host, contact);
    if (sim_rng_chance(&world->rng, 50))
        acquaint_now(world, sim_habit_host(world, host), host);
    sim_host_start(world, host);
    return true;
}

/* Those it knew, and who goes on with its identity, get to know one another in its place:
 * else the rest may fall apart for ever. */
static void depart(struct sim_world *world, uint32_t no)
{
    sim_host_depart(world, no);
    const struct sim_host *heir = sim_host_present(world, no);
    uint32_t last = heir == NULL ? 0 : heir->no;
    for (uint32_t other = 1; other <= world->host_count; other++) {
        const struct sim_host *host = sim_world_host(world, other);
        if (host->has_left || host->liar != NULL || other == last ||
            (!sim_host_is_configured(host, no) &&
             !sim_host_is_configured(sim_world_host(world, no), other)))
            continue;
        if (last != 0)
            acquaint_now(world, other, last);
        last = other;
    }
}

static bool leave(struct sim_world *world)
{
    if (sim_habit_host_count(world) <= (world->workload->host_count + 1) / 2)
        return false;
    depart(world, sim_habit_host(world, 0));
    return true;
}

/* One of them, by lot: the one that was first, or the other. */
static void end_copy(struct sim_world *world, uint32_t copy)
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        if (no == copy || sim_world_host(world, no)->has_left ||
            sim_world_host(world, copy)->has_left || !sim_host_is_same(world, no, copy))
            continue;
        depart(world, sim_rng_chance(&world->rng, 50) ? no : copy);
    }
}

/* event: a = the copy */
static void run_end_copy(struct sim_world *world, const struct sim_event *event)
{
    end_copy(world, (uint32_t)event->a);
}

void sim_habit_end_copies(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->host_count; no++)
        if (sim_world_host(world, no)->liar == NULL)
            end_copy(world, no);
}

/* A home is copied to another machine; or the machine with it, which cannot know. */
static bool copy_home(struct sim_world *world, bool is_same_boot)
{
    const uint32_t of = sim_habit_host(world, 0);
    struct sim_host *from = sim_world_host(world, of);
    if (world->host_count + 1 >= SIM_HOSTS_MAX || kith_store_is_dirty(from->disk.store))
        return false;
    const uint32_t no = sim_host_add_copy(world, of);
    struct sim_host *host = sim_world_host(world, no);
    sim_world_say(world, no, "x a copy of host %" PRIu32, of);
    sim_habit_skew(world, no);
    world->wire.groups[no] = world->wire.groups[of];
    if (is_same_boot)
        memcpy(host->marker, from->marker, sizeof(host->marker));
    memcpy(host->peers, from->peers, sizeof(host->peers));
    host->peer_count = from->peer_count;
    sim_host_start(world, no);
    sim_world_put(world, sim_rng_time(&world->rng, 0, COPY_MAX),
                  (struct sim_event){.run = run_end_copy, .a = no});
    return true;
}

static bool copy(struct sim_world *world)
{
    return copy_home(world, false);
}

static bool fork_logs(struct sim_world *world)
{
    return sim_rng_chance(&world->rng, 50) ? copy_home(world, true)
                                           : remember_disk(world, true);
}

const struct sim_habit sim_habit_shortages = {
    .name = "shortages",
    .help = "nodes for which one allocation fails",
    .per_minute = 4,
    .act = run_short,
};

const struct sim_habit sim_habit_crashes = {
    .name = "crashes",
    .help = "processes that die at any time, or stop, and return",
    .per_minute = 4,
    .act = crash,
};

const struct sim_habit sim_habit_points = {
    .name = "points",
    .help = "processes that die just before or after a store, a commit or a send",
    .per_minute = 4,
    .act = crash_at_point,
};

const struct sim_habit sim_habit_power_cuts = {
    .name = "power-cuts",
    .help = "processes that die and lose their last seconds",
    .per_minute = 1,
    .act = cut_power,
};

const struct sim_habit sim_habit_disk_fulls = {
    .name = "disk-fulls",
    .help = "disks full for a while",
    .per_minute = 1,
    .act = fill_disk,
};

const struct sim_habit sim_habit_disk_errors = {
    .name = "disk-errors",
    .help = "disks that fail for a while, for no reason given",
    .per_minute = 0.3,
    .act = break_disk,
};

const struct sim_habit sim_habit_slow_disks = {
    .name = "slow-disks",
    .help = "disks that take seconds to commit, for a while",
    .per_minute = 1,
    .act = slow_disk,
};

const struct sim_habit sim_habit_clock_steps = {
    .name = "clock-steps",
    .help = "wall clocks that jump",
    .per_minute = 1,
    .act = step_clock,
};

const struct sim_habit sim_habit_forks = {
    .name = "forks",
    .help = "machines put back, or copied as they run, which fork their logs",
    .per_minute = 0.3,
    .act = fork_logs,
};

const struct sim_habit sim_habit_copies = {
    .name = "copies",
    .help = "homes that run twice for a while",
    .per_minute = 0.3,
    .act = copy,
};

const struct sim_habit sim_habit_arrivals = {
    .name = "arrivals",
    .help = "nodes that come, with a new home",
    .per_minute = 0.5,
    .act = arrive,
};

const struct sim_habit sim_habit_departures = {
    .name = "departures",
    .help = "nodes that leave for good",
    .per_minute = 0.5,
    .act = leave,
};
