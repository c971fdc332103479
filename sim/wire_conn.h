/* SPDX-License-Identifier: MIT */
/* What the parts of the wire share: wire.c (connections come and go), wire_flow.c (frames
 * move) and wire_fault.c (what befalls them). */
#ifndef KITH_SIM_WIRE_CONN_H
#define KITH_SIM_WIRE_CONN_H

#include "wire.h"

/* Is the process that has this end still there, and the end not gone? */
bool sim_end_is_alive(const struct sim_world *world, const struct sim_end *end);
/* Does it still want to hear of what comes through this end? */
bool sim_end_listens(const struct sim_world *world, const struct sim_end *end);
/* Tell the process at `end`, 0 or 1, that its connection is down, `after` from now. */
void sim_end_down_after(struct sim_world *world, struct sim_conn *conn, unsigned end,
                        kith_time after, int error);

/* The connection of a host's link, and which end the host is; NULL when it has gone. */
struct sim_conn *sim_conn_of(const struct sim_world *world, const struct sim_host *host,
                             uint32_t link, unsigned *out_end);
bool sim_conn_joins(const struct sim_conn *conn, uint32_t a, uint32_t b);
/* Everything under way is lost. */
void sim_conn_clear(struct sim_conn *conn);
/* The end sends nothing more: the other is told once it has all that came before. */
void sim_conn_finish(struct sim_world *world, struct sim_conn *conn, unsigned end);
/* Hand over all that is under way, unless the receiver pauses. May free it. */
void sim_conn_flush(struct sim_world *world, uint32_t conn_no, unsigned from);
/* A packet that holds a whole frame, behind everything that has arrived. */
void sim_conn_inject(struct sim_conn *conn, unsigned from, struct kith_bytes frame);
/* `frame` was delivered: what is to come twice comes behind a VECTOR (wire_echo.c). */
void sim_echo_after(struct sim_world *world, struct sim_conn *conn, unsigned from,
                    struct kith_bytes frame);
void sim_echo_deinit(struct sim_wire *wire);
void sim_conn_free_if_gone(struct sim_world *world, struct sim_conn *conn);

#endif
