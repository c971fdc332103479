/* SPDX-License-Identifier: MIT */
/* Tunnels: what a relay is told and what it passes on, inside TLS to the relay, where
 * only TLS gets through (PROTOCOL, "Relaying").
 *
 * One joins the plaintext of a connection, the outer one, with one end of a socket pair.
 * Over the other end runs a second connection, the inner one, as it would over TCP: where
 * it was dialled it shows the ticket and becomes a link; where it was accepted it hears
 * the ticket and gives its end away, to a relay that need not know.
 *
 * What one side does not take in time waits here, 64 KiB of a direction, and the other
 * side is not read meanwhile.
 *
 * Happy path: dial, up, bytes both ways; the pair's end or the outer one ends; what waits
 * leaves; the other ends.
 *
 * Ways to fail: the relay cannot be reached, or shows another key, which the inner one is
 * told; an end goes and the other does not follow in time; memory or descriptors run out.
 * Every one of them closes both ends. */
#ifndef KITH_NET_TUNNEL_H
#define KITH_NET_TUNNEL_H

#include "net/conn.h"

/* Read from the pair at once, and only when all before has left: what a direction may
 * have waiting. The other has at most what one read of the socket decrypts to. */
#define KITH_TUNNEL_SIZE_MAX KITH_CONN_READ_SIZE

/* How long what waits may take to leave, and the other end to follow, once one has ended:
 * as for the relay itself (relay.h). */
#define KITH_TUNNEL_HALF_MS 30000

struct kith_tunnel; /* opaque */

/* All of one net. */
struct kith_tunnels {
    struct kith_conn_env *env; /* borrowed */
    struct kith_list all;
    struct kith_expiry halves; /* one end of these has ended */
    bool is_stopping;
    bool is_closing;
    void (*over)(struct kith_tunnels *tunnels);   /* one has gone */
    void (*closed)(struct kith_tunnels *tunnels); /* no handle is left */
};

/* `over` comes from the loop. */
void kith_tunnels_init(struct kith_tunnels *tunnels, struct kith_conn_env *env,
                       uint64_t half_ms, void (*over)(struct kith_tunnels *tunnels));

/* Those that carry a link end with it, the others with their outer connection, which is
 * the caller's to close: no end is waited for any more. */
void kith_tunnels_stop(struct kith_tunnels *tunnels);

/* When all have gone. Asking again changes nothing. */
void kith_tunnels_close(struct kith_tunnels *tunnels,
                        void (*closed)(struct kith_tunnels *tunnels));

/* Begin one to the relay at `to`, which must show the key of the plan if that has one.
 * The inner connection goes by the plan, shows its ticket, and is told why if the tunnel
 * does not come up. On failure nothing was begun. */
int kith_tunnel_dial(struct kith_tunnels *tunnels, const struct sockaddr_storage *to,
                     const struct kith_conn_plan *plan, struct kith_conn **out_inner);

/* Does it end by itself, with the connection that runs over it? */
bool kith_tunnel_has_inner(const struct kith_tunnel *tunnel);

/* Happenings of outer connections, passed on by their owner; `closed` of inner ones too.
 */
void kith_tunnel_up(struct kith_tunnels *tunnels, struct kith_conn *outer);
void kith_tunnel_heard(struct kith_conn *outer, struct kith_bytes bytes);
void kith_tunnel_sent(struct kith_conn *outer);
void kith_tunnel_closed(struct kith_conn *conn, int error);

#endif
