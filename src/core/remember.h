/* SPDX-License-Identifier: MIT */
/* Peers met before are dialled where they were last (DESIGN section 7, item 3): when the
 * node starts, when its addresses change, and then ever more seldom, for who could not be
 * reached may be back where nobody tells of him. */
#ifndef KITH_CORE_REMEMBER_H
#define KITH_CORE_REMEMBER_H

#include "core/engine.h"

/* We started, or are elsewhere now. */
void kith_remember_begin(struct kith_node *node);

/* He said that he stops. If that is to start again, he is back in a moment. */
void kith_remember_left(struct kith_node *node, const struct kith_peer *peer);

void kith_remember_check(struct kith_node *node);

#endif
