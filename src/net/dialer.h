/* SPDX-License-Identifier: MIT */
/* One dial: from addresses as people write them to a connection that is up.
 *
 * Resolve what is a name; try all one after the other, IPv6 first and then the families
 * in turn (RFC 8305 section 4), 250 ms apart, sooner when one fails. What a name leads to
 * joins when it is known, with the whole time to connect before it. The first to connect
 * goes on alone; should its handshake fail, or take longer than a second, the others get
 * their turn, so another program on the same port of ::1 hides no peer on 127.0.0.1.
 *
 * A dial may be a meeting: both sides dial at once, from the ports where they listen.
 * Their SYNs cross, or one arrives at the other's listener, which passes the connection
 * on to the dial. What is refused or unreachable is tried again, until the time is up.
 *
 * A dial with a ticket shows it in the clear. When no word has come back for 1.5 s, or
 * the connection is closed, it shows it through a tunnel to the same address besides. The
 * first that the relay answers goes on alone. Asked for, there are tunnels only.
 *
 * Ends either in kith_dial_finish by the owner, when the connection is up, or in
 * `failed`; then in `closed`. */
#ifndef KITH_NET_DIALER_H
#define KITH_NET_DIALER_H

#include <uv.h>
#include "base/list.h"
#include "net/conn.h"
#include "net/target.h"

#define KITH_DIAL_STAGGER_MS 250 /* RFC 8305 section 5, Connection Attempt Delay */

/* From connected to proven, until others are tried beside: several round trips. */
#define KITH_DIAL_PATIENCE_MS 1000

/* A dead name server before one that answers costs 5 s. With the time to connect it is
 * less than whoever asks for a dial waits for (10 s). */
#define KITH_DIAL_RESOLVE_MS 6500

#define KITH_DIAL_RETRY_MS 200 /* of a meeting, once refused: five SYNs a second */

/* A ticket is shown through a tunnel (tunnel.h) so long after it was shown in the clear,
 * if no word has come: more than a round trip to the far side of the world and back, and
 * soon enough for two more of them within the time that the relay waits. */
#define KITH_DIAL_TUNNEL_MS 1500

/* Addresses and results of names that are looked at, the addresses first; names have few.
 * Others are ignored. */
#define KITH_DIAL_ATTEMPTS_MAX 16

enum kith_attempt_state { KITH_ATTEMPT_TODO, KITH_ATTEMPT_BUSY, KITH_ATTEMPT_DONE };

struct kith_attempt {
    struct sockaddr_storage to;
    enum kith_attempt_state state;
    uint64_t due_ms; /* begun no sooner */
    bool is_tunnelled;
    bool has_connected;     /* while BUSY; a tunnel as soon as it is begun */
    struct kith_conn *conn; /* while BUSY */
};

struct kith_resolution {
    uv_getaddrinfo_t request;
    bool is_busy;
};

struct kith_dial {
    struct kith_list node;     /* the owner's */
    uint32_t number;           /* the caller's */
    struct kith_conn_env *env; /* borrowed; not touched once the dial is over */
    void (*failed)(struct kith_dial *dial, int error); /* off its list, conns let go */
    void (*closed)(struct kith_conn_env *env);         /* no handle is left */
    uv_timer_t timer;
    struct kith_resolution resolutions[KITH_NET_ADDRESSES_MAX];
    size_t resolution_count;
    size_t resolving_count; /* of these, busy */
    bool is_in_tls;         /* all attempts are tunnels */
    bool is_expired;        /* to fail at once */
    bool is_over;
    bool is_closed; /* the timer is gone */
    uint64_t connect_ms;
    uint64_t due_ms;         /* to be connected by then, and ... */
    uint64_t resolve_due_ms; /* ... while names are looked up, by then */
    bool is_meeting;
    struct kith_conn_plan plan;
    int family_last; /* of the attempt begun last; AF_UNSPEC: none was */
    struct kith_attempt attempts[KITH_DIAL_ATTEMPTS_MAX];
    size_t attempt_count;
    int error; /* the most telling one so far */
};

/* The callbacks are set by the caller afterwards, before the loop runs. */
int kith_dial_new(struct kith_conn_env *env, uint32_t number,
                  const struct kith_net_target *target, uint64_t connect_ms,
                  struct kith_dial **out);

/* Happenings of its connections, passed on by the owner. */
void kith_dial_connected(struct kith_dial *dial, struct kith_conn *conn);
void kith_dial_joined(struct kith_dial *dial, struct kith_conn *conn);
void kith_dial_closed(struct kith_dial *dial, struct kith_conn *conn, int error);

/* Would a connection accepted from there be this dial's? */
bool kith_dial_awaits(struct kith_dial *dial, const struct sockaddr_storage *remote);

/* It would, and here it is: connected. */
void kith_dial_accepted(struct kith_dial *dial, const struct sockaddr_storage *remote,
                        struct kith_conn *conn);

/* Fail with `error` in the next turn. */
void kith_dial_expire(struct kith_dial *dial, int error);

/* Over: `conn` (may be NULL) is kept, the other attempts are dropped, nothing more is
 * called but `closed`. */
void kith_dial_finish(struct kith_dial *dial, struct kith_conn *conn);

#endif
