/* SPDX-License-Identifier: MIT */
#include "own_network.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/unit.h"

static void ask(unsigned long what, struct ifreq *request)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(ioctl(fd, what, request), 0);
    close(fd);
}

void own_network_set_loopback(bool is_up)
{
    struct ifreq request = {.ifr_name = "lo"};
    request.ifr_flags = (short)(is_up ? IFF_UP : 0);
    ask(SIOCSIFFLAGS, &request);
}

void own_network_add_address(const char *ipv4)
{
    struct ifreq request = {.ifr_name = "lo:1"};
    struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
    address->sin_family = AF_INET;
    assert_int_equal(inet_pton(AF_INET, ipv4, &address->sin_addr), 1);
    ask(SIOCSIFADDR, &request);
}

/* As <linux/ipv6.h> has it, which does not go with <netinet/in.h>. */
struct in6_request {
    struct in6_addr address;
    uint32_t prefix_size;
    int interface;
    char rest[16]; /* valgrind takes it for a request as of IPv4, which is longer */
};

void own_network_add_ipv6_address(const char *ipv6)
{
    struct in6_request request = {.prefix_size = 128,
                                  .interface = (int)if_nametoindex("lo")};
    assert_int_equal(inet_pton(AF_INET6, ipv6, &request.address), 1);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
    const struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                                    .sin6_addr = request.address};
    int tries = 0; /* the kernel looks first whether somebody has it already */
    while (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 && tries++ < 5000)
        poll(NULL, 0, 1);
    assert_true(tries < 5000);
    close(fd);
}

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    bool is_written = fputs(text, file) >= 0;
    return fclose(file) == 0 && is_written;
}

/* Root there, so that programs which a test runs may change the network, too. */
static bool enter_user_namespace(void)
{
    char uids[32], gids[32];
    snprintf(uids, sizeof uids, "0 %u 1", (unsigned)geteuid());
    snprintf(gids, sizeof gids, "0 %u 1", (unsigned)getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
           write_file("/proc/self/setgroups", "deny") &&
           write_file("/proc/self/uid_map", uids) &&
           write_file("/proc/self/gid_map", gids);
}

bool own_network_enter(void)
{
    if (unshare(CLONE_NEWNET) != 0 && !enter_user_namespace())
        return false;
    own_network_set_loopback(true);
    return true;
}
