/* SPDX-License-Identifier: MIT */
/* Peers that trackers tell of, and the ways to a link with each: all its addresses at
 * once, then both dialling one another, then a relay; and, as long as only a relay links
 * them, the direct ways again and again (PROTOCOL, "Trackers").
 *
 * Happy path: HERE with records -> VERIFY -> DIAL (1 s) -> CALL meet, RING, DIAL (2 s)
 * -> CALL relay, RING, DIAL. A link of any kind ends the attempt, a direct one all of it
 * until it is lost.
 * Ways to fail: a record that is forged or old is ignored; a tracker that sends to a
 * wrong peer leads to a dial that fails; one that goes takes with it who only it told
 * of, not their links. */
#ifndef KITH_CORE_CANDIDATE_H
#define KITH_CORE_CANDIDATE_H

#include "core/engine.h"

/* A tracker told of this peer. */
void kith_candidate_told(struct kith_node *node, struct kith_tracker *tracker,
                         const struct kith_tracked *told);

/* How to meet now. */
void kith_candidate_ring(struct kith_node *node, struct kith_tracker *tracker,
                         const struct kith_frame_ring *ring);

/* A CALL was not granted: who is away is told of by that tracker no more. */
void kith_candidate_refused(struct kith_node *node, const struct kith_tracker *tracker,
                            const struct kith_frame_refused *refused);

/* A link was greeted; or the last one lost, or its peer may be linked again. */
void kith_candidate_linked(struct kith_node *node, const struct kith_link *link);
void kith_candidate_lost(struct kith_node *node, const struct kith_peer *peer);

/* An attempt led to a connection (0), or failed. True when it was one of these. */
bool kith_candidate_dialled(struct kith_node *node, uint32_t dial_no, int error);

/* The signature of a record was checked. True when it was one of these. */
bool kith_candidate_verified(struct kith_node *node, uint64_t verify_no, bool is_valid);

/* Its link is gone: who only it told of is forgotten. */
void kith_candidate_tracker_lost(struct kith_node *node,
                                 const struct kith_tracker *tracker);

/* Carry out what is due; lowers the node's deadline. */
void kith_candidate_check_all(struct kith_node *node);
void kith_candidate_free_all(struct kith_node *node);

#endif
