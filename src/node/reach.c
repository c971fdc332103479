/* SPDX-License-Identifier: MIT */
#include "node/reach.h"

#include <string.h>
#include <uv.h>

#include "node/runtime.h"

static bool is_wildcard(const struct kith_address *address)
{
    return address->host[0] == '\0' || strcmp(address->host, "::") == 0 ||
           strcmp(address->host, "0.0.0.0") == 0;
}

static bool is_link_local(const uv_interface_address_t *interface)
{
    if (interface->address.address4.sin_family == AF_INET)
        return (ntohl(interface->address.address4.sin_addr.s_addr) >> 16) == 0xa9fe;
    return IN6_IS_ADDR_LINKLOCAL(&interface->address.address6.sin6_addr);
}

static bool host_of(const uv_interface_address_t *interface, bool wants_ipv6,
                    struct kith_address *out)
{
    if (interface->address.address4.sin_family == AF_INET)
        return uv_ip4_name(&interface->address.address4, out->host, sizeof(out->host)) ==
               0;
    return wants_ipv6 &&
           uv_ip6_name(&interface->address.address6, out->host, sizeof(out->host)) == 0;
}

/* Addresses of this host that are, or are not, loopback. */
static size_t expand(const struct kith_address *bound, bool internal,
                     const uv_interface_address_t *interfaces, int interface_count,
                     struct kith_address *out, size_t out_max)
{
    size_t count = 0;
    bool wants_ipv6 = strcmp(bound->host, "0.0.0.0") != 0;
    for (int i = 0; i < interface_count && count < out_max; i++) {
        if ((interfaces[i].is_internal != 0) != internal || is_link_local(&interfaces[i]))
            continue;
        out[count] = (struct kith_address){.port = bound->port};
        count += host_of(&interfaces[i], wants_ipv6, &out[count]);
    }
    return count;
}

bool kith_reach_is_loopback(const struct kith_address *address)
{
    return strncmp(address->host, "127.", 4) == 0 || strcmp(address->host, "::1") == 0;
}

/* Stable: of each kind in the order they were given. */
static size_t sort(const struct kith_address *bound, size_t bound_count,
                   const struct kith_address **out, size_t out_max)
{
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < bound_count && count < out_max; i++)
            if (kith_reach_is_loopback(&bound[i]) == (pass == 1))
                out[count++] = &bound[i];
    return count;
}

size_t kith_reach_sources(const struct kith_address *bound, size_t bound_count,
                          struct kith_address *out, size_t out_max)
{
    const struct kith_address *sorted[KITH_LISTEN_MAX];
    size_t count = 0;
    size_t sorted_count = sort(bound, bound_count, sorted, KITH_LISTEN_MAX);
    for (size_t i = 0; i < sorted_count && count < out_max; i++)
        if (sorted[i]->port == sorted[0]->port)
            out[count++] = *sorted[i];
    return count;
}

size_t kith_reach(const struct kith_address *bound, size_t bound_count,
                  struct kith_address *out, size_t out_max)
{
    size_t count = 0;
    int interface_count = 0;
    uv_interface_address_t *interfaces = NULL;
    const struct kith_address *sorted[KITH_LISTEN_MAX];
    size_t sorted_count = sort(bound, bound_count, sorted, KITH_LISTEN_MAX);
    if (uv_interface_addresses(&interfaces, &interface_count) != 0)
        interface_count = 0;
    for (size_t i = 0; i < sorted_count && count < out_max; i++) {
        if (!is_wildcard(sorted[i])) {
            out[count++] = *sorted[i];
            continue;
        }
        size_t got = expand(sorted[i], false, interfaces, interface_count, out + count,
                            out_max - count);
        if (got == 0)
            got = expand(sorted[i], true, interfaces, interface_count, out + count,
                         out_max - count);
        count += got;
    }
    if (interfaces != NULL)
        uv_free_interface_addresses(interfaces, interface_count);
    return count;
}
