/* SPDX-License-Identifier: MIT */
/* Whom to dial, and how. */
#ifndef KITH_NET_TARGET_H
#define KITH_NET_TARGET_H

#include "base/address.h"
#include "base/id.h"
#include "base/ticket.h"

/* As many as an address record holds. */
#define KITH_NET_ADDRESSES_MAX 8

/* All of it is borrowed for the call. */
struct kith_net_target {
    /* All of one peer, or of one relay: raced (RFC 8305), IPv6 first, then the families
     * in turn, 250 ms apart, sooner when one fails. Names are resolved meanwhile. */
    const struct kith_address *addresses;
    size_t count;                   /* 1 to KITH_NET_ADDRESSES_MAX */
    const struct kith_id *expected; /* who must be there; NULL: anybody */

    /* KITH_TICKET_SIZE bytes: whoever listens at the addresses is a relay and joins this
     * connection to the one with the other ticket. Where that is swallowed or cut on the
     * way it is tried inside TLS too (PROTOCOL, "Relaying"), and who answers must then be
     * `relay`; NULL: anybody. No ticket: the addresses are the peer's. */
    const uint8_t *ticket;
    const struct kith_id *relay;
    bool is_in_tls; /* show the ticket inside TLS only: in the clear it was in vain */

    /* Wait for the TLS handshake although this side connected: two that dial each other,
     * or a relay, cannot both begin it. */
    bool is_listener;

    /* The local port, 0 for any. Shared with what listens on it, so that routers map
     * links and listener alike. */
    uint16_t from_port;

    /* The other dials this side meanwhile, at `from_port`: what comes from there is taken
     * for it, and what is refused tried on, until the time is up. */
    bool is_meeting;

    uint64_t connect_ms; /* once names are resolved; 0: as configured */
};

#endif
