/* SPDX-License-Identifier: MIT */
/* Is an address on this host or on a network it sits on? */
#ifndef KITH_NET_LAN_H
#define KITH_NET_LAN_H

#include <stdbool.h>
#include <sys/socket.h>

/* Never leaves this host or its links: loopback and link-local. */
bool kith_lan_is_local(const struct sockaddr_storage *address);

/* Private by number: RFC 1918, or a unique local address of RFC 4193. */
bool kith_lan_is_private(const struct sockaddr_storage *address);

/* In the subnet of an address this host holds now. Asks the system each time. */
bool kith_lan_is_on_link(const struct sockaddr_storage *address);

/* Local, or private and on-link: silence of a peer there soon means it is gone. */
bool kith_lan_has(const struct sockaddr_storage *address);

#endif
