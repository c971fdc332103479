/* SPDX-License-Identifier: MIT */
/* Hearsay: logs that somebody told of and of which no run has verified yet.
 *
 * They cost the teller nothing, so each share has a bounded number of them, they make
 * nobody a peer, and they are forgotten when their link goes or nobody brings them. What
 * finds no place is asked for again (MORE) once there is some, and what nobody brought
 * after a while. */
#ifndef KITH_CORE_HEARSAY_H
#define KITH_CORE_HEARSAY_H

#include "core/engine.h"

/* Add a log that this share tells of. NULL when it may tell of no more for now, or the
 * room is full, or memory ran out, and then the node is broken. */
struct kith_log *kith_hearsay_add(struct kith_node *node, struct kith_share *share,
                                  const struct kith_id *author,
                                  const struct kith_log_id *id,
                                  enum kith_log_class log_class);

/* A run of the log verified: it exists, and its author is a peer. False, and the node is
 * broken, when memory ran out. Nothing happens to logs that are no hearsay. */
bool kith_hearsay_settle(struct kith_node *node, struct kith_log *log);

/* Forget the log if it is hearsay, and nothing of it is being verified. */
void kith_hearsay_forget(struct kith_node *node, struct kith_log *log);

/* What this share tells of is not known here any more: learn it again, from the
 * beginning, when something settles or some time has passed. */
void kith_hearsay_miss(struct kith_node *node, struct kith_share *share);

/* Ask where that time has passed; lowers the node's deadline. */
void kith_hearsay_check(struct kith_node *node);

/* A page of the peer's vector was taken in. */
void kith_hearsay_page(struct kith_node *node, struct kith_share *share,
                       const struct kith_frame_vector *page);

/* The share is going, and was taken out of its room: others answer for what it told of,
 * or it is forgotten. */
void kith_hearsay_share_gone(struct kith_node *node, struct kith_share *share);

#endif
