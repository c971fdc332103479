/* SPDX-License-Identifier: MIT */
/* Randomness of a simulated world: xoshiro256**, seeded through splitmix64.
 *
 * Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2018). */
#ifndef KITH_SIM_RNG_H
#define KITH_SIM_RNG_H

#include "base/rng.h"
#include "base/time.h"
#include <stdbool.h>

struct sim_rng {
    uint64_t state[4];
};

void sim_rng_init(struct sim_rng *rng, uint64_t seed);
uint64_t sim_rng_next(struct sim_rng *rng);

/* Uniform below `bound`; 0 when bound is 0. */
uint64_t sim_rng_below(struct sim_rng *rng, uint64_t bound);

/* Uniform in [min, max]. */
kith_time sim_rng_time(struct sim_rng *rng, kith_time min, kith_time max);

/* True `percent` times in a hundred. */
bool sim_rng_chance(struct sim_rng *rng, unsigned percent);

/* Exponential of mean 1; Pareto of scale 1, so never below it. */
double sim_rng_exponential(struct sim_rng *rng);
double sim_rng_pareto(struct sim_rng *rng, double shape);

/* Until the next of events that come `per_minute` on average (exponential); NEVER at 0.
 */
kith_time sim_rng_wait(struct sim_rng *rng, double per_minute);

/* What the core takes; borrows `rng`. */
struct kith_rng sim_rng_source(struct sim_rng *rng);

#endif
