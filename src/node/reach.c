/* SPDX-License-Identifier: MIT */
#include "node/reach.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/scope.h"
#include "node/runtime.h"

static bool is_wildcard(const struct kith_address *address)
{
    return address->host[0] == '\0' || strcmp(address->host, "::") == 0 ||
           strcmp(address->host, "0.0.0.0") == 0;
}

static bool is_link_local(const struct kith_interface_address *interface)
{
    if (interface->family == AF_INET)
        return interface->address[0] == 169 && interface->address[1] == 254;
    return interface->address[0] == 0xfe && (interface->address[1] & 0xc0) == 0x80;
}

enum rank { MAIN, GLOBAL, FIRST, FURTHER, RANKS }; /* which to tell if not all can be */

static enum rank rank_of(const struct kith_interfaces *interfaces, size_t index,
                         const char *host)
{
    if (interfaces->addresses[index].is_main)
        return MAIN;
    if (kith_scope_is_global(host))
        return GLOBAL;
    return kith_interfaces_is_first(interfaces, index) ? FIRST : FURTHER;
}

/* Addresses of this host that are, or are not, loopback. */
static size_t expand(const struct kith_address *bound, bool is_loopback,
                     const struct kith_interfaces *interfaces, struct kith_address *out,
                     size_t out_max)
{
    size_t count = 0;
    bool wants_ipv6 = strcmp(bound->host, "0.0.0.0") != 0;
    for (enum rank rank = 0; rank < RANKS; rank++)
        for (size_t i = 0; i < interfaces->count && count < out_max; i++) {
            const struct kith_interface_address *interface = &interfaces->addresses[i];
            if (interface->is_loopback != is_loopback || is_link_local(interface) ||
                (interface->family == AF_INET6 && !wants_ipv6))
                continue;
            out[count] = (struct kith_address){.port = bound->port};
            count += inet_ntop(interface->family, interface->address, out[count].host,
                               sizeof(out[count].host)) != NULL &&
                     rank_of(interfaces, i, out[count].host) == rank;
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
                  const struct kith_interfaces *interfaces, struct kith_address *out,
                  size_t out_max)
{
    size_t count = 0;
    const struct kith_address *sorted[KITH_LISTEN_MAX];
    size_t sorted_count = sort(bound, bound_count, sorted, KITH_LISTEN_MAX);
    for (size_t i = 0; i < sorted_count && count < out_max; i++) {
        if (!is_wildcard(sorted[i])) {
            out[count++] = *sorted[i];
            continue;
        }
        size_t got = expand(sorted[i], false, interfaces, out + count, out_max - count);
        if (got == 0)
            got = expand(sorted[i], true, interfaces, out + count, out_max - count);
        count += got;
    }
    return count;
}
