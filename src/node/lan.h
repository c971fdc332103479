/* SPDX-License-Identifier: MIT */
/* Being found on the LAN, and finding: beacons between the core and the datagrams of the
 * net. */
#ifndef KITH_NODE_LAN_H
#define KITH_NODE_LAN_H

#include "core/node.h"
#include "net/interfaces.h"

struct kith_runtime;

/* Open the sockets on this port. When that fails the node goes on without, and the log
 * says what to do. */
void kith_lan_start(struct kith_runtime *runtime, uint16_t port);

/* Where no socket is open: watch the addresses of this host all the same, for peers and
 * trackers are to know of new ones. */
void kith_lan_watch(struct kith_runtime *runtime);

/* Carry out a DATAGRAM effect. */
void kith_lan_carry_out(struct kith_runtime *runtime, const struct kith_effect *effect);

/* Close the sockets; kith_runtime_settle is called when they are. */
void kith_lan_stop(struct kith_runtime *runtime);

/* The addresses of this host, as they were last told. */
const struct kith_interfaces *kith_lan_interfaces(const struct kith_runtime *runtime);

/* Tell the core, and so the peers, where this node can be reached now. */
void kith_lan_tell_reach(struct kith_runtime *runtime);

#endif
