/* SPDX-License-Identifier: MIT */
/* Room for logs that were told of and forgotten is given back. */
#ifndef KITH_CORE_COMPACT_H
#define KITH_CORE_COMPACT_H

#include "core/engine.h"

/* A log was forgotten: is there too much room by now? */
void kith_compact_note(struct kith_node *node, const struct kith_room *room);

/* At the end of a step, when nobody is amid the logs of a room: where there is too much
 * room, those that are left move up, and their tracks with them. */
void kith_compact(struct kith_node *node);

#endif
