/* SPDX-License-Identifier: MIT */
/* Looking somebody up at the trackers, by id or name. What they say is a claim: who it is
 * shows when a link is up. */
#ifndef KITH_CORE_LOOKUP_H
#define KITH_CORE_LOOKUP_H

#include "core/engine.h"

/* KITH_COMMAND_LOOKUP: ask all, and reply once all answered or the time is up. */
void kith_lookup_begin(struct kith_node *node, const struct kith_command *command);

/* Ask it for this peer; nobody waits for the answer, who is there is met. */
void kith_lookup_peer(struct kith_node *node, struct kith_tracker *tracker,
                      const struct kith_id *id);

/* This tracker tells of some of the network only: ask it for those who are sought, and
 * for contacts that are not linked. */
void kith_lookup_contacts(struct kith_node *node, struct kith_tracker *tracker);

/* PEERS with a token came. */
void kith_lookup_answered(struct kith_node *node, struct kith_tracker *tracker,
                          const struct kith_frame_peers *frame);

/* This one answers no more. */
void kith_lookup_tracker_lost(struct kith_node *node, const struct kith_tracker *tracker);

/* Carry out what is due; lowers the node's deadline. */
void kith_lookup_check_all(struct kith_node *node);
void kith_lookup_free_all(struct kith_node *node);

#endif
