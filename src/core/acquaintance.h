/* SPDX-License-Identifier: MIT */
/* Acquaintances: peers that were linked, and of which nothing is held: no event, no mark,
 * no direct message. Identities cost nothing, so of these there is no row, and of those
 * offline the KITH_ACQUAINTANCES_MAX that left last are remembered. Who runs kith writes
 * a profile event, and is kept for good by that. */
#ifndef KITH_CORE_ACQUAINTANCE_H
#define KITH_CORE_ACQUAINTANCE_H

#include "core/engine.h"

#define KITH_ACQUAINTANCES_MAX 1024 /* 1.5 KiB each, with the direct room */

/* It has no link any more; or has one again, or is kept. */
void kith_acquaintance_left(struct kith_node *node, struct kith_peer *peer);
void kith_acquaintance_back(struct kith_node *node, struct kith_peer *peer);

#endif
