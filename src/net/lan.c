/* SPDX-License-Identifier: MIT */
#include "net/lan.h"
#include <netinet/in.h>
#include "net/sockaddr.h"

static uint32_t v4_of(const struct sockaddr_storage *address)
{
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
}

static const struct in6_addr *v6_of(const struct sockaddr_storage *address)
{
    return &((const struct sockaddr_in6 *)address)->sin6_addr;
}

bool kith_lan_is_local(const struct sockaddr_storage *address)
{
    struct sockaddr_storage plain = *address;
    kith_sockaddr_unmap(&plain);
    if (plain.ss_family == AF_INET)
        return v4_of(&plain) >> 24 == 127 || v4_of(&plain) >> 16 == 0xa9fe;
    return IN6_IS_ADDR_LOOPBACK(v6_of(&plain)) || IN6_IS_ADDR_LINKLOCAL(v6_of(&plain));
}

bool kith_lan_is_private(const struct sockaddr_storage *address)
{
    struct sockaddr_storage plain = *address;
    kith_sockaddr_unmap(&plain);
    if (plain.ss_family == AF_INET) {
        uint32_t host = v4_of(&plain);
        return host >> 24 == 10 || host >> 20 == 0xac1 || host >> 16 == 0xc0a8;
    }
    return (v6_of(&plain)->s6_addr[0] & 0xfe) == 0xfc;
}

bool kith_lan_has(const struct kith_interfaces *interfaces,
                  const struct sockaddr_storage *address)
{
    struct sockaddr_storage plain = *address;
    kith_sockaddr_unmap(&plain);
    return kith_lan_is_local(&plain) ||
           (kith_lan_is_private(&plain) && kith_interfaces_reach(interfaces, &plain));
}
