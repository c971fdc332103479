/* SPDX-License-Identifier: MIT */
#include "api/server_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define PORT_OF_HTTP 80 /* what browsers leave out */

static void format_ipv6(const struct in6_addr *address, struct kith_gate *out)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        inet_ntop(AF_INET, &address->s6_addr[12], out->host, sizeof out->host);
        return;
    }
    inet_ntop(AF_INET6, address, text, sizeof text);
    snprintf(out->host, sizeof out->host, "[%s]", text);
}

bool kith_gate_of(int fd, struct kith_gate *out)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        struct sockaddr_storage room;
    } local;
    socklen_t size = sizeof local;
    if (getsockname(fd, &local.any, &size) != 0)
        return false;
    if (local.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &local.ipv4.sin_addr, out->host, sizeof out->host);
        out->port = ntohs(local.ipv4.sin_port);
        return true;
    }
    if (local.any.sa_family != AF_INET6)
        return false;
    format_ipv6(&local.ipv6.sin6_addr, out);
    out->port = ntohs(local.ipv6.sin6_port);
    return true;
}

void kith_gate_any_to_loopback(struct kith_gate *gate)
{
    if (strcmp(gate->host, "0.0.0.0") == 0)
        snprintf(gate->host, sizeof gate->host, "127.0.0.1");
    else if (strcmp(gate->host, "[::]") == 0)
        snprintf(gate->host, sizeof gate->host, "[::1]");
}

static bool is_name(const struct kith_gate *gate, const char *name, const char *host)
{
    char wanted[KITH_GATE_HOST_SIZE + 8];
    if (gate->port == PORT_OF_HTTP && strcasecmp(host, name) == 0)
        return true;
    snprintf(wanted, sizeof wanted, "%s:%u", name, (unsigned)gate->port);
    return strcasecmp(host, wanted) == 0;
}

bool kith_gate_has_host(const struct kith_gate *gate, const char *host)
{
    return is_name(gate, gate->host, host) || is_name(gate, "localhost", host);
}

bool kith_gate_has_origin(const struct kith_gate *gate, const char *origin)
{
    static const char scheme[] = "http://";
    size_t size = sizeof scheme - 1;
    return strncasecmp(origin, scheme, size) == 0 &&
           kith_gate_has_host(gate, origin + size);
}
