/* SPDX-License-Identifier: MIT */
/* Bytes that end where a page ends that cannot be read: one byte too far is a crash. */
#ifndef TESTS_UNIT_PROTO_GUARD_H
#define TESTS_UNIT_PROTO_GUARD_H

#include "base/bytes.h"

struct guard {
    uint8_t *map; /* owned */
    size_t map_size;
    uint8_t *end; /* one past the last readable byte */
};

/* Room for `size_max` bytes. */
void guard_init(struct guard *guard, size_t size_max);
void guard_deinit(struct guard *guard);

/* Copy `bytes` to the end of the page; replaces what was put before. */
struct kith_bytes guard_put(struct guard *guard, struct kith_bytes bytes);

#endif
