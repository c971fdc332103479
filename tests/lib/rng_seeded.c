/* SPDX-License-Identifier: MIT */
#include "lib/rng_seeded.h"

static uint64_t next(struct rng_seeded *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

static void fill(void *ctx, void *out, size_t size)
{
    struct rng_seeded *r = ctx;
    uint8_t *bytes = out;
    for (size_t i = 0; i < size;) {
        uint64_t word = next(r);
        for (int shift = 56; shift >= 0 && i < size; shift -= 8)
            bytes[i++] = (uint8_t)(word >> shift);
    }
}

void rng_seeded_init(struct rng_seeded *r, uint64_t seed)
{
    *r = (struct rng_seeded){.rng = {fill, r}, .state = seed};
}
