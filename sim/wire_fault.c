/* SPDX-License-Identifier: MIT */
/* What befalls connections: cuts, and hosts that cannot reach each other. */
#include "wire_conn.h"
#include "world.h"
#include <inttypes.h>

static bool *blocked(const struct sim_world *world, uint32_t from, uint32_t to)
{
    return &world->wire.blocked[(size_t)from * SIM_HOSTS_MAX + to];
}

bool sim_wire_can_dial(const struct sim_world *world, uint32_t from, uint32_t to)
{
    return !*blocked(world, from, to) &&
           world->wire.groups[from] == world->wire.groups[to];
}

void sim_wire_cut(struct sim_world *world, struct sim_conn *conn, bool is_silent,
                  kith_time notice_max)
{
    if (conn->is_cut)
        return;
    sim_world_say(world, 0, "x cut host %" PRIu32 " host %" PRIu32 "%s",
                  conn->ends[0].host, conn->ends[1].host, is_silent ? " silent" : "");
    conn->is_cut = true;
    sim_conn_clear(conn);
    for (unsigned i = 0; i < 2; i++) {
        struct sim_end *end = &conn->ends[i];
        if (!end->is_up || !sim_end_is_alive(world, end))
            end->is_gone = true;
        else if (!is_silent)
            sim_end_down_after(world, conn, i, sim_rng_time(&world->rng, 0, notice_max),
                               KITH_ECLOSED);
    }
    sim_conn_free_if_gone(world, conn);
}

/* Backwards: one that goes gives its place to the last. */
#define each_live(i, world) (size_t i = (world)->wire.live_count; i-- > 0;)

void sim_wire_block(struct sim_world *world, uint32_t a, uint32_t b, bool is_blocked,
                    bool is_silent)
{
    if (*blocked(world, a, b) == is_blocked && *blocked(world, b, a) == is_blocked)
        return;
    sim_world_say(world, 0, "x %s host %" PRIu32 " host %" PRIu32,
                  is_blocked ? "block" : "unblock", a, b);
    *blocked(world, a, b) = *blocked(world, b, a) = is_blocked;
    for
        each_live(i, world)
        {
            if (is_blocked && sim_conn_joins(world->wire.live[i], a, b))
                sim_wire_cut(world, world->wire.live[i], is_silent, KITH_SECOND);
        }
}

void sim_wire_block_dials(struct sim_world *world, uint32_t from, uint32_t to,
                          bool is_blocked)
{
    if (*blocked(world, from, to) == is_blocked)
        return;
    sim_world_say(world, 0, "x %s dials of host %" PRIu32 " to host %" PRIu32,
                  is_blocked ? "block" : "unblock", from, to);
    *blocked(world, from, to) = is_blocked;
    for
        each_live(i, world)
        {
            struct sim_conn *conn = world->wire.live[i];
            if (is_blocked && conn->ends[0].host == from && conn->ends[1].host == to)
                sim_wire_cut(world, conn, false, KITH_SECOND);
        }
}

void sim_wire_separate(struct sim_world *world, uint32_t host, uint8_t group,
                       bool is_silent)
{
    uint8_t *groups = world->wire.groups;
    if (groups[host] == group)
        return;
    sim_world_say(world, host, "x group %u", group);
    groups[host] = group;
    for
        each_live(i, world)
        {
            struct sim_conn *conn = world->wire.live[i];
            if (groups[conn->ends[0].host] != groups[conn->ends[1].host])
                sim_wire_cut(world, conn, is_silent, KITH_SECOND);
        }
}

/* An end of a connection that is cut already goes with its process. */
static void end_gone(struct sim_world *world, struct sim_conn *conn, uint32_t host)
{
    for (unsigned i = 0; i < 2; i++) {
        if (conn->ends[i].host == host)
            conn->ends[i].is_gone = true;
    }
    sim_conn_free_if_gone(world, conn);
}

void sim_wire_host_gone(struct sim_world *world, uint32_t host, bool is_silent)
{
    for
        each_live(i, world)
        {
            struct sim_conn *conn = world->wire.live[i];
            if (conn->ends[0].host != host && conn->ends[1].host != host)
                continue;
            if (conn->is_cut)
                end_gone(world, conn, host);
            else
                sim_wire_cut(world, conn, is_silent, conn->delay);
        }
}

void sim_wire_host_killed(struct sim_world *world, uint32_t host)
{
    for
        each_live(i, world)
        {
            struct sim_conn *conn = world->wire.live[i];
            for (unsigned end = 0; end < 2; end++) {
                if (conn->ends[end].host == host && !conn->ends[end].is_closing)
                    sim_conn_finish(world, conn, end);
            }
            if (conn->ends[0].host == host || conn->ends[1].host == host)
                end_gone(world, conn, host);
        }
}
