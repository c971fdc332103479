/* SPDX-License-Identifier: MIT */
/* A network namespace of this process alone, so that a test neither disturbs the
 * machine's networks nor is disturbed by them. There is only a loopback in it. */
#ifndef TESTS_UNIT_NET_OWN_NETWORK_H
#define TESTS_UNIT_NET_OWN_NETWORK_H

#include <stdbool.h>

/* The loopback is up then. False where the system does not allow it: skip. To be called
 * before there is any thread. */
bool own_network_enter(void);

void own_network_set_loopback(bool is_up);

/* A second address of the loopback, another one than 127.0.0.1. */
void own_network_add_address(const char *ipv4);

/* Further ones of the loopback. Usable at once. */
void own_network_add_ipv6_address(const char *ipv6);

#endif
