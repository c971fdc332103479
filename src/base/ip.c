/* SPDX-License-Identifier: MIT */
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define IPV4_AT 12 /* where the four bytes of a mapped address begin */

static const uint8_t mapped[IPV4_AT] = {[10] = 0xff, [11] = 0xff};

/* An address, how many of its bits count, and how far it leads. */
struct prefix {
    uint8_t bytes[KITH_IP_SIZE];
    unsigned bits;
    enum kith_ip_reach reach;
};

#define IPV4(a, b, bits_, reach_)                                                        \
    {                                                                                    \
        {[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b)}, 96 + (bits_), (reach_)       \
    }

/* The first that fits decides; what none fits is global. */
static const struct prefix prefixes[] = {
    IPV4(0, 0, 8, KITH_IP_LOCAL),      /* this network */
    IPV4(127, 0, 8, KITH_IP_LOCAL),    /* loopback */
    IPV4(169, 254, 16, KITH_IP_LOCAL), /* link-local */
    IPV4(224, 0, 3, KITH_IP_LOCAL),    /* multicast and above */
    IPV4(10, 0, 8, KITH_IP_PRIVATE),
    IPV4(100, 64, 10, KITH_IP_PRIVATE),
    IPV4(172, 16, 12, KITH_IP_PRIVATE),
    IPV4(192, 168, 16, KITH_IP_PRIVATE),
    IPV4(0, 0, 0, KITH_IP_GLOBAL), /* the rest of IPv4 */
    {{0}, 64, KITH_IP_LOCAL},      /* ::, ::1, and IPv4 in its older dress */
    {{0xfc}, 7, KITH_IP_PRIVATE},
    {{0xfe, 0x80}, 10, KITH_IP_LOCAL}, /* link-local */
    {{0xff}, 8, KITH_IP_LOCAL},        /* multicast */
    /* Behind a translator (RFC 6052, RFC 8215) or a tunnel (RFC 3056) stands an IPv4
     * address of any kind. */
    {{0x00, 0x64, 0xff, 0x9b}, 32, KITH_IP_LOCAL},
    {{0x20, 0x02}, 16, KITH_IP_LOCAL},
};

static bool is_ipv4(const struct kith_ip *ip)
{
    return memcmp(ip->bytes, mapped, sizeof mapped) == 0;
}

bool kith_ip_parse(const char *host, struct kith_ip *out)
{
    char text[INET6_ADDRSTRLEN];
    struct kith_ip ip;
    size_t size = strcspn(host, "%");
    if (size >= sizeof text)
        return false;
    memcpy(text, host, size);
    text[size] = '\0';
    if (inet_pton(AF_INET, text, ip.bytes + IPV4_AT) == 1)
        memcpy(ip.bytes, mapped, sizeof mapped);
    else if (inet_pton(AF_INET6, text, ip.bytes) != 1)
        return false;
    *out = ip;
    return true;
}

bool kith_ip_port_parse(struct kith_bytes text, struct kith_ip_port *out)
{
    struct kith_address address;
    struct kith_ip_port place;
    if (kith_address_parse(text, 0, false, &address, NULL) != 0 ||
        strchr(address.host, '%') != NULL || !kith_ip_parse(address.host, &place.ip))
        return false;
    place.port = address.port;
    *out = place;
    return true;
}

struct kith_address kith_ip_port_address(const struct kith_ip_port *place)
{
    struct kith_address address = {.port = place->port};
    if (is_ipv4(&place->ip))
        inet_ntop(AF_INET, place->ip.bytes + IPV4_AT, address.host, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, place->ip.bytes, address.host, INET6_ADDRSTRLEN);
    return address;
}

bool kith_ip_equal(const struct kith_ip *a, const struct kith_ip *b)
{
    return memcmp(a->bytes, b->bytes, KITH_IP_SIZE) == 0;
}

bool kith_ip_port_equal(const struct kith_ip_port *a, const struct kith_ip_port *b)
{
    return a->port == b->port && kith_ip_equal(&a->ip, &b->ip);
}

struct kith_ip kith_ip_household(const struct kith_ip *ip)
{
    struct kith_ip household = *ip;
    if (!is_ipv4(ip))
        memset(household.bytes + KITH_IP_SIZE / 2, 0, KITH_IP_SIZE / 2);
    return household;
}

static bool has_prefix(const struct kith_ip *ip, const struct prefix *prefix)
{
    unsigned whole = prefix->bits / 8;
    unsigned rest = prefix->bits % 8;
    if (memcmp(ip->bytes, prefix->bytes, whole) != 0)
        return false;
    return rest == 0 || (ip->bytes[whole] ^ prefix->bytes[whole]) >> (8 - rest) == 0;
}

enum kith_ip_reach kith_ip_reach(const struct kith_ip *ip)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (has_prefix(ip, &prefixes[i]))
            return prefixes[i].reach;
    return KITH_IP_GLOBAL;
}
