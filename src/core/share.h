/* SPDX-License-Identifier: MIT */
/* Shares: one room on one link, from the offered tag to the exchanged vectors, and what
 * is acknowledged and announced there. */
#ifndef KITH_CORE_SHARE_H
#define KITH_CORE_SHARE_H

#include "core/engine.h"

/* The link was greeted: offer the rooms that both may share. */
void kith_share_offer(struct kith_node *node, struct kith_link *link);

/* This node joined an open room: offer it on every link. */
void kith_share_open_room(struct kith_node *node, struct kith_room *room);

/* This node left it: take the offers back. */
void kith_share_close_room(struct kith_node *node, struct kith_room *room);

/* The peer offers these tags, and no others any more: what both offer becomes live, and
 * its vector is sent; what the peer took back rests until it is offered again. */
void kith_share_accept(struct kith_node *node, struct kith_link *link,
                       const struct kith_frame_rooms *rooms);

/* By the tag the peer uses; NULL unless the share is live. */
struct kith_share *kith_share_find(struct kith_link *link, const struct kith_tag *tag);

/* The peer sends its vector of a room: so it offers it, and saw that we do. As above, and
 * a share that rested is live then. */
struct kith_share *kith_share_wake(struct kith_node *node, struct kith_link *link,
                                   const struct kith_tag *tag);

/* What this link knows of this log; NULL (and the node is broken) when memory ran out. */
struct kith_track *kith_share_track(struct kith_node *node, struct kith_share *share,
                                    const struct kith_log *log);

/* The peer holds the log up to this event, as it told, or sent it. */
void kith_share_holds(const struct kith_node *node, struct kith_track *track,
                      uint64_t seq, const struct kith_id *id);
/* Is that the event? What is kept of it is a digest of three bytes, by a key that nobody
 * knows: who signs two histories cannot have them look the same. */
bool kith_share_told(const struct kith_node *node, const struct kith_track *track,
                     const struct kith_id *id);
/* Did it tell of just our head? */
bool kith_share_holds_head(const struct kith_node *node, const struct kith_track *track,
                           const struct kith_log *log);

/* A HAVE is due for this log: soon, or urgently, that is at the end of the step. */
void kith_share_announce(struct kith_node *node, struct kith_share *share,
                         const struct kith_log *log, bool is_urgent);

/* Send the HAVEs that are due: those with an urgent one among them, or all. */
void kith_share_flush_urgent(struct kith_node *node);
void kith_share_flush_all(struct kith_node *node);

void kith_share_close_all(struct kith_node *node, struct kith_link *link);

/* A FIFO of log indexes. False when memory ran out. */
bool kith_index_queue_push(struct kith_node *node, struct kith_index_queue *queue,
                           uint32_t index);
uint32_t kith_index_queue_pop(struct kith_index_queue *queue); /* count > 0 */

/* Go on with our vectors as far as the link has room: of full rooms they are megabytes.
 */
void kith_share_tell(struct kith_node *node, struct kith_link *link);

/* A page of our vector, behind this log; NULL: the first page. */
void kith_share_send_more(struct kith_node *node, struct kith_share *share,
                          const struct kith_log *after);

#endif
