/* SPDX-License-Identifier: MIT */
/* Relaying by a mutual contact: a peer that is linked to two of its contacts and allows
 * it passes bytes on between them, as a tracker would (PROTOCOL, "Relaying").
 *
 * Happy path: (at Alice's) CALL to Carol -> (at Carol's) RELAY, RING to both -> (at
 * Alice's and Bob's) DIAL with a ticket, where Carol listens. */
#ifndef KITH_CORE_MUTUAL_H
#define KITH_CORE_MUTUAL_H

#include "core/engine.h"
#include "proto/tracker.h"

#define KITH_MUTUAL_CALLS_PER_S 1 /* of one link: a pair each */
#define KITH_MUTUAL_CALLS_MOST  16
#define KITH_MUTUAL_ASKED_MAX   4 /* contacts that are asked for one peer, at once */

/* No other way to this peer is left: ask contacts, who refuse where they do not relay.
 * Only for a contact: a tracker that makes peers up would use up what contacts grant. */
void kith_mutual_call(struct kith_node *node, const struct kith_id *id);

/* Frames of peers. Return 0, or the peer's fault. */
int kith_mutual_called(struct kith_node *node, struct kith_link *link,
                       const struct kith_frame_call *frame);
int kith_mutual_rung(struct kith_node *node, struct kith_link *link,
                     const struct kith_frame_ring *frame);

#endif
