/* SPDX-License-Identifier: MIT */
/* The links to trackers: dialled for ever, registered at, kept alive (PROTOCOL,
 * "Trackers"). What they tell of peers goes to core/candidate. */
#ifndef KITH_CORE_TRACKER_H
#define KITH_CORE_TRACKER_H

#include "core/engine.h"

/* Register there from now on. 0, or KITH_ELIMIT. One that is known stays; an id that was
 * not known, or is another, is taken over by the next dial, if none is under way nor a
 * link there. One that comes with an invite (`is_kept`) replaces none: whoever sends one
 * could take the tracker away, or put himself in its place. */
int kith_tracker_add(struct kith_node *node, const struct kith_address *address,
                     const struct kith_id *id, bool is_kept);

/* To be called at the start: these, and with the places left those that invites brought
 * before. So these are never crowded out, and their ids count. */
void kith_tracker_begin(struct kith_node *node,
                        const struct kith_tracker_address *trackers, size_t count);

/* NULL when there is no such one. */
struct kith_tracker *kith_tracker_find(struct kith_node *node, uint32_t no);

void kith_tracker_up(struct kith_node *node, uint32_t no, const struct kith_id *id,
                     const struct kith_address *remote);
void kith_tracker_down(struct kith_node *node, uint32_t no, int error);
void kith_tracker_frame(struct kith_node *node, uint32_t no, struct kith_bytes bytes);

/* Carry out what is due; lowers the node's deadline. */
void kith_tracker_check_all(struct kith_node *node);

/* What we registered is not true any more: our addresses, which the trackers then are to
 * check anew, or our name. */
void kith_tracker_moved(struct kith_node *node);
void kith_tracker_renamed(struct kith_node *node);

/* A peer is silent: see by the trackers whether it is us. */
void kith_tracker_probe_all(struct kith_node *node);

/* An address of ours has gone: each link has KITH_PROBE_TIME to show that it lives. */
void kith_tracker_doubt_all(struct kith_node *node);

/* A peer is linked by a relay only: where we were not reached from outside a way may have
 * opened meanwhile. Has the tracker dial back again, ever more seldom. */
void kith_tracker_recheck(struct kith_node *node, struct kith_tracker *tracker);

int kith_tracker_restore(struct kith_node *node,
                         const struct kith_record_tracker *record);
void kith_tracker_free_all(struct kith_node *node);

/* Rows were rolled back: put them again with the next. */
void kith_tracker_forget_uncommitted(struct kith_node *node);

/* Say goodbye everywhere. */
void kith_tracker_leave_all(struct kith_node *node);

/* For the files that handle its frames: */

/* Register, or register anew. */
void kith_tracker_register(struct kith_node *node, struct kith_tracker *tracker);

/* Send the frame in node->scratch. */
void kith_tracker_send_scratch(struct kith_node *node, struct kith_tracker *tracker);

/* It broke the protocol, or shows another key: let go, tell, try again later. */
void kith_tracker_fault(struct kith_node *node, struct kith_tracker *tracker, int error);

/* It let us in; tell who waits for it. */
void kith_tracker_registered(struct kith_node *node, struct kith_tracker *tracker);

/* core/tracker_recv.c: the type byte and fields. Returns 0 or the tracker's fault. */
int kith_tracker_receive(struct kith_node *node, struct kith_tracker *tracker,
                         struct kith_bytes bytes);

#endif
