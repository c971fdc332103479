/* SPDX-License-Identifier: MIT */
#include "core/scope.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
    uint32_t first;
    uint32_t mask;
};

/* What is not dialled from elsewhere (RFC 6890, section 2.2.2). */
static const struct block local_ipv4[] = {
    {0x00000000, 0xff000000}, /* 0.0.0.0/8 */
    {0x0a000000, 0xff000000}, /* 10.0.0.0/8 */
    {0x64400000, 0xffc00000}, /* 100.64.0.0/10 */
    {0x7f000000, 0xff000000}, /* 127.0.0.0/8 */
    {0xa9fe0000, 0xffff0000}, /* 169.254.0.0/16 */
    {0xac100000, 0xfff00000}, /* 172.16.0.0/12 */
    {0xc0a80000, 0xffff0000}, /* 192.168.0.0/16 */
    {0xe0000000, 0xe0000000}, /* 224.0.0.0/3: multicast and above */
};

static bool parse_ipv4(const char *host, uint32_t *out)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char *end;
        if (host[0] < '0' || host[0] > '9')
            return false;
        unsigned long part = strtoul(host, &end, 10);
        if (part > 255 || *end != (i < 3 ? '.' : '\0'))
            return false;
        value = value << 8 | (uint32_t)part;
        host = end + 1;
    }
    *out = value;
    return true;
}

/* Not a name that begins like one: nothing is looked up on a stranger's word. */
bool kith_scope_is_loopback(const char *host)
{
    uint32_t ipv4;
    return strcmp(host, "::1") == 0 || (parse_ipv4(host, &ipv4) && ipv4 >> 24 == 127);
}

bool kith_scope_is_global(const char *host)
{
    uint32_t ipv4;
    if (strchr(host, ':') != NULL) /* 2000::/3 is what is given out */
        return (host[0] == '2' || host[0] == '3') && strchr(host, '%') == NULL &&
               host[1] != ':' && host[2] != ':' && host[3] != ':';
    if (!parse_ipv4(host, &ipv4))
        return false;
    for (size_t i = 0; i < sizeof(local_ipv4) / sizeof(local_ipv4[0]); i++)
        if ((ipv4 & local_ipv4[i].mask) == local_ipv4[i].first)
            return false;
    return true;
}
