/* SPDX-License-Identifier: MIT */
/* Randomness comes in from outside: the system's for programs, a seed's in the
 * simulator. */
#ifndef KITH_BASE_RNG_H
#define KITH_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct kith_rng {
    void (*fill)(void *ctx, void *out, size_t size);
    void *ctx;
};

void kith_rng_fill(const struct kith_rng *rng, void *out, size_t size);
uint64_t kith_rng_u64(const struct kith_rng *rng);

/* Uniform below `bound` (> 0), without modulo bias. */
uint64_t kith_rng_below(const struct kith_rng *rng, uint64_t bound);

#endif
