/* SPDX-License-Identifier: MIT */
/* A relay: joins two connections that show the tickets it expects, and passes bytes on.
 *
 * It neither reads nor changes them: what goes through is TLS between the two ends. Bytes
 * that one side does not take are kept up to one share, and until it has taken them the
 * other side is not read: a slow end slows the other down, and costs no more.
 *
 * Happy path of a pair: expect, take, take; both get the byte that says so (`joined`);
 * bytes; one side ends, which the other is told; the other ends; `ended` with 0.
 *
 * Until both sides are there a ticket may be shown again, over another way or because the
 * first connection broke: the last one that showed it counts, those before are closed.
 *
 * Ways to fail, each told by `ended`: a side does not come in time, or goes before the
 * other came and does not come again; a connection breaks or its peer is silent for good;
 * one side ends and the other does not follow; memory runs out; the relay stops.
 *
 * SIGPIPE is not raised. */
#ifndef KITH_NET_RELAY_H
#define KITH_NET_RELAY_H

#include <stdbool.h>
#include <uv.h>
#include "base/ticket.h"

#define KITH_RELAY_WAIT_MS 5000 /* PROTOCOL, "Relaying" */

/* What a direction may move before the next one has its turn, and hence what it may have
 * waiting: enough to make the calls cheap, and 40 us of a core. */
#define KITH_RELAY_SHARE_SIZE_MAX 65536

/* What all pairs together may move in a turn of the loop (a millisecond on its clock):
 * 2 ms of a core, so long others on the loop wait. Those not served are served first in
 * the next turn, for the kernel reports in turn. */
#define KITH_RELAY_TURN_SIZE_MAX (4 * 1024 * 1024)

/* How long one side may go on after the other has ended. The ends of a link hang up
 * within a second of each other. */
#define KITH_RELAY_HALF_MS 30000

/* A side that acknowledges nothing for so long is dead: as for links (net.h). */
#define KITH_RELAY_PATIENCE_MS 45000

struct kith_relay; /* opaque */

struct kith_relay_config {
    size_t pairs_max;     /* expected and joined; past it KITH_ELIMIT */
    uint64_t wait_ms;     /* for both sides, from the expectation; 0: as above */
    uint32_t bytes_per_s; /* of a pair, both ways together; 0: no limit */
    size_t share_size;    /* 0: KITH_RELAY_SHARE_SIZE_MAX, which is also the most */

    /* Both sides are there; from within kith_relay_take. May be NULL. */
    void (*joined)(void *ctx, uint64_t pair);
    /* Once for each pair, from the loop, its descriptors already closed: bytes that came
     * from side a and from side b, and why. 0: both ended in order. KITH_ETIMEDOUT,
     * KITH_ECLOSED, KITH_EUNREACHABLE, KITH_ENOMEM, KITH_EIO. May be NULL. */
    void (*ended)(void *ctx, uint64_t pair, uint64_t bytes_a, uint64_t bytes_b,
                  int error);
    void *ctx;
};

/* The loop is borrowed, the config copied. KITH_ENOMEM. */
int kith_relay_new(uv_loop_t *loop, const struct kith_relay_config *config,
                   struct kith_relay **out);

/* Ends all pairs with KITH_ECLOSED; `done` comes from the loop when no handle is left.
 * kith_relay_free is allowed in it. */
void kith_relay_shutdown(struct kith_relay *relay, void (*done)(void *ctx), void *ctx);

/* Only after `done`. Accepts NULL. */
void kith_relay_free(struct kith_relay *relay);

/* Await two connections. `pair` is the caller's number. The tickets are copied; they are
 * random and differ, and none of them is awaited already (else KITH_EINVALID). 0, and
 * then `ended` comes; KITH_ELIMIT, KITH_ENOMEM. */
int kith_relay_expect(struct kith_relay *relay, uint64_t pair,
                      const uint8_t ticket_a[static KITH_TICKET_SIZE],
                      const uint8_t ticket_b[static KITH_TICKET_SIZE]);

/* A TCP connection that has shown this ticket, everything behind it still unread. Closed
 * at once if nobody awaits it, or no more. */
void kith_relay_take(struct kith_relay *relay,
                     const uint8_t ticket[static KITH_TICKET_SIZE], int take_fd);

struct kith_relay_counts {
    size_t pairs;        /* expected and joined */
    size_t joined;       /* of these, those that pass bytes on */
    uint64_t bytes;      /* passed on, of all pairs ever */
    size_t waiting_size; /* bytes kept because a side does not take them */
};
struct kith_relay_counts kith_relay_counts(const struct kith_relay *relay);

#endif
