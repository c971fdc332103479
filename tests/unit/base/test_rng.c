/* SPDX-License-Identifier: MIT */
#include "base/rng.h"

#include "lib/rng_seeded.h"
#include "lib/unit.h"

/* Fills with one byte for ever, as a broken generator may. */
static void fill_constant(void *ctx, void *out, size_t size)
{
    memset(out, *(const uint8_t *)ctx, size);
}

static void a_number_is_the_bytes_in_big_endian_order(void **state)
{
    struct rng_seeded a, b;
    rng_seeded_init(&a, 7);
    rng_seeded_init(&b, 7);
    uint8_t bytes[8];
    kith_rng_fill(&a.rng, bytes, sizeof bytes);
    uint64_t value = kith_rng_u64(&b.rng);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(bytes[i], value >> (56 - 8 * i) & 0xFF);
}

static void a_seed_replays(void **state)
{
    struct rng_seeded a, b, other;
    rng_seeded_init(&a, 7);
    rng_seeded_init(&b, 7);
    rng_seeded_init(&other, 8);
    for (int i = 0; i < 100; i++) {
        uint64_t value = kith_rng_u64(&a.rng);
        assert_true(value == kith_rng_u64(&b.rng));
        assert_true(value != kith_rng_u64(&other.rng));
    }
}

static void the_seeded_generator_is_splitmix64(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 1234567);
    const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                 9817491932198370423u};
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_true(kith_rng_u64(&r.rng) == expected[i]);
}

static void below_stays_below_its_bound(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 3);
    const uint64_t bounds[] = {1,         2, 3, 10, 256, 1u << 31, UINT64_MAX / 2 + 2,
                               UINT64_MAX};
    for (size_t i = 0; i < COUNT(bounds); i++)
        for (int n = 0; n < 200; n++)
            assert_true(kith_rng_below(&r.rng, bounds[i]) < bounds[i]);
}

static void below_is_uniform(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 4);
    enum { BOUND = 7, DRAWS = 70000 };
    int counts[BOUND] = {0};
    for (int i = 0; i < DRAWS; i++)
        counts[kith_rng_below(&r.rng, BOUND)]++;
    for (int i = 0; i < BOUND; i++)
        assert_in_range(counts[i], DRAWS / BOUND - 500, DRAWS / BOUND + 500);
}

/* With this bound a plain remainder would fall into the lower half twice as often. */
static void below_has_no_modulo_bias(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 5);
    const uint64_t bound = UINT64_MAX / 3 * 2;
    int low = 0;
    for (int i = 0; i < 10000; i++)
        low += kith_rng_below(&r.rng, bound) < bound / 2;
    assert_in_range(low, 4700, 5300);
}

static void below_ends_even_with_a_broken_generator(void **state)
{
    uint8_t zero = 0;
    struct kith_rng broken = {fill_constant, &zero};
    assert_true(kith_rng_below(&broken, 3) < 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_the_bytes_in_big_endian_order),
        cmocka_unit_test(a_seed_replays),
        cmocka_unit_test(the_seeded_generator_is_splitmix64),
        cmocka_unit_test(below_stays_below_its_bound),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(below_has_no_modulo_bias),
        cmocka_unit_test(below_ends_even_with_a_broken_generator),
    };
    return cmocka_run_group_tests_name("base/rng", tests, NULL, NULL);
}
