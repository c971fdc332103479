/* SPDX-License-Identifier: MIT */
/* Whose page and which name may ask through the TCP door.
 *
 * Every page of the world can make a browser on this machine connect to 127.0.0.1. What
 * tells it apart is what browsers write of their own accord: Origin says whose page asks,
 * and Host by which name it got here. A name that somebody else makes lead here (DNS
 * rebinding) is none of ours. */
#ifndef KITH_API_SERVER_GATE_H
#define KITH_API_SERVER_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define KITH_GATE_HOST_SIZE 64 /* an IPv6 address in brackets */

/* Where a connection came in: by the address it has on this side. */
struct kith_gate {
    char host[KITH_GATE_HOST_SIZE]; /* an IP address, of IPv6 in brackets */
    uint16_t port;
};

/* The local end of a connected or listening TCP socket. False when it has none. */
bool kith_gate_of(int fd, struct kith_gate *out);

/* Who listens at every address (0.0.0.0, [::]) is asked by this machine at the loopback
 * of the same family. Not as `localhost`: that may be the other family's first, where
 * somebody else may listen. */
void kith_gate_any_to_loopback(struct kith_gate *gate);

/* Is the value of a Host header exactly this address, or `localhost`, with its port? Only
 * where the port is 80 it may be left out. */
bool kith_gate_has_host(const struct kith_gate *gate, const char *host);

/* Is the value of an Origin header a page of ours? */
bool kith_gate_has_origin(const struct kith_gate *gate, const char *origin);

#endif
