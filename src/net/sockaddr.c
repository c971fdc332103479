/* SPDX-License-Identifier: MIT */
#include "net/sockaddr.h"
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

bool kith_sockaddr_parse(const struct kith_address *address, struct sockaddr_storage *out)
{
    if (address->host[0] == '\0')
        return false;
    char port[6];
    snprintf(port, sizeof port, "%u", (unsigned)address->port);
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(address->host, port, &hints, &list) != 0)
        return false;
    memset(out, 0, sizeof *out);
    memcpy(out, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return true;
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    return ntohs(address->ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

void kith_sockaddr_format(const struct sockaddr_storage *from, struct kith_address *out)
{
    struct sockaddr_storage plain = *from;
    kith_sockaddr_unmap(&plain);
    memset(out, 0, sizeof *out);
    if (getnameinfo((const struct sockaddr *)&plain, kith_sockaddr_size(&plain),
                    out->host, sizeof out->host, NULL, 0, NI_NUMERICHOST) != 0)
        out->host[0] = '\0';
    out->port = port_of(&plain);
}

socklen_t kith_sockaddr_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

void kith_sockaddr_any(int family, uint16_t port, struct sockaddr_storage *out)
{
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    memset(out, 0, sizeof *out);
    if (family == AF_INET6)
        memcpy(out, &v6, sizeof v6);
    else
        memcpy(out, &v4, sizeof v4);
}

void kith_sockaddr_unmap(struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    if (address->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        return;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6->sin6_port};
    memcpy(&v4.sin_addr, v6->sin6_addr.s6_addr + 12, sizeof v4.sin_addr);
    memset(address, 0, sizeof *address);
    memcpy(address, &v4, sizeof v4);
}

bool kith_sockaddr_same_host(const struct sockaddr_storage *a,
                             const struct sockaddr_storage *b)
{
    struct sockaddr_storage x = *a;
    struct sockaddr_storage y = *b;
    kith_sockaddr_unmap(&x);
    kith_sockaddr_unmap(&y);
    if (x.ss_family != y.ss_family)
        return false;
    if (x.ss_family == AF_INET)
        return ((struct sockaddr_in *)&x)->sin_addr.s_addr ==
               ((struct sockaddr_in *)&y)->sin_addr.s_addr;
    return IN6_ARE_ADDR_EQUAL(&((struct sockaddr_in6 *)&x)->sin6_addr,
                              &((struct sockaddr_in6 *)&y)->sin6_addr);
}

static uint32_t scope_of(const struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    return address->ss_family == AF_INET6 ? v6->sin6_scope_id : 0;
}

bool kith_sockaddr_equal(const struct sockaddr_storage *a,
                         const struct sockaddr_storage *b)
{
    return kith_sockaddr_same_host(a, b) && port_of(a) == port_of(b) &&
           scope_of(a) == scope_of(b);
}
