/* SPDX-License-Identifier: MIT */
/* Joining and leaving open rooms. */
#ifndef KITH_CORE_JOIN_H
#define KITH_CORE_JOIN_H

#include "core/engine.h"

/* Be in the room: it is offered on all links at once, and what others hold of it is
 * fetched. Replies 0 also where the node is in it already, or KITH_ELIMIT. */
void kith_join_room(struct kith_node *node, const struct kith_name *name, uint64_t token);

/* Be in it no more: nothing is offered or taken; what was said there is kept. Replies
 * KITH_ENOTFOUND where the node is not in it, KITH_EINVALID for the lobby, in which
 * everybody is: it is there that names are told. */
void kith_join_leave(struct kith_node *node, const struct kith_name *name,
                     uint64_t token);

#endif
