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

struct kith_ip kith_sockaddr_ip(const struct sockaddr_storage *address)
{
    struct kith_ip ip = {{[10] = 0xff, [11] = 0xff}};
    if (address->ss_family == AF_INET6)
        memcpy(ip.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr,
               sizeof ip.bytes);
    else
        memcpy(ip.bytes + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
    return ip;
}

static uint32_t scope_of(const struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    return address->ss_family == AF_INET6 ? v6->sin6_scope_id : 0;
}

bool kith_sockaddr_equal(const struct sockaddr_storage *a,
                         const struct sockaddr_storage *b)
{
    struct kith_ip ip_a = kith_sockaddr_ip(a), ip_b = kith_sockaddr_ip(b);
    return kith_ip_equal(&ip_a, &ip_b) && port_of(a) == port_of(b) &&
           scope_of(a) == scope_of(b);
}
