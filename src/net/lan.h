/* SPDX-License-Identifier: MIT */
/* Is an address on this host or on a network it sits on? */
#ifndef KITH_NET_LAN_H
#define KITH_NET_LAN_H

#include <stdbool.h>
#include <sys/socket.h>
#include "net/interfaces.h"

/* Never leaves this host or its links: loopback and link-local. */
bool kith_lan_is_local(const struct sockaddr_storage *address);

/* Private by number: RFC 1918, or a unique local address of RFC 4193. */
bool kith_lan_is_private(const struct sockaddr_storage *address);

/* Local, or private and in the subnet of one of those: silence of a peer there soon means
 * it is gone. */
bool kith_lan_has(const struct kith_interfaces *interfaces,
                  const struct sockaddr_storage *address);

#endif
