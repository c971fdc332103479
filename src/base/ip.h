/* SPDX-License-Identifier: MIT */
/* IP addresses as bytes: to be compared, grouped and judged. An IPv4 address stands as
 * the IPv6 address it maps to (RFC 4291 section 2.5.5.2), so that both are of one kind.
 */
#ifndef KITH_BASE_IP_H
#define KITH_BASE_IP_H

#include "base/address.h"

#define KITH_IP_SIZE 16

struct kith_ip {
    uint8_t bytes[KITH_IP_SIZE];
};

/* Where a socket can be: an address and a port. */
struct kith_ip_port {
    struct kith_ip ip;
    uint16_t port;
};

/* A host as kith_address has it; what is behind a % is left out. False for a name, which
 * leaves `out` untouched. */
bool kith_ip_parse(const char *host, struct kith_ip *out);

/* `IPv4:port` or `[IPv6]:port`, the port not 0. False for anything else. */
bool kith_ip_port_parse(struct kith_bytes text, struct kith_ip_port *out);
struct kith_address kith_ip_port_address(const struct kith_ip_port *place);

bool kith_ip_equal(const struct kith_ip *a, const struct kith_ip *b);
bool kith_ip_port_equal(const struct kith_ip_port *a, const struct kith_ip_port *b);

/* Whom one subscriber's line is given: an IPv4 address, or the /64 of an IPv6 one with
 * zeroes behind it. */
struct kith_ip kith_ip_household(const struct kith_ip *ip);

/* How far an address leads, each kind further inside than the one before. */
enum kith_ip_reach {
    KITH_IP_GLOBAL,
    KITH_IP_PRIVATE, /* RFC 1918, RFC 4193, RFC 6598 */
    KITH_IP_LOCAL,   /* this host, its links; and what is no host at all */
};
enum kith_ip_reach kith_ip_reach(const struct kith_ip *ip);

#endif
