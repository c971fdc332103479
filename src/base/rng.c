/* SPDX-License-Identifier: MIT */
#include "base/rng.h"

#include <assert.h>

/* A draw is refused with a chance below one half, so this many in a row do not
 * happen to a working generator; a broken one gets an answer all the same. */
enum { DRAWS_MAX = 128 };

void kith_rng_fill(const struct kith_rng *rng, void *out, size_t size)
{
    if (size > 0)
        rng->fill(rng->ctx, out, size);
}

uint64_t kith_rng_u64(const struct kith_rng *rng)
{
    uint8_t bytes[8];
    kith_rng_fill(rng, bytes, sizeof bytes);
    /* Composed by hand, so that a seed replays alike on every machine. */
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint64_t kith_rng_below(const struct kith_rng *rng, uint64_t bound)
{
    assert(bound > 0);
    /* 2^64 mod bound values at the bottom would come up once too often. */
    uint64_t refused = -bound % bound;
    uint64_t value = kith_rng_u64(rng);
    for (int draws = 1; value < refused && draws < DRAWS_MAX; draws++)
        value = kith_rng_u64(rng);
    return value % bound;
}
