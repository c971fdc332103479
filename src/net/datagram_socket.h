/* SPDX-License-Identifier: MIT */
/* The sockets under datagrams: opening them, groups, one datagram out, one in. */
#ifndef KITH_NET_DATAGRAM_SOCKET_H
#define KITH_NET_DATAGRAM_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "base/bytes.h"
#include "net/interfaces.h"

/* Bound to every address of the family. Port 0: an ephemeral one, nobody else's; any
 * other is shared with whoever shares it too. Returns the descriptor, or a KITH_E…:
 * KITH_EADDRINUSE, KITH_EACCESS, KITH_EUNREACHABLE (no such family), KITH_ELIMIT,
 * KITH_ENOMEM. */
int kith_datagram_socket_open(int family, uint16_t port);

/* Hear what is sent to the group on this interface. With `is_afresh` also where the
 * system believes that it is so already. */
void kith_datagram_socket_join(int fd, const struct sockaddr_storage *group,
                               unsigned interface, bool is_afresh);

/* From this address and out of its interface, whatever the routes say; NULL: as they say.
 * By IPv6 it leaves from the address of the interface that fits the receiver best, which
 * of groups is the link-local one, unless `is_exact`. False if it did not leave: no
 * route, no permission, no room. */
bool kith_datagram_socket_send(int fd, const struct sockaddr_storage *to,
                               const struct kith_interface_address *from, bool is_exact,
                               struct kith_bytes bytes);

#endif
