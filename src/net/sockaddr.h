/* SPDX-License-Identifier: MIT */
/* Socket addresses, and the addresses people write. */
#ifndef KITH_NET_SOCKADDR_H
#define KITH_NET_SOCKADDR_H

#include <sys/socket.h>
#include "base/address.h"
#include "base/ip.h"

/* A numeric host (`%scope` of an IPv6 address by name or number included) and port. False
 * when the host is empty or a name. Never asks a resolver. */
bool kith_sockaddr_parse(const struct kith_address *address,
                         struct sockaddr_storage *out);

/* Numeric host, with the scope of a link-local IPv6 address. An IPv4 address mapped into
 * IPv6 is shown as IPv4. */
void kith_sockaddr_format(const struct sockaddr_storage *from, struct kith_address *out);

/* For bind and connect. */
socklen_t kith_sockaddr_size(const struct sockaddr_storage *address);

/* Every address of a family, AF_INET or AF_INET6. */
void kith_sockaddr_any(int family, uint16_t port, struct sockaddr_storage *out);

/* ::ffff:1.2.3.4 becomes 1.2.3.4; anything else stays. */
void kith_sockaddr_unmap(struct sockaddr_storage *address);

/* Without port and scope. */
struct kith_ip kith_sockaddr_ip(const struct sockaddr_storage *address);

/* The same host, port and, where there is one, scope; mapped and plain IPv4 are the same
 * host. */
bool kith_sockaddr_equal(const struct sockaddr_storage *a,
                         const struct sockaddr_storage *b);

#endif
