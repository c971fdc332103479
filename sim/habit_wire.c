/* SPDX-License-Identifier: MIT */
/* What befalls links. */
#include "habit.h"
#include "workload.h"

#define CUT_NOTICE_MAX (3 * KITH_SECOND)
#define STALL_MAX      (20 * KITH_SECOND)
#define SLOW_MAX       (60 * KITH_SECOND)
#define RATE_MIN       20000 /* bytes a second, of a slow link */
#define RATE_MAX       200000
#define BLOCK_MAX      (60 * KITH_SECOND)
#define PARTITION_MAX  (90 * KITH_SECOND)
#define GROUPS_MAX     3

static struct sim_conn *any_conn(struct sim_world *world)
{
    if (world->wire.live_count == 0)
        return NULL;
    struct sim_conn *conn =
        world->wire.live[sim_rng_below(&world->rng, world->wire.live_count)];
    return conn->is_cut ? NULL : conn;
}

static bool cut(struct sim_world *world)
{
    struct sim_conn *conn = any_conn(world);
    if (conn == NULL)
        return false;
    sim_wire_cut(world, conn, sim_rng_chance(&world->rng, 25), CUT_NOTICE_MAX);
    return true;
}

static bool has_runs(const struct sim_conn *conn)
{
    return conn->flows[0].flying.size + conn->flows[1].flying.size > 0;
}

/* The first of some at random on which something is under way. */
static bool cut_doubling(struct sim_world *world)
{
    struct sim_conn *conn = any_conn(world);
    for (size_t i = 0; i < world->wire.live_count && (conn == NULL || !has_runs(conn));
         i++)
        conn = any_conn(world);
    if (conn == NULL)
        return false;
    sim_wire_cut_doubling(world, conn, CUT_NOTICE_MAX);
    return true;
}

static bool stall(struct sim_world *world)
{
    struct sim_conn *conn = any_conn(world);
    if (conn == NULL)
        return false;
    sim_wire_stall(world, conn, 1 + (unsigned)sim_rng_below(&world->rng, 3),
                   sim_rng_time(&world->rng, 0, STALL_MAX));
    return true;
}

/* event: a = connection */
static void run_quicken(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn != NULL)
        sim_wire_set_rate(world, conn, 0);
}

static bool slow_down(struct sim_world *world)
{
    struct sim_conn *conn = any_conn(world);
    if (conn == NULL)
        return false;
    sim_wire_set_rate(world, conn, RATE_MIN + sim_rng_below(&world->rng, RATE_MAX));
    sim_world_put(world, sim_rng_time(&world->rng, 0, SLOW_MAX),
                  (struct sim_event){.run = run_quicken, .a = conn->no});
    return true;
}

/* event: a, b = the two hosts */
static void run_unblock(struct sim_world *world, const struct sim_event *event)
{
    sim_wire_block(world, (uint32_t)event->a, (uint32_t)event->b, false, false);
}

static void unblock_later(struct sim_world *world, uint32_t a, uint32_t b)
{
    sim_world_put(world, sim_rng_time(&world->rng, 0, BLOCK_MAX),
                  (struct sim_event){.run = run_unblock, .a = a, .b = b});
}

static bool block(struct sim_world *world)
{
    const struct sim_conn *conn = sim_habit_conn(world);
    if (conn == NULL)
        return false;
    const uint32_t a = conn->ends[0].host, b = conn->ends[1].host;
    sim_wire_block(world, a, b, true, sim_rng_chance(&world->rng, 50));
    unblock_later(world, a, b);
    return true;
}

/* Who dialled can dial no more. */
static bool block_one_way(struct sim_world *world)
{
    const struct sim_conn *conn = sim_habit_conn(world);
    if (conn == NULL)
        return false;
    const uint32_t from = conn->ends[0].host, to = conn->ends[1].host;
    sim_wire_block_dials(world, from, to, true);
    unblock_later(world, from, to);
    return true;
}

void sim_habit_unite(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->host_count; no++)
        sim_wire_separate(world, no, 0, false);
}

static void run_unite(struct sim_world *world, const struct sim_event *event)
{
    sim_habit_unite(world);
}

static bool partition(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->host_count; no++)
        if (world->wire.groups[no] != 0)
            return false; /* it is one already */
    const uint64_t count = 2 + sim_rng_below(&world->rng, GROUPS_MAX - 1);
    const bool is_silent = sim_rng_chance(&world->rng, 50);
    for (uint32_t no = 1; no <= world->host_count; no++)
        sim_wire_separate(world, no, (uint8_t)(1 + sim_rng_below(&world->rng, count)),
                          is_silent);
    sim_world_put(world, sim_rng_time(&world->rng, 0, PARTITION_MAX),
                  (struct sim_event){.run = run_unite});
    return true;
}

const struct sim_habit sim_habit_cuts = {
    .name = "cuts",
    .help = "links cut",
    .per_minute = 6,
    .act = cut,
};

const struct sim_habit sim_habit_doubles = {
    .name = "doubles",
    .help = "links cut, and what was under way comes twice",
    .per_minute = 3,
    .act = cut_doubling,
};

const struct sim_habit sim_habit_stalls = {
    .name = "stalls",
    .help = "links that stand still for a while, both ways or one",
    .per_minute = 2,
    .act = stall,
};

const struct sim_habit sim_habit_slow_links = {
    .name = "slow-links",
    .help = "links that are slow for a while",
    .per_minute = 1,
    .act = slow_down,
};

const struct sim_habit sim_habit_blocks = {
    .name = "blocks",
    .help = "pairs that cannot reach each other for a while",
    .per_minute = 1,
    .act = block,
};

const struct sim_habit sim_habit_one_ways = {
    .name = "one-ways",
    .help = "pairs of which only one can dial the other, for a while",
    .per_minute = 1,
    .act = block_one_way,
};

const struct sim_habit sim_habit_partitions = {
    .name = "partitions",
    .help = "networks that fall into groups for a while",
    .per_minute = 0.5,
    .act = partition,
};
