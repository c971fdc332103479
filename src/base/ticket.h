/* SPDX-License-Identifier: MIT */
/* What begins a connection that wants to be relayed, and what answers it (PROTOCOL,
 * "Relaying"): the magic and a ticket one way, one byte the other. */
#ifndef KITH_BASE_TICKET_H
#define KITH_BASE_TICKET_H

#define KITH_TICKET_SIZE       32
#define KITH_TICKET_ALPN       "kith-relay/1" /* of TLS to a relay, tickets inside */
#define KITH_TICKET_MAGIC      "kithrly1" /* no TLS record begins with its first byte */
#define KITH_TICKET_MAGIC_SIZE 8
#define KITH_TICKET_ACCEPTED   1 /* the byte that answers once both are there */

#endif
