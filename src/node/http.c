/* SPDX-License-Identifier: MIT */
#include "node/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kith/error.h"

#define BACKLOG 64 /* the tabs of a browser, and scripts that come all at once */

union place {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* The size of the address; 0: not an IP address. */
static socklen_t parse(const struct kith_address *address, union place *out)
{
    *out = (union place){.any = {0}};
    if (inet_pton(AF_INET, address->host, &out->ipv4.sin_addr) == 1) {
        out->ipv4.sin_family = AF_INET;
        out->ipv4.sin_port = htons(address->port);
        return sizeof(out->ipv4);
    }
    if (inet_pton(AF_INET6, address->host, &out->ipv6.sin6_addr) != 1)
        return 0;
    out->ipv6.sin6_family = AF_INET6;
    out->ipv6.sin6_port = htons(address->port);
    return sizeof(out->ipv6);
}

static bool parse_host(const char *host, union place *out)
{
    struct kith_address address = {.port = 0};
    snprintf(address.host, sizeof(address.host), "%s", host);
    return parse(&address, out) != 0;
}

bool kith_http_is_ip(const char *host)
{
    union place place;
    return parse_host(host, &place);
}

bool kith_http_is_loopback(const char *host)
{
    union place place;
    if (!parse_host(host, &place))
        return false;
    if (place.any.sa_family == AF_INET)
        return ntohl(place.ipv4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(&place.ipv6.sin6_addr);
}

static int explain(const struct kith_address *address, int number,
                   struct kith_problem *problem)
{
    char text[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(address, text);
    switch (number) {
    case EADDRINUSE:
        return kith_problem_set(problem, KITH_EADDRINUSE,
                                "cannot serve http on %s: the address is already in use, "
                                "perhaps by another kith; choose another with --http, or "
                                "leave --http out and the next free port is taken",
                                text);
    case EACCES:
        return kith_problem_set(problem, KITH_EACCESS,
                                "cannot serve http on %s: ports below 1024 belong to "
                                "root; choose another with --http",
                                text);
    case EADDRNOTAVAIL:
        return kith_problem_set(problem, KITH_EUNREACHABLE,
                                "cannot serve http on %s: this host has no such address; "
                                "choose another with --http",
                                text);
    default:
        return kith_problem_set(problem, KITH_EIO,
                                "cannot serve http on %s: %s; choose another with "
                                "--http, or do without it: --http no",
                                text, strerror(number));
    }
}

/* 0 or an errno. Two sockets may bind one port with SO_REUSEADDR, but only one of them
 * may listen: so only the latter tells whether it is free. */
static int bind_to(int fd, const union place *place, socklen_t size)
{
    int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (place->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    if (bind(fd, &place->any, size) != 0)
        return errno;
    return listen(fd, BACKLOG) == 0 ? 0 : errno;
}

static int try_address(const struct kith_address *address, int *out_fd)
{
    union place place;
    socklen_t size = parse(address, &place);
    if (size == 0)
        return EAFNOSUPPORT;
    int fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int number = fd < 0 ? errno : bind_to(fd, &place, size);
    if (number == 0)
        *out_fd = fd;
    else if (fd >= 0)
        close(fd);
    return number;
}

int kith_http_listen(const struct kith_address *address, bool is_exact, int *out_fd,
                     struct kith_problem *problem)
{
    struct kith_address tried = *address;
    int number = try_address(&tried, out_fd);
    for (int i = 1; number == EADDRINUSE && !is_exact && i < KITH_HTTP_PORTS_TRIED; i++) {
        tried.port++;
        number = try_address(&tried, out_fd);
    }
    return number == 0 ? 0 : explain(&tried, number, problem);
}

struct kith_address kith_http_bound(int fd, const struct kith_address *asked)
{
    union place place = {.any = {0}};
    socklen_t size = sizeof(place);
    struct kith_address bound = *asked;
    if (getsockname(fd, &place.any, &size) != 0)
        return bound;
    bound.port = ntohs(place.any.sa_family == AF_INET ? place.ipv4.sin_port
                                                      : place.ipv6.sin6_port);
    return bound;
}
