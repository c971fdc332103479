/* SPDX-License-Identifier: MIT */
#include "net/interface_watch.h"
#include <errno.h>
#include <net/if.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#endif

#define TURN_MAX                                                                         \
    64 /* reads in one turn, so that a flapping link leaves time for others */

static void on_timer(uv_timer_t *timer);

static bool read_usable(struct kith_interface_watch *watch)
{
    struct kith_interfaces found;
    if (kith_interfaces_read(&found) && kith_interfaces_drop_tentative(&found)) {
        watch->now = found;
        return true;
    }
    if (uv_timer_get_repeat(&watch->timer) == 0)
        uv_timer_start(&watch->timer, on_timer, KITH_INTERFACE_AGAIN_MS, 0);
    return false;
}

static void on_timer(uv_timer_t *timer)
{
    struct kith_interface_watch *watch = timer->data;
    struct kith_interfaces before = watch->now;
    if (!read_usable(watch))
        return;
    bool is_changed = watch->has_news || !kith_interfaces_equal(&before, &watch->now);
    watch->has_news = false;
    if (is_changed)
        watch->changed(watch, &before);
}

#ifdef __linux__

#define MESSAGES_SIZE 16384 /* what the kernel packs into one read at most */

static bool is_news_of_link(const struct kith_interface_watch *watch,
                            const struct nlmsghdr *message)
{
    const unsigned wanted = IFF_UP | IFF_RUNNING;
    const struct ifinfomsg *link = NLMSG_DATA(message);
    return kith_interfaces_have(&watch->now, (unsigned)link->ifi_index, AF_UNSPEC) &&
           (message->nlmsg_type == RTM_DELLINK || (link->ifi_flags & wanted) != wanted);
}

static bool is_news_of_address(const struct kith_interface_watch *watch,
                               const struct nlmsghdr *message)
{
    const struct ifaddrmsg *address = NLMSG_DATA(message);
    return kith_interfaces_have(&watch->now, address->ifa_index, address->ifa_family);
}

static bool is_news(const struct kith_interface_watch *watch,
                    const struct nlmsghdr *message)
{
    switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg)) &&
               is_news_of_link(watch, message);
    case RTM_DELADDR:
        return message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)) &&
               is_news_of_address(watch, message);
    default:
        return false;
    }
}

/* False when nothing was there. */
static bool take_messages(struct kith_interface_watch *watch)
{
    _Alignas(struct nlmsghdr) char bytes[MESSAGES_SIZE];
    ssize_t got = recv(watch->fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == ENOBUFS) { /* some were lost: who knows which */
        watch->has_news = true;
        return true;
    }
    if (got < 0)
        return errno == EINTR;
    unsigned size = (unsigned)got;
    const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
    for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size))
        watch->has_news |= is_news(watch, message);
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kith_interface_watch *watch = poll->data;
    for (int i = 0; i < TURN_MAX && take_messages(watch); i++)
        ;
    if (status < 0) /* lost messages are an error of the socket, at which libuv stops */
        uv_poll_start(poll, UV_READABLE, on_readable);
    if (!uv_is_active((uv_handle_t *)&watch->timer))
        uv_timer_start(&watch->timer, on_timer, KITH_INTERFACE_SETTLE_MS, 0);
}

static int open_netlink(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    const struct sockaddr_nl groups = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
    };
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&groups, sizeof groups) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool listen_to_kernel(struct kith_interface_watch *watch, uv_loop_t *loop)
{
    watch->fd = open_netlink();
    if (watch->fd < 0)
        return false;
    if (uv_poll_init(loop, &watch->poll, watch->fd) != 0) {
        close(watch->fd);
        watch->fd = -1;
        return false;
    }
    watch->poll.data = watch;
    watch->handles_open++;
    uv_poll_start(&watch->poll, UV_READABLE, on_readable);
    return true;
}

#else

static bool listen_to_kernel(struct kith_interface_watch *watch, uv_loop_t *loop)
{
    return false;
}

#endif

void kith_interface_watch_init(struct kith_interface_watch *watch, uv_loop_t *loop,
                               bool polls,
                               void (*changed)(struct kith_interface_watch *watch,
                                               const struct kith_interfaces *before))
{
    watch->fd = -1;
    watch->now = (struct kith_interfaces){0};
    watch->has_news = false;
    watch->changed = changed;
    watch->handles_open = 1;
    uv_timer_init(loop, &watch->timer);
    watch->timer.data = watch;
    /* Listen first: what changes after the look is then heard of. */
    bool is_told = !polls && listen_to_kernel(watch, loop);
    read_usable(watch);
    if (!is_told)
        uv_timer_start(&watch->timer, on_timer, KITH_INTERFACE_POLL_MS,
                       KITH_INTERFACE_POLL_MS);
}

static void on_closed(uv_handle_t *handle)
{
    struct kith_interface_watch *watch = handle->data;
    if (--watch->handles_open == 0)
        watch->closed(watch);
}

void kith_interface_watch_close(struct kith_interface_watch *watch,
                                void (*closed)(struct kith_interface_watch *watch))
{
    watch->closed = closed;
    uv_close((uv_handle_t *)&watch->timer, on_closed);
    if (watch->fd < 0)
        return;
    uv_close((uv_handle_t *)&watch->poll, on_closed);
    close(watch->fd);
}
