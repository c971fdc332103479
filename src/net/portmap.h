/* SPDX-License-Identifier: MIT */
/* A port of this host that the router hands on from outside.
 *
 * Asks the router of the default route for a TCP mapping: by NAT-PMP (RFC 6886); by PCP
 * (RFC 6887) where the router answers that it knows only that; and where these are silent
 * or refused, by UPnP (WANIPConnection of an Internet gateway device). Only where the
 * host's own address is a private one. A mapping is renewed at half of its lifetime, and
 * at the latest every KITH_PORTMAP_RENEW_MOST_S: a router that restarted has forgotten
 * it, and one that was given another address does not say so. It is removed by the close.
 *
 * Happy path: a datagram asks for the outer address, a second for the mapping, `changed`
 * tells of it; later the same again. Nothing runs in between but one timer.
 *
 * Ways to fail: no default route, or a public address: nothing is sent. A router that
 * knows none of them: at most KITH_NATPMP_TRIES datagrams and one search by UPnP, and
 * again after a minute, two, four … ten, a quarter more or less. A router that lies costs
 * no more: what it claims is shown, and is true only once somebody came in by it. A
 * renewal that fails leaves the mapping believed until its lifetime is over. One of UPnP
 * that hangs holds up a thread of its own, never the loop.
 *
 * A mapping of a router that is out of reach by the time of the close, or of a node that
 * was killed, stays there until its lifetime ends. */
#ifndef KITH_NET_PORTMAP_H
#define KITH_NET_PORTMAP_H

#include <netinet/in.h>
#include <uv.h>
#include "base/address.h"
#include "base/rng.h"

/* Asked for. Long enough to outlive a few renewals that are lost, short enough that a
 * killed node's port is not left open for long; RFC 6886 proposes two hours. */
#define KITH_PORTMAP_LIFETIME_S 3600

/* Between two renewals, whatever the router grants: it may restart, or grant seconds. */
#define KITH_PORTMAP_RENEW_MOST_S  600
#define KITH_PORTMAP_RENEW_LEAST_S 30

/* After the first failure, doubled by each: where there is no router, to ask again costs
 * nothing, and the route often comes a moment after the address. */
#define KITH_PORTMAP_RETRY_ROUTE_S 2
#define KITH_PORTMAP_RETRY_S       60
#define KITH_PORTMAP_RETRY_MOST_S  600

#define KITH_PORTMAP_CLOSE_MS 1000 /* that the close waits for the router, at most */

#define KITH_PORTMAP_WHY_SIZE 96

enum kith_portmap_state {
    KITH_PORTMAP_ASKING,     /* the first answer is not there yet */
    KITH_PORTMAP_MAPPED,     /* the router says so */
    KITH_PORTMAP_BEHIND,     /* so it says, but has no public address itself */
    KITH_PORTMAP_NEEDLESS,   /* this host has a public address */
    KITH_PORTMAP_NO_ROUTER,  /* no default route by IPv4 */
    KITH_PORTMAP_UNANSWERED, /* the router knows none of the protocols, or it is off */
    KITH_PORTMAP_REFUSED,    /* the router was asked, and does not */
};

struct kith_portmap_view {
    enum kith_portmap_state state;
    const char *protocol; /* "NAT-PMP", "PCP" or "UPnP", of what is mapped or was refused;
                             or NULL (static) */
    struct kith_address external;    /* MAPPED, BEHIND: numeric; 0.0.0.0 when the router
                                        does not know its own */
    uint16_t port;                   /* of this host */
    uint32_t lifetime_s;             /* as granted; 0: until it is removed */
    char router[INET_ADDRSTRLEN];    /* "" when there is none */
    char why[KITH_PORTMAP_WHY_SIZE]; /* REFUSED: one clause; else "" */
};

struct kith_portmap; /* opaque */

struct kith_portmap_config {
    uint16_t port; /* that is listened on; not 0 */
    struct kith_rng
        rng; /* for jitter and PCP's nonce; what it borrows outlives the portmap */

    /* Something that the view shows is another than before, a renewal that changes
     * nothing apart. `view` is borrowed for the call, inside which every call is allowed,
     * the close too. */
    void (*changed)(void *ctx, const struct kith_portmap_view *view);
    void *ctx;

    struct in_addr gateway; /* network order; 0: that of the default route */
    /* Shorter in tests: how long a second of lifetimes and retries lasts, the first wait
     * for an answer by NAT-PMP, and a search by UPnP (miniupnpc takes at least a second).
     * 0: 1,000, KITH_NATPMP_TRY_MS, KITH_IGD_SEARCH_MS. */
    unsigned second_ms;
    unsigned try_ms;
    unsigned search_ms;
};

/* The loop is borrowed, the config copied. The router is asked at once, its answer comes
 * later. Returns 0, KITH_EINVALID (port 0), KITH_ENOMEM or KITH_EIO (libuv's handles). */
int kith_portmap_new(uv_loop_t *loop, const struct kith_portmap_config *config,
                     struct kith_portmap **out);

/* Interfaces or routes changed: ask again, NAT-PMP first. While it is being asked, once
 * more after that. */
void kith_portmap_refresh(struct kith_portmap *portmap);

/* Borrowed until the loop runs again. */
const struct kith_portmap_view *kith_portmap_view(const struct kith_portmap *portmap);

/* Removes the mapping and frees the portmap, both within KITH_PORTMAP_CLOSE_MS. No
 * callback comes any more but `done` (may be NULL), when no handle is left; the loop has
 * to run until then. Accepts NULL, and then calls `done` at once. */
void kith_portmap_close(struct kith_portmap *portmap, void (*done)(void *ctx), void *ctx);

/* RFC 1918, and RFC 6598 for providers' NAT: worth to ask a router from. */
bool kith_portmap_is_private(struct in_addr address);

/* None of those, nor 0.0.0.0/8, loopback, link-local, multicast or beyond. */
bool kith_portmap_is_public(struct in_addr address);

#endif
