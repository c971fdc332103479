/* SPDX-License-Identifier: MIT */
#include "rng.h"

#include <math.h>
#include <string.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void sim_rng_init(struct sim_rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++)
        rng->state[i] = splitmix(&seed);
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t sim_rng_next(struct sim_rng *rng)
{
    uint64_t *s = rng->state;
    const uint64_t result = rotate(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t sim_rng_below(struct sim_rng *rng, uint64_t bound)
{
    /* The bias of a plain remainder does not matter here; staying simple does. */
    return bound == 0 ? 0 : sim_rng_next(rng) % bound;
}

kith_time sim_rng_time(struct sim_rng *rng, kith_time min, kith_time max)
{
    if (max <= min)
        return min;
    return min + (kith_time)sim_rng_below(rng, (uint64_t)(max - min) + 1);
}

bool sim_rng_chance(struct sim_rng *rng, unsigned percent)
{
    return sim_rng_below(rng, 100) < percent;
}

/* Uniform in (0, 1]. */
static double unit(struct sim_rng *rng)
{
    return (double)((sim_rng_next(rng) >> 11) + 1) / 9007199254740993.0;
}

double sim_rng_exponential(struct sim_rng *rng)
{
    return -log(unit(rng));
}

double sim_rng_pareto(struct sim_rng *rng, double shape)
{
    return pow(unit(rng), -1 / shape);
}

kith_time sim_rng_wait(struct sim_rng *rng, double per_minute)
{
    if (per_minute <= 0)
        return KITH_TIME_NEVER;
    const double wait = sim_rng_exponential(rng) * (double)KITH_MINUTE / per_minute;
    return wait > (double)(24 * KITH_HOUR) ? 24 * KITH_HOUR : (kith_time)wait;
}

static void fill(void *ctx, void *out, size_t size)
{
    uint8_t *to = out;
    while (size > 0) {
        const uint64_t word = sim_rng_next(ctx);
        const size_t part = size < sizeof(word) ? size : sizeof(word);
        memcpy(to, &word, part);
        to += part;
        size -= part;
    }
}

struct kith_rng sim_rng_source(struct sim_rng *rng)
{
    return (struct kith_rng){fill, rng};
}
