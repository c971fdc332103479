/* SPDX-License-Identifier: MIT */
/* One connection: a transport that carries frames between two proven keys.
 *
 * This is the seam of net: what is above (tables, dialling, limits) knows only these
 * verbs and happenings, so that a connection over another transport than TCP and TLS can
 * take the place of this one.
 *
 * Happy path of a dialled one: connect, connected, up, frame…, close, closed. Of an
 * accepted one: accept, up, frame…, closed. Of one that is to be relayed here: accept,
 * ticket, closed. Of one made to a relay: ticket shown, joined, up, frame….
 *
 * A tunnel (tunnel.h) is made of two: an outer one, TLS that carries bytes instead of
 * frames (up, bytes…, closed), and an inner one that runs over the tunnel's end as it
 * would over TCP.
 *
 * Ways to fail: every one of them ends in `closed`, once, from the loop and never from
 * inside a call, with the connection's descriptor already given back. */
#ifndef KITH_NET_CONN_H
#define KITH_NET_CONN_H

#include <sys/socket.h>
#include <uv.h>
#include "base/siphash.h"
#include "base/ticket.h"
#include "net/expiry.h"
#include "net/framing.h"
#include "net/tls.h"

#define KITH_CONN_READ_SIZE 65536 /* one read; what libuv suggests */

/* What is encrypted before it is written: 64 KiB keep in the cache and fill a socket's
 * buffer in a few turns. */
#define KITH_CONN_CHUNK_RECORDS 4
#define KITH_CONN_CIPHER_SIZE                                                            \
    ((KITH_CONN_CHUNK_RECORDS + 1) * (KITH_TLS_RECORD_MAX + KITH_TLS_OVERHEAD_MAX))

/* So much leaves as soon as it is queued, before the flush. A turn that sends a lot to
 * many would fill memory that goes back to the system with the flush, and comes anew,
 * page by page, with the next turn. */
#define KITH_CONN_EARLY_SIZE (2 * KITH_TLS_RECORD_MAX)

/* Plaintext waiting for one connection. The layer above keeps its own, lower limit; this
 * one only bounds its mistakes. Past it the connection is closed with KITH_ELIMIT. */
#define KITH_CONN_QUEUE_MAX (64 * 1024 * 1024)

/* What is said before TLS: a magic and a ticket. */
#define KITH_CONN_PREAMBLE_SIZE (KITH_TICKET_MAGIC_SIZE + KITH_TICKET_SIZE)

/* An emptied send buffer of at most this size serves the next connection that sends. */
#define KITH_CONN_SPARE_MAX (256 * 1024)

struct kith_conn;
struct kith_dial;
struct kith_tunnel;
struct kith_tunnels;

/* Who waits for TLS on a connection that it made itself, and hears nothing for so long,
 * begins it (PROTOCOL, "Meeting"): the other took the connection for any, because it came
 * from another port than it was told, as from behind a router that maps each connection
 * anew. More than a round trip, or both would begin. */
#define KITH_CONN_SILENCE_MS 1500

/* How a connection that this side makes goes on once it is connected. */
struct kith_conn_plan {
    bool is_listener; /* of TLS: the other one begins */
    bool has_expected;
    struct kith_id expected;
    bool has_ticket; /* to be shown to a relay first */
    uint8_t ticket[KITH_TICKET_SIZE];
    bool has_relay; /* whose key the relay shows in TLS is known */
    struct kith_id relay;
    bool is_outer;      /* of a tunnel */
    uint16_t from_port; /* local, shared with what listens on it; 0: any */
};

struct kith_conn_happenings {
    void (*connected)(struct kith_conn *conn); /* made ones */

    /* An accepted one brought a ticket: the descriptor is given away, `closed` comes with
     * 0. Only if the environment takes tickets. */
    void (*ticket)(struct kith_conn *conn, const uint8_t *ticket, int take_fd);

    /* An accepted one brought no ticket: TLS begins, unless it is aborted now. Only if
     * the environment takes tickets. */
    void (*plain)(struct kith_conn *conn);

    /* A relay that was shown a ticket has joined it to the other side's. */
    void (*joined)(struct kith_conn *conn);

    void (*up)(struct kith_conn *conn); /* the peer's key is proven */

    /* Outer ones only. Of what was read before a pause some still come. */
    void (*bytes)(struct kith_conn *conn, struct kith_bytes bytes);

    void (*frame)(struct kith_conn *conn, struct kith_bytes frame);
    void (*drained)(struct kith_conn *conn, size_t sent);
    void (*closed)(struct kith_conn *conn, int error); /* freed after this */
};

/* Of TCP: with its headers the 1,280 bytes that every IPv6 link carries (RFC 8200). */
#define KITH_CONN_SEGMENT_SIZE 1220

/* What the connections of one node share. */
struct kith_conn_env {
    uv_loop_t *loop;                    /* borrowed */
    struct kith_tls_identity *identity; /* owned by the net */
    const struct kith_conn_happenings *happenings;
    void *owner;
    uint32_t frame_size_initial;
    uint8_t hash_key[KITH_SIPHASH_KEY_SIZE];
    bool takes_tickets;            /* what is accepted may bring one */
    struct kith_tunnels *tunnels;  /* borrowed; the net's */
    struct kith_expiry handshakes; /* accepted ones, oldest first */
    struct kith_expiry dialled;    /* handshakes of those this side made */
    struct kith_expiry lingers;    /* closing ones */
    struct kith_expiry silences;   /* who waits for TLS though it should perhaps begin */
    unsigned timers_open;
    void (*closed)(struct kith_conn_env *env);
    struct kith_list conns;    /* all, until closed */
    struct kith_list dirty;    /* with something to flush */
    struct kith_buffer spare;  /* an emptied send buffer */
    struct kith_tls_sink sink; /* on `cipher`; empty between calls */
    uint8_t read[KITH_CONN_READ_SIZE];
    uint8_t plain[KITH_TLS_RECORD_MAX];
    uint8_t cipher[KITH_CONN_CIPHER_SIZE];
};

enum kith_conn_state {
    KITH_CONN_CONNECTING,
    KITH_CONN_TICKET,  /* shown to a relay: waiting for its word */
    KITH_CONN_KNOCKED, /* accepted: its first bytes tell what it wants */
    KITH_CONN_HANDSHAKE,
    KITH_CONN_OPEN,
    KITH_CONN_DRAINING,  /* close was asked for: what is queued still leaves */
    KITH_CONN_LINGERING, /* goodbye was said: waiting for the peer to hang up */
    KITH_CONN_CLOSED,    /* waiting for the loop to let go */
};

struct kith_conn {
    uv_tcp_t tcp;
    union {
        uv_connect_t connect;
        uv_shutdown_t shutdown;
    } request;
    struct kith_conn_env *env; /* borrowed */
    struct kith_tls tls;
    struct kith_framing framing;
    struct kith_buffer queue; /* plaintext to be sent */
    struct kith_list all_node;
    struct kith_list dirty_node;
    struct kith_expiry_item expiry;
    struct kith_expiry_item silence;
    size_t cipher_queued; /* bytes with the loop, not yet with the kernel */
    unsigned writes;      /* requests with the loop */
    size_t sent;          /* plaintext that left, to be reported */
    int error;            /* why it closes; 0 while it does not */
    uint8_t preamble[KITH_CONN_PREAMBLE_SIZE]; /* to be shown, or heard so far */
    uint8_t preamble_size;
    enum kith_conn_state state;
    bool is_dialler;  /* begins TLS */
    bool is_accepted; /* else this side connected */
    bool is_relayed;  /* it showed a ticket */
    bool is_outer;    /* carries the bytes of a tunnel; of an accepted one known at up */
    bool is_inner;    /* runs over a tunnel's end */
    bool has_port;    /* its local port was given */
    bool is_paused;

    uint64_t household;             /* of accepted ones: see crowd.h */
    struct sockaddr_storage remote; /* of accepted ones; of an inner one the tunnel's */

    /* The net's. */
    uint32_t link;              /* 0 before up */
    struct kith_tunnel *tunnel; /* whose outer or inner one it is; NULL when it is gone */
    struct kith_dial *dial;     /* NULL when accepted, given up or up */
};

/* The timers' handles are closed by kith_conn_env_close, when no connection is left;
 * `closed` comes once. Asking again changes nothing. `deinit` only after that. */
void kith_conn_env_init(struct kith_conn_env *env, uv_loop_t *loop, uint64_t handshake_ms,
                        uint64_t linger_ms);
void kith_conn_env_close(struct kith_conn_env *env,
                         void (*closed)(struct kith_conn_env *env));
void kith_conn_env_deinit(struct kith_conn_env *env);

/* Take over an accepted socket; closed on failure too. */
int kith_conn_accept(struct kith_conn_env *env, int take_fd,
                     const struct sockaddr_storage *remote);

/* The same with one that was awaited: TLS goes by the plan, which is copied, once
 * kith_conn_begin is called. */
int kith_conn_accept_planned(struct kith_conn_env *env, int take_fd,
                             const struct sockaddr_storage *remote,
                             const struct kith_conn_plan *plan, struct kith_conn **out);
void kith_conn_begin(struct kith_conn *conn);

/* `plan` is copied. On failure nothing was begun: KITH_EADDRINUSE when the local port is
 * not to be had, or not with this remote address. */
int kith_conn_connect(struct kith_conn_env *env, const struct sockaddr_storage *to,
                      const struct kith_conn_plan *plan, struct kith_conn **out);

/* Over one end of a tunnel, a stream socket. Both take it, and close it on failure; who
 * is at `remote` has the other end. What is accepted brings a ticket or is refused. */
int kith_conn_accept_inner(struct kith_conn_env *env, int take_fd,
                           const struct sockaddr_storage *remote, struct kith_conn **out);
int kith_conn_connect_inner(struct kith_conn_env *env, int take_fd,
                            const struct sockaddr_storage *remote,
                            const struct kith_conn_plan *plan, struct kith_conn **out);

/* Queue bytes; they leave with the next flush, many of them before. Does nothing on a
 * closing one. */
void kith_conn_send(struct kith_conn *conn, struct kith_bytes bytes);

/* Encrypt and write what all connections have queued since. */
void kith_conn_flush(struct kith_conn_env *env);
void kith_conn_flush_one(struct kith_conn *conn);

/* Of what was read before a pause, up to KITH_CONN_READ_SIZE bytes still arrive. */
void kith_conn_pause(struct kith_conn *conn, bool is_paused);

/* Say goodbye: what is queued leaves with the next flushes, then close_notify; then it
 * waits for the peer to hang up, all within the linger time. Nothing arrives any more.
 * The first error given stays. One that is silent (KITH_ETIMEDOUT) is let go at once. */
void kith_conn_close(struct kith_conn *conn, int error);

/* At once. */
void kith_conn_abort(struct kith_conn *conn, int error);

bool kith_conn_remote(const struct kith_conn *conn, struct sockaddr_storage *out);

/* How long the kernel keeps trying to deliver before the connection is dead. */
void kith_conn_set_patience(struct kith_conn *conn, unsigned ms);

/* The same, and have the kernel ask a silent peer whether it is there. */
void kith_conn_keep_alive(struct kith_conn *conn, unsigned patience_ms);

/* Bytes queued here, plain and encrypted, that the kernel has not taken. */
size_t kith_conn_queued(const struct kith_conn *conn);

#endif
