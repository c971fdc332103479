/* SPDX-License-Identifier: MIT */
/* How the death of who is at the other end of a TCP connection is noticed where nothing
 * is said that would show it. */
#ifndef KITH_NET_KEEPALIVE_H
#define KITH_NET_KEEPALIVE_H

/* One that is silent is asked by the kernel (keepalive); one that acknowledges nothing
 * for `patience_ms` is dead (TCP_USER_TIMEOUT). Other sockets stay as they are. */
void kith_keepalive_set(int fd, unsigned patience_ms);

#endif
