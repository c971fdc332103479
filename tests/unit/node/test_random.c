/* SPDX-License-Identifier: MIT */
#include "node/random.h"

#include <sodium.h>

#include "lib/unit.h"

static struct kith_random random_;

static int setup(void **state)
{
    (void)state;
    kith_random_deinit(&random_);
    return sodium_init() < 0;
}

static void no_byte_is_given_twice(void **state)
{
    struct kith_rng rng = kith_random_rng(&random_);
    static uint8_t salts[1000][16];
    (void)state;
    for (size_t i = 0; i < COUNT(salts); i++) {
        kith_rng_fill(&rng, salts[i], sizeof salts[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(salts[i], salts[j], sizeof salts[i]);
    }
}

static void what_was_given_is_wiped(void **state)
{
    struct kith_rng rng = kith_random_rng(&random_);
    uint8_t salt[16];
    (void)state;
    for (int i = 0; i < 5; i++) {
        kith_rng_fill(&rng, salt, sizeof salt);
        assert_true(sodium_is_zero(random_.stock, sizeof random_.stock - random_.left));
    }
}

static void every_size_is_filled(void **state)
{
    struct kith_rng rng = kith_random_rng(&random_);
    uint8_t out[2 * KITH_RANDOM_STOCK + 2];
    (void)state;
    for (size_t size = 8; size <= 2 * KITH_RANDOM_STOCK; size += 61) {
        memset(out, 0, sizeof out);
        kith_rng_fill(&rng, out, size);
        assert_false(sodium_is_zero(out + size - 8, 8));
        assert_true(sodium_is_zero(out + size, sizeof out - size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_byte_is_given_twice, setup),
        cmocka_unit_test_setup(what_was_given_is_wiped, setup),
        cmocka_unit_test_setup(every_size_is_filled, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
