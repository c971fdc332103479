/* SPDX-License-Identifier: MIT */
/* Asking for rows to be stored, in an order in which they can be restored. */
#ifndef KITH_CORE_RECORD_H
#define KITH_CORE_RECORD_H

#include "core/engine.h"

/* Append a STORE effect whose record is to be filled in. Never NULL. */
struct kith_record *kith_record_add(struct kith_node *node, enum kith_record_type type);

/* Number the room and have its row stored, unless it is. Returns 0 or KITH_ENOMEM. */
int kith_record_room(struct kith_node *node, struct kith_room *room);

/* Before a run of this log: the rows it refers to (marker, peers, room, log), unless
 * they are stored already. Returns 0, KITH_ELIMIT when the log numbers are used up, or
 * KITH_ENOMEM. */
int kith_record_log(struct kith_node *node, struct kith_log *log);

/* What was not committed is to be recorded again: the store rolled back. */
void kith_record_forget_uncommitted(struct kith_node *node);

#endif
