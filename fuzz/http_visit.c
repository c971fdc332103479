/* SPDX-License-Identifier: MIT */
#include "http_visit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_MAX 256 /* before a door: more than any input has come */

union any_address {
    struct sockaddr any;
    struct sockaddr_un unix_;
    struct sockaddr_in ipv4;
};

/* One socket of each kind for ever: ports that were just used are not free at once. */
static struct door {
    bool is_open;
    int fd;
    uint16_t port;
} doors[2];

static struct door *door_of(int family)
{
    return &doors[family == AF_INET];
}

/* Abstract, so that nothing of it is in a folder. */
static socklen_t door_address(int family, union any_address *out)
{
    *out = (union any_address){0};
    if (family == AF_INET) {
        out->ipv4.sin_family = AF_INET;
        out->ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        out->ipv4.sin_port = htons(door_of(family)->port);
        return sizeof(out->ipv4);
    }
    out->unix_.sun_family = AF_UNIX;
    snprintf(out->unix_.sun_path + 1, 40, "kith-fuzz-%d", (int)getpid());
    return sizeof(out->unix_);
}

static void open_door(int family, struct door *door)
{
    union any_address address;
    socklen_t size = door_address(family, &address);
    door->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert(door->fd >= 0 && bind(door->fd, &address.any, size) == 0 &&
           listen(door->fd, WAITING_MAX) == 0);
    if (family == AF_INET) {
        getsockname(door->fd, &address.any, &size);
        door->port = ntohs(address.ipv4.sin_port);
    }
    door->is_open = true;
}

int http_door(int family, uint16_t *out_port)
{
    struct door *door = door_of(family);
    if (!door->is_open)
        open_door(family, door);
    *out_port = door->port;
    int fd = dup(door->fd);
    assert(fd >= 0);
    return fd;
}

int http_knock(int family)
{
    union any_address address;
    socklen_t size = door_address(family, &address);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    /* Interrupted, by libFuzzer's alarm, it goes on. */
    if (connect(fd, &address.any, size) != 0 && (errno != EINTR || family != AF_INET)) {
        assert(errno == EADDRNOTAVAIL);
        close(fd);
        return -1;
    }
    /* Many thousand connections a minute: none of them may linger. */
    const struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    if (family == AF_INET) /* what is said in pieces comes in pieces, and now */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &none.l_onoff, sizeof(none.l_onoff));
    return fd;
}

size_t http_say(int fd, struct kith_bytes text)
{
    ssize_t size = send(fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return size > 0 ? (size_t)size : 0;
}

bool http_hear(int fd, size_t size_max, struct kith_writer *out, bool *is_news)
{
    uint8_t bytes[16384];
    ssize_t size = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    *is_news = size > 0;
    if (size > 0 && out->size < size_max)
        kith_writer_bytes(out, bytes, (size_t)size);
    return size > 0 || (size < 0 && errno == EAGAIN);
}
