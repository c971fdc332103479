/* SPDX-License-Identifier: MIT */
/* What befalls connections: cuts, and hosts that cannot reach each other. */
#include "wire_conn.h"
#include "world.h"
#include <inttypes.h>

static size_t pair_index(uint32_t a, uint32_t b)
{
    return a < b ? (size_t)a * SIM_HOSTS_MAX + b : (size_t)b * SIM_HOSTS_MAX + a;
}

bool sim_wire_is_blocked(const struct sim_world *world, uint32_t a, uint32_t b)
{
    return a < SIM_HOSTS_MAX && b < SIM_HOSTS_MAX &&
           world->wire.blocked[pair_index(a, b)];
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

void sim_wire_block(struct sim_world *world, uint32_t a, uint32_t b, bool is_blocked,
                    bool is_silent)
{
    struct sim_wire *wire = &world->wire;
    if (wire->blocked[pair_index(a, b)] == is_blocked)
        return;
    sim_world_say(world, 0, "x %s host %" PRIu32 " host %" PRIu32,
                  is_blocked ? "block" : "unblock", a, b);
    wire->blocked[pair_index(a, b)] = is_blocked;
    if (!is_blocked)
        return;
    for (uint32_t no = 1; no <= wire->conn_count; no++) {
        if (wire->conns[no] != NULL && sim_conn_joins(wire->conns[no], a, b))
            sim_wire_cut(world, wire->conns[no], is_silent, KITH_SECOND);
    }
}

void sim_wire_host_gone(struct sim_world *world, uint32_t host, bool is_silent)
{
    struct sim_wire *wire = &world->wire;
    for (uint32_t no = 1; no <= wire->conn_count; no++) {
        struct sim_conn *conn = wire->conns[no];
        if (conn == NULL || (conn->ends[0].host != host && conn->ends[1].host != host))
            continue;
        if (conn->is_cut) {
            for (unsigned i = 0; i < 2; i++) {
                if (conn->ends[i].host == host)
                    conn->ends[i].is_gone = true;
            }
            sim_conn_free_if_gone(world, conn);
        } else {
            sim_wire_cut(world, conn, is_silent, conn->delay);
        }
    }
}
