/* SPDX-License-Identifier: MIT */
/* Beacons: being found on the LAN, and finding (DESIGN section 7).
 *
 * Sent to everybody at the start, when an interface changed, and then at growing
 * intervals. A new one is answered to its source alone, so that finding takes a round
 * trip and no interval. Of two that heard each other the lower id dials at once, the
 * other after a moment, in case the first cannot: in a crowd after a longer one, for two
 * dials that cross cost two handshakes. */
#ifndef KITH_CORE_BEACON_H
#define KITH_CORE_BEACON_H

#include "core/engine.h"

/* Begin, or begin anew since our addresses changed: at once, then at growing intervals.
 */
void kith_beacon_begin(struct kith_node *node);

/* The last one: the node stops. */
void kith_beacon_goodbye(struct kith_node *node);

/* A datagram came. */
void kith_beacon_heard(struct kith_node *node, const struct kith_address *from,
                       bool is_on_link, struct kith_bytes datagram);

/* The signature of a beacon was checked. True when it was one. */
bool kith_beacon_verified(struct kith_node *node, uint64_t verify_no, bool is_valid);

/* Send the one that is due; lowers the node's deadline. */
void kith_beacon_check(struct kith_node *node);

#endif
