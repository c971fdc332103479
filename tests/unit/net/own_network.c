/* SPDX-License-Identifier: MIT */
#include "own_network.h"

#include <arpa/inet.h>
#include <net/if.h>
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

bool own_network_enter(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    own_network_set_loopback(true);
    return true;
}
