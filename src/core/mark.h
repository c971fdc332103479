/* SPDX-License-Identifier: MIT */
/* What people think of a peer: blocked, verified. */
#ifndef KITH_CORE_MARK_H
#define KITH_CORE_MARK_H

#include "core/engine.h"

/* A BLOCK or VERIFY. Who is blocked is never linked, at once and for good; what others
 * pass on of it in open rooms is kept, for they count on it, and shown to nobody. Who is
 * verified is a contact: names mean it first. Replies KITH_ESELF for the node itself. */
void kith_mark_peer(struct kith_node *node, const struct kith_command *command);

#endif
