/* SPDX-License-Identifier: MIT */
/* Promises: commands whose effect is a row. They take effect at once, are answered when
 * the row is committed, and undone when it is not. */
#ifndef KITH_CORE_PROMISE_H
#define KITH_CORE_PROMISE_H

#include "core/engine.h"

/* The row was put last: what is to be answered, and how it is undone. Copied. */
void kith_promise_add(struct kith_node *node, const struct kith_promise *promise);

/* All rows up to this one are committed. */
void kith_promise_keep(struct kith_node *node, uint64_t store_no);

/* Every row since was rolled back: undo, the latest first, and say why. */
void kith_promise_break(struct kith_node *node, int error);

void kith_promise_free_all(struct kith_node *node);

#endif
