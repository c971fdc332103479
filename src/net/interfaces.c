/* SPDX-License-Identifier: MIT */
#include "net/interfaces.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/if_addr.h>
#endif

static void copy_bytes(uint8_t out[static 16], const struct sockaddr *from)
{
    if (from->sa_family == AF_INET)
        memcpy(out, &((const struct sockaddr_in *)from)->sin_addr, 4);
    else
        memcpy(out, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
}

/* RFC 3021: with 31 or 32 bits of network there is no broadcast address. */
static bool has_room_for_broadcast(const uint8_t mask[static 16])
{
    return mask[3] < 0xfe;
}

static bool is_wanted(const struct ifaddrs *entry)
{
    const unsigned wanted = IFF_UP | IFF_RUNNING;
    return entry->ifa_addr && entry->ifa_netmask &&
           (entry->ifa_addr->sa_family == AF_INET ||
            entry->ifa_addr->sa_family == AF_INET6) &&
           (entry->ifa_flags & wanted) == wanted;
}

/* One that is gone by now is left out. */
static bool add(struct kith_interfaces *out, const struct ifaddrs *entry)
{
    if (out->count == KITH_INTERFACE_ADDRESSES_MAX)
        return true;
    unsigned interface = if_nametoindex(entry->ifa_name);
    if (interface == 0)
        return errno == ENODEV || errno == ENXIO;
    struct kith_interface_address *added = &out->addresses[out->count++];
    bool is_loopback = entry->ifa_flags & IFF_LOOPBACK;
    added->interface = interface;
    added->family = entry->ifa_addr->sa_family;
    copy_bytes(added->address, entry->ifa_addr);
    copy_bytes(added->mask, entry->ifa_netmask);
    added->is_loopback = is_loopback;
    added->is_multicast = is_loopback || entry->ifa_flags & IFF_MULTICAST;
    added->is_broadcast = added->family == AF_INET &&
                          (is_loopback || entry->ifa_flags & IFF_BROADCAST) &&
                          has_room_for_broadcast(added->mask);
    return true;
}

/* Asks the routes; nothing is sent. Without a descriptor, or a route, none is marked. */
static void mark_main(struct kith_interfaces *interfaces, const struct sockaddr *far,
                      socklen_t size)
{
    struct sockaddr_storage own = {0};
    uint8_t address[16] = {0};
    socklen_t own_size = sizeof own;
    int fd = socket(far->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, far, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&own, &own_size) == 0) {
        copy_bytes(address, (struct sockaddr *)&own);
        for (size_t i = 0; i < interfaces->count; i++)
            interfaces->addresses[i].is_main |=
                interfaces->addresses[i].family == far->sa_family &&
                memcmp(interfaces->addresses[i].address, address, sizeof address) == 0;
    }
    close(fd);
}

static void mark_mains(struct kith_interfaces *interfaces)
{
    struct sockaddr_in far4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 far6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    inet_pton(AF_INET, "198.51.100.1", &far4.sin_addr);  /* RFC 5737: nobody's */
    inet_pton(AF_INET6, "2001:db8::1", &far6.sin6_addr); /* RFC 3849 */
    mark_main(interfaces, (struct sockaddr *)&far4, sizeof far4);
    mark_main(interfaces, (struct sockaddr *)&far6, sizeof far6);
}

bool kith_interfaces_read(struct kith_interfaces *out)
{
    struct kith_interfaces found = {0};
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0)
        return false;
    bool is_told = true;
    for (const struct ifaddrs *entry = list; entry && is_told; entry = entry->ifa_next)
        if (is_wanted(entry))
            is_told = add(&found, entry);
    freeifaddrs(list);
    if (!is_told)
        return false;
    mark_mains(&found);
    *out = found;
    return true;
}

#ifdef __linux__

#define LINE_SIZE_MAX 128

/* `address index prefix scope flags name`, all but the name hexadecimal, of which
 * getifaddrs leaves out the flags. */
static bool parse_tentative(const char *line, struct kith_interface_address *out)
{
    char digits[3] = {0};
    for (size_t i = 0; i < sizeof out->address; i++) {
        if (!isxdigit((unsigned char)line[2 * i]) ||
            !isxdigit((unsigned char)line[2 * i + 1]))
            return false;
        memcpy(digits, line + 2 * i, 2);
        out->address[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    char *at;
    out->interface = (unsigned)strtoul(line + 2 * sizeof out->address, &at, 16);
    strtoul(at, &at, 16);
    strtoul(at, &at, 16);
    unsigned long flags = strtoul(at, NULL, 16);
    return (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
}

static void drop(struct kith_interfaces *interfaces,
                 const struct kith_interface_address *address)
{
    size_t kept = 0;
    for (size_t i = 0; i < interfaces->count; i++) {
        const struct kith_interface_address *own = &interfaces->addresses[i];
        bool is_it = own->family == AF_INET6 && own->interface == address->interface &&
                     memcmp(own->address, address->address, sizeof own->address) == 0;
        if (!is_it)
            interfaces->addresses[kept++] = *own;
    }
    interfaces->count = kept;
}

bool kith_interfaces_drop_tentative(struct kith_interfaces *interfaces)
{
    char line[LINE_SIZE_MAX];
    struct kith_interface_address tentative;
    FILE *file = fopen("/proc/net/if_inet6", "re");
    if (file == NULL)
        return errno != EMFILE && errno != ENFILE && errno != ENOMEM; /* without IPv6 */
    while (fgets(line, sizeof line, file) != NULL)
        if (parse_tentative(line, &tentative))
            drop(interfaces, &tentative);
    fclose(file);
    return true;
}

#else

bool kith_interfaces_drop_tentative(struct kith_interfaces *interfaces)
{
    return true;
}

#endif

static bool same(const struct kith_interface_address *a,
                 const struct kith_interface_address *b)
{
    return a->interface == b->interface && a->family == b->family &&
           a->is_multicast == b->is_multicast && a->is_broadcast == b->is_broadcast &&
           memcmp(a->address, b->address, sizeof a->address) == 0 &&
           memcmp(a->mask, b->mask, sizeof a->mask) == 0;
}

bool kith_interfaces_equal(const struct kith_interfaces *a,
                           const struct kith_interfaces *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same(&a->addresses[i], &b->addresses[i]))
            return false;
    return true;
}

bool kith_interfaces_have(const struct kith_interfaces *interfaces, unsigned interface,
                          int family)
{
    for (size_t i = 0; i < interfaces->count; i++)
        if (interfaces->addresses[i].interface == interface &&
            (family == AF_UNSPEC || interfaces->addresses[i].family == family))
            return true;
    return false;
}

const struct kith_interface_address *kith_interfaces_toward(
    const struct kith_interfaces *interfaces, const struct sockaddr_storage *address)
{
    uint8_t wanted[16] = {0};
    copy_bytes(wanted, (const struct sockaddr *)address);
    for (size_t i = 0; i < interfaces->count; i++) {
        const struct kith_interface_address *own = &interfaces->addresses[i];
        if (own->family != address->ss_family)
            continue;
        uint8_t difference = 0;
        for (size_t k = 0; k < sizeof wanted; k++)
            difference |= (wanted[k] ^ own->address[k]) & own->mask[k];
        if (difference == 0)
            return own;
    }
    return NULL;
}

bool kith_interfaces_reach(const struct kith_interfaces *interfaces,
                           const struct sockaddr_storage *address)
{
    return kith_interfaces_toward(interfaces, address) != NULL;
}

bool kith_interfaces_is_first(const struct kith_interfaces *interfaces, size_t index)
{
    const struct kith_interface_address *self = &interfaces->addresses[index];
    for (size_t i = 0; i < index; i++)
        if (interfaces->addresses[i].interface == self->interface &&
            interfaces->addresses[i].family == self->family)
            return false;
    return true;
}

struct in_addr kith_interface_address_broadcast(
    const struct kith_interface_address *address)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(address->address[i] | ~address->mask[i]);
    struct in_addr out;
    memcpy(&out, bytes, sizeof out);
    return out;
}
