/* SPDX-License-Identifier: MIT */
/* The system's randomness in spoonfuls: every event takes a salt of 16 bytes, which is
 * not worth a system call of its own. */
#ifndef KITH_NODE_RANDOM_H
#define KITH_NODE_RANDOM_H

#include "base/rng.h"

#define KITH_RANDOM_STOCK 1024 /* 64 salts */

/* Zeroed is ready. Not to be shared with a forked child. */
struct kith_random {
    uint8_t
        stock[KITH_RANDOM_STOCK]; /* the last `left` bytes are unused, the rest wiped */
    size_t left;
};

void kith_random_deinit(struct kith_random *random);

/* Fills from `random`, which is borrowed. */
struct kith_rng kith_random_rng(struct kith_random *random);

#endif
