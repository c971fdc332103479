/* SPDX-License-Identifier: MIT */
/* Bytes between pages that cannot be read: one byte too far, on either side, is a crash,
 * whoever reads it; sanitizers see only code that was built with them. */
#ifndef TESTS_LIB_GUARD_H
#define TESTS_LIB_GUARD_H

#include "base/bytes.h"

struct guard {
    uint8_t *map; /* owned */
    size_t map_size;
    uint8_t *begin; /* the first readable byte */
    uint8_t *end;   /* one past the last */
};

/* Room for `size_max` bytes. */
void guard_init(struct guard *guard, size_t size_max);
void guard_deinit(struct guard *guard);

/* Copy `bytes` to where they end at the page behind, or begin at the one before; either
 * replaces what was put earlier. */
struct kith_bytes guard_put(struct guard *guard, struct kith_bytes bytes);
struct kith_bytes guard_put_first(struct guard *guard, struct kith_bytes bytes);

#endif
