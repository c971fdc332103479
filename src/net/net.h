/* SPDX-License-Identifier: MIT */
/* The endpoint of a node: all its listeners, links and dials.
 *
 * Moves frames between proven keys and knows no messages. A link is a connection on which
 * both sides have proven an Ed25519 key (TLS 1.3, RFC 7250); its number is all the layer
 * above holds of it. A dialler is up before the listener has judged its key: nothing
 * counts before a frame has come back.
 *
 * Callbacks come from the loop, never from inside a call, but for `drained`, which may
 * also come from kith_net_flush. Inside any of them every call is allowed except
 * kith_net_free. What is queued leaves with the next kith_net_flush, to be called once at
 * the end of a turn: many frames become few records and one write.
 *
 * SIGPIPE is set to be ignored if it would kill the process. */
#ifndef KITH_NET_NET_H
#define KITH_NET_NET_H

#include <uv.h>
#include "base/address.h"
#include "base/id.h"
#include "net/target.h"

/* Type byte and fields, without the length. What the prefix may announce at most. */
#define KITH_NET_FRAME_SIZE_MAX (1024 * 1024)

#define KITH_NET_FRAME_PREFIX_SIZE 4
#define KITH_NET_SEED_SIZE         32
#define KITH_NET_EXPORTER_SIZE     32

#define KITH_NET_HANDSHAKES_MAX 64   /* accepted and unproven */
#define KITH_NET_HANDSHAKE_MS   5000 /* ten round trips to the far side of the world */
#define KITH_NET_CONNECT_MS     3000 /* two SYNs; what dials tries again soon */
#define KITH_NET_LINGER_MS      1000 /* a stopping node is gone within 2 s */
#define KITH_NET_LINGERS_MAX    128  /* that were told goodbye, while others come */
#define KITH_NET_DIALS_MAX      256  /* at once; past it KITH_ELIMIT */
#define KITH_NET_LISTENERS_MAX  16

/* How long sent bytes may stay unacknowledged (TCP_USER_TIMEOUT): as long as silence may
 * last before a link is dead. */
#define KITH_NET_PATIENCE_LAN_MS 9000
#define KITH_NET_PATIENCE_MS     45000

struct kith_net; /* opaque */

typedef uint32_t kith_link_no; /* never 0; not used again before 2^32 others were */

struct kith_net_up {
    kith_link_no link;
    uint32_t dial;       /* the caller's number of the dial; 0 when accepted */
    bool is_dialler;     /* this side began the TLS handshake */
    bool is_relayed;     /* by who is at `remote` */
    bool is_lan;         /* loopback, link-local, or private and on-link; not relayed */
    struct kith_id peer; /* its proven key */
    uint8_t exporter_net[KITH_NET_EXPORTER_SIZE];  /* "EXPORTER-kith-net" */
    uint8_t exporter_room[KITH_NET_EXPORTER_SIZE]; /* "EXPORTER-kith-room" */
    struct kith_address remote;                    /* numeric host, port */
};

struct kith_net_handler {
    void *ctx;
    void (*up)(void *ctx, const struct kith_net_up *up);

    /* One whole frame, without its length; borrowed. */
    void (*frame)(void *ctx, kith_link_no link, struct kith_bytes frame);

    /* Once for each `up`, its descriptor already closed. KITH_ECLOSED when the peer hung
     * up, the error given to kith_net_close, KITH_ETIMEDOUT, KITH_EPROTO, KITH_ETOOBIG,
     * KITH_ELIMIT (queue) or KITH_ENOMEM. */
    void (*down)(void *ctx, kith_link_no link, int error);

    /* In place of `up`. KITH_EREFUSED, KITH_EUNREACHABLE, KITH_ERESOLVE, KITH_ETIMEDOUT,
     * KITH_EIDENTITY, KITH_EHANDSHAKE, KITH_ECLOSED, KITH_EADDRINUSE, KITH_ELIMIT,
     * KITH_ENOMEM. */
    void (*dial_failed)(void *ctx, uint32_t dial, int error);

    /* Bytes given to kith_net_send that the kernel has taken since the last time. */
    void (*drained)(void *ctx, kith_link_no link, size_t sent);

    /* An accepted connection ended before it was up: no kith, or not one that could prove
     * a key. May be NULL. */
    void (*stranger)(void *ctx, int error);

    /* An accepted connection that is to be relayed here: it said the magic and a ticket,
     * KITH_TICKET_SIZE bytes, borrowed. What came behind is still unread. It counts as a
     * handshake until then, and never as a link. It may have done so inside TLS: then
     * the descriptor is one end of a tunnel (tunnel.h). May be NULL: then it is a
     * stranger. */
    void (*ticket)(void *ctx, const uint8_t *ticket, int take_fd);
};

struct kith_net_config {
    const uint8_t *seed; /* KITH_NET_SEED_SIZE bytes: the Ed25519 secret; copied */
    struct kith_id id;   /* its public key */
    const char *alpn;    /* both sides insist on it; copied */
    size_t links_max;    /* above it, accepted connections are closed before TLS; those
                          * that are being closed count */

    /* Longest frame accepted on a new link; kith_net_limit raises it once the peer is
     * trusted, so strangers cannot make this node buffer much. */
    uint32_t frame_size_initial;

    /* 0 means the default above. */
    size_t handshakes_max; /* past it one makes room, see crowd.h */
    uint64_t handshake_ms;
    uint64_t
        connect_ms; /* once a name is resolved, which may take KITH_DIAL_RESOLVE_MS */
    uint64_t linger_ms;
    uint64_t tunnel_half_ms; /* KITH_TUNNEL_HALF_MS, see tunnel.h */

    struct kith_net_handler handler; /* copied */
};

/* The loop is borrowed. KITH_ENOMEM, or KITH_EINVALID when seed and id are no pair. */
int kith_net_new(uv_loop_t *loop, const struct kith_net_config *config,
                 struct kith_net **out);

/* Closes everything, links as by kith_net_close with KITH_ECLOSED. `done` comes when no
 * handle is left, at most the linger time later, or twice that where a link runs through
 * TLS to a relay; kith_net_free is allowed in it. A name
 * still being resolved does not hold it up, but does uv_loop_close. */
void kith_net_shutdown(struct kith_net *net, void (*done)(void *ctx), void *ctx);

/* Only after `done`. Accepts NULL. */
void kith_net_free(struct kith_net *net);

/* Listen on a numeric address, a name of this host, or "": all interfaces, IPv4 and IPv6
 * on one socket, IPv4 alone where there is no IPv6. A name is resolved on the spot and
 * its first address taken. `out_bound` (may be NULL) gets the real port. KITH_EADDRINUSE,
 * KITH_EACCESS, KITH_EUNREACHABLE (not an address of this host), KITH_ERESOLVE,
 * KITH_ELIMIT, KITH_ENOMEM. */
int kith_net_listen(struct kith_net *net, const struct kith_address *address,
                    struct kith_address *out_bound);

/* Resolves, connects to what answers first and proves. `dial` is the caller's, not 0.
 * Returns 0, and then `up` or `dial_failed` comes, or KITH_ELIMIT or KITH_ENOMEM.
 *
 * With a local port (and no ticket) it is a meeting: the other side does the same. Who
 * refuses or cannot be reached is tried again until the time is up, for a router may say
 * so before the other side has begun; and a connection accepted from one of the addresses
 * is this dial's. It fails with KITH_EADDRINUSE when the port cannot be had, or when
 * there is a connection from it to that address already. */
int kith_net_dial(struct kith_net *net, uint32_t dial,
                  const struct kith_net_target *target);

/* Unknown and closing links are ignored by all of these, so that a caller need not know
 * yet that a link is gone. */

/* One whole frame with its length; copied. */
void kith_net_send(struct kith_net *net, kith_link_no link, struct kith_bytes frame);
void kith_net_flush(struct kith_net *net);

/* Stop and go on reading. What was read already, 64 KiB at most, still arrives. While
 * paused nothing is heard, not even that the peer has gone; and a peer that has more to
 * send than the kernels buffer gives the link up after its patience. */
void kith_net_pause(struct kith_net *net, kith_link_no link, bool is_paused);

/* Longest frame accepted from now on, at most KITH_NET_FRAME_SIZE_MAX. */
void kith_net_limit(struct kith_net *net, kith_link_no link, uint32_t frame_size_max);

/* What is queued still leaves, for at most the linger time; nothing arrives any more;
 * `down` comes with this error. */
void kith_net_close(struct kith_net *net, kith_link_no link, int error);

/* At once, without a goodbye: what the kernel has taken still leaves, what is queued does
 * not; `down` comes with this error. To the peer it has hung up. */
void kith_net_abort(struct kith_net *net, kith_link_no link, int error);

/* Bytes, plain and encrypted, that the kernel has not taken yet. */
size_t kith_net_queued(const struct kith_net *net, kith_link_no link);

struct kith_net_counts {
    size_t links;      /* up and not yet down */
    size_t handshakes; /* accepted, unproven */
    size_t dials;
};
struct kith_net_counts kith_net_counts(const struct kith_net *net);

#endif
