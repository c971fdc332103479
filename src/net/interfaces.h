/* SPDX-License-Identifier: MIT */
/* The addresses of this host's interfaces, as they were at one moment.
 *
 * Only of interfaces that are up and have a carrier, loopback included. */
#ifndef KITH_NET_INTERFACES_H
#define KITH_NET_INTERFACES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A host with 60 interfaces of four addresses; of more, the rest plays no part. */
#define KITH_INTERFACE_ADDRESSES_MAX 256

struct kith_interface_address {
    uint8_t address[16]; /* network order; of IPv4 the first 4 bytes, the rest zero */
    uint8_t mask[16];    /* the same */
    unsigned interface;  /* its index, never 0 */
    uint16_t family;     /* AF_INET or AF_INET6 */
    bool is_loopback;    /* leads nowhere but to this host */
    bool is_multicast;   /* groups can be joined and reached there; so of loopback */
    bool is_broadcast;   /* IPv4 with a broadcast address: not of a point-to-point link */
    bool is_main;        /* what this host uses toward the internet, by its routes */
};

struct kith_interfaces {
    size_t count;
    struct kith_interface_address addresses[KITH_INTERFACE_ADDRESSES_MAX];
};

/* Ask the system. False when it does not say, for want of a descriptor or of memory: then
 * `out` stays as it was. */
bool kith_interfaces_read(struct kith_interfaces *out);

/* Leave out IPv6 addresses that may not be used yet, for the system still asks whether
 * somebody else has them (RFC 4862, 5.4). Elsewhere than on Linux all are kept. False
 * when the system does not say; then all are kept too. */
bool kith_interfaces_drop_tentative(struct kith_interfaces *interfaces);

bool kith_interfaces_equal(const struct kith_interfaces *a,
                           const struct kith_interfaces *b);

/* Has this interface an address? Of `family`, or of any with AF_UNSPEC. */
bool kith_interfaces_have(const struct kith_interfaces *interfaces, unsigned interface,
                          int family);

/* The first whose subnet it is in; NULL when there is none. Of a mapped IPv4 address:
 * none. */
const struct kith_interface_address *kith_interfaces_toward(
    const struct kith_interfaces *interfaces, const struct sockaddr_storage *address);

/* Is there one? */
bool kith_interfaces_reach(const struct kith_interfaces *interfaces,
                           const struct sockaddr_storage *address);

/* The first address of its interface and family, so that a walk over all of them meets
 * each interface once a family. */
bool kith_interfaces_is_first(const struct kith_interfaces *interfaces, size_t index);

/* The directed broadcast address of an IPv4 address that is_broadcast. */
struct in_addr kith_interface_address_broadcast(
    const struct kith_interface_address *address);

#endif
