/* SPDX-License-Identifier: MIT */
/* A generator that a seed replays: splitmix64 (Steele, Lea, Flood, 2014). */
#ifndef TESTS_LIB_RNG_SEEDED_H
#define TESTS_LIB_RNG_SEEDED_H

#include "base/rng.h"

struct rng_seeded {
    struct kith_rng rng; /* hand out &rng: it points back here, so do not move */
    uint64_t state;
};

void rng_seeded_init(struct rng_seeded *r, uint64_t seed);

#endif
