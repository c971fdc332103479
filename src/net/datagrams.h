/* SPDX-License-Identifier: MIT */
/* Datagrams to and from everybody on this host's networks.
 *
 * Moves bytes and knows no beacons. Four sockets: for IPv4 and IPv6 each a shared one on
 * the discovery port, which hears what is sent to the groups and, of IPv4, to all; and a
 * private one on a port of its own, from which everything is sent and to which answers
 * come. Several nodes of one host share the port, but only one of them would hear a
 * unicast to it.
 *
 * Who floods costs little: a socket that was heard too often is not read for a while, and
 * the kernel drops what it has no room for. Own datagrams come back like any other.
 *
 * Callbacks come from the loop. Inside them every call is allowed, the close too. */
#ifndef KITH_NET_DATAGRAMS_H
#define KITH_NET_DATAGRAMS_H

#include <uv.h>
#include "base/address.h"
#include "base/bytes.h"

#define KITH_DATAGRAMS_PORT   4747
#define KITH_DATAGRAMS_GROUP4 "239.255.47.47"
#define KITH_DATAGRAMS_GROUP6 "ff02::4747"

/* Longer ones are neither sent nor handed up: this passes every link in one piece. */
#define KITH_DATAGRAM_SIZE_MAX 1200

/* Handed up in one turn, so that a flood leaves time for others. */
#define KITH_DATAGRAMS_TURN_MAX 64

/* Of each socket, so 500 a second of all; a hundred nodes that start together are heard
 * out at once. */
#define KITH_DATAGRAMS_RATE_PER_S 125
#define KITH_DATAGRAMS_BURST      256

#define KITH_DATAGRAMS_SOURCES_MAX 8 /* a node listens on no more */

struct kith_datagrams; /* opaque */

struct kith_datagrams_config {
    uint16_t port;      /* not 0 */
    const char *group4; /* numeric; NULL means the one above. Only read by `new`. */
    const char *group6; /* the same; of link-local scope (ff02::/16) */

    /* Send from these numeric addresses of this host alone, which others can dial; a
     * wildcard stands for all of its family (:: and "" for all). Those of none: from
     * every address. Only read by `new`. */
    const struct kith_address *sources;
    size_t source_count; /* at most KITH_DATAGRAMS_SOURCES_MAX */

    /* `from` has a numeric host, a link-local one with its scope (fe80::1%eth0).
     * `is_on_link`: it lies in a subnet of an interface that is up, or is loopback or
     * link-local. `bytes` is borrowed. */
    void (*received)(void *ctx, const struct kith_address *from, bool is_on_link,
                     struct kith_bytes bytes);

    /* An interface came, went, or changed its addresses: about 100 ms after the first
     * sign (elsewhere than on Linux, up to 5 s). The groups are joined already. */
    void (*changed)(void *ctx);
    void *ctx;
};

/* The loop is borrowed, the config copied. Where the host has only one family, or the
 * port of one is taken by a program that does not share it, the other has to do: see
 * kith_datagrams_counts. What is missing is tried again with each announcement. When
 * neither is left: KITH_EADDRINUSE, KITH_EACCESS, KITH_ELIMIT, KITH_ENOMEM or
 * KITH_EUNREACHABLE. KITH_EINVALID for port 0, a group that is none, or a source that is
 * no numeric address. */
int kith_datagrams_new(uv_loop_t *loop, const struct kith_datagrams_config *config,
                       struct kith_datagrams **out);

/* To both groups and to the IPv4 broadcast addresses, on every interface that is up and
 * has one of the sources, so that each listener hears it several times. What an interface
 * refuses is lost there. */
void kith_datagrams_announce(struct kith_datagrams *datagrams, struct kith_bytes bytes);

/* To one, by its numeric address; not if no source is on its network. */
void kith_datagrams_send(struct kith_datagrams *datagrams, const struct kith_address *to,
                         struct kith_bytes bytes);

/* Frees it. No callback comes any more but `done` (may be NULL), when no handle is left;
 * the loop has to run until then. Accepts NULL, and then calls `done` at once. */
void kith_datagrams_close(struct kith_datagrams *datagrams, void (*done)(void *ctx),
                          void *ctx);

/* The addresses of this host, as the datagrams know them. */
const struct kith_interfaces *kith_datagrams_interfaces(
    const struct kith_datagrams *datagrams);

struct kith_datagrams_counts {
    uint64_t sent;     /* copies that left */
    uint64_t failed;   /* copies that an interface refused */
    uint64_t received; /* handed up */
    uint64_t too_long; /* dropped; of floods the kernel keeps the count */
    size_t addresses;  /* of the interfaces that are up */
    int error_ipv4;    /* why the port is not heard by IPv4; 0: it is */
    int error_ipv6;
};
struct kith_datagrams_counts kith_datagrams_counts(
    const struct kith_datagrams *datagrams);

#endif
