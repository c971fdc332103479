/* SPDX-License-Identifier: MIT */
#include "net/datagram_socket.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>
#include "net/error.h"
#include "net/sockaddr.h"

#ifdef __linux__
#define SHARE SO_REUSEADDR
#else
#define SHARE SO_REUSEPORT /* elsewhere only so do all of them hear a multicast */
#endif

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* What is sent stays on the link. */
static bool keep_near(int fd, int family)
{
    if (family == AF_INET)
        return set(fd, SOL_SOCKET, SO_BROADCAST, 1) && set(fd, IPPROTO_IP, IP_TTL, 1) &&
               set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1);
    return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
}

static bool bind_any(int fd, int family, uint16_t port)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (family == AF_INET)
        return bind(fd, (const struct sockaddr *)&v4, sizeof v4) == 0;
    return bind(fd, (const struct sockaddr *)&v6, sizeof v6) == 0;
}

int kith_datagram_socket_open(int family, uint16_t port)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return kith_net_error_errno(errno);
    if ((port != 0 && !set(fd, SOL_SOCKET, SHARE, 1)) || !keep_near(fd, family) ||
        !bind_any(fd, family, port)) {
        int error = kith_net_error_errno(errno);
        close(fd);
        return error;
    }
    return fd;
}

void kith_datagram_socket_join(int fd, const struct sockaddr_storage *group,
                               unsigned interface, bool is_afresh)
{
    struct group_req request;
    memset(&request, 0, sizeof request); /* all of it goes to the system */
    request.gr_interface = interface;
    request.gr_group = *group;
    int level = group->ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    if (is_afresh)
        setsockopt(fd, level, MCAST_LEAVE_GROUP, &request, sizeof request);
    /* It fails where it is joined already, where the interface has just gone, and past
     * the system's limit (20 interfaces on Linux), where broadcast has to do. */
    setsockopt(fd, level, MCAST_JOIN_GROUP, &request, sizeof request);
}

/* The address has to be named too: for a group on loopback Linux would choose none. */
static void set_source(struct msghdr *message, const struct kith_interface_address *from)
{
    struct in_pktinfo info = {.ipi_ifindex = (int)from->interface};
    memcpy(&info.ipi_spec_dst, from->address, sizeof info.ipi_spec_dst);
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(header), &info, sizeof info);
    message->msg_controllen = CMSG_SPACE(sizeof info);
}

static void set_source6(struct msghdr *message, const struct kith_interface_address *from)
{
    struct in6_pktinfo info = {.ipi6_ifindex = from->interface};
    memcpy(&info.ipi6_addr, from->address, sizeof info.ipi6_addr);
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = IPV6_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(header), &info, sizeof info);
    message->msg_controllen = CMSG_SPACE(sizeof info);
}

bool kith_datagram_socket_send(int fd, const struct sockaddr_storage *to,
                               const struct kith_interface_address *from, bool is_exact,
                               struct kith_bytes bytes)
{
    struct sockaddr_storage address = *to;
    struct iovec piece = {(void *)bytes.data, bytes.size};
    struct msghdr message = {
        .msg_name = &address,
        .msg_namelen = kith_sockaddr_size(to),
        .msg_iov = &piece,
        .msg_iovlen = 1,
    };
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = {0};
    bool has_source = from && (is_exact || to->ss_family == AF_INET);
    if (from && to->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&address)->sin6_scope_id = from->interface;
    if (has_source) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        if (to->ss_family == AF_INET6)
            set_source6(&message, from);
        else
            set_source(&message, from);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)bytes.size;
}
