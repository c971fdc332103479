/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"
#include "net/bucket.h"

static int take_all(struct kith_bucket *bucket, uint64_t now_ms)
{
    int taken = 0;
    while (kith_bucket_take(bucket, now_ms))
        taken++;
    return taken;
}

static void begins_with_a_burst(void **state)
{
    struct kith_bucket bucket;
    kith_bucket_init(&bucket, 10, 5, 1000);
    assert_int_equal(take_all(&bucket, 1000), 5);
}

static void fills_at_its_rate_and_loses_no_fraction(void **state)
{
    struct kith_bucket bucket;
    kith_bucket_init(&bucket, 3, 5, 0);
    take_all(&bucket, 0);
    int taken = 0;
    for (uint64_t now_ms = 1; now_ms <= 10000; now_ms++)
        taken += kith_bucket_take(&bucket, now_ms);
    assert_int_equal(taken, 30);
}

static void holds_no_more_than_a_burst(void **state)
{
    struct kith_bucket bucket;
    kith_bucket_init(&bucket, 1000, 7, 0);
    take_all(&bucket, 0);
    assert_int_equal(take_all(&bucket, UINT64_MAX), 7);
    assert_int_equal(take_all(&bucket, 0), 0); /* a clock that went back gives nothing */
}

static void what_is_returned_can_be_taken_again(void **state)
{
    struct kith_bucket bucket;
    kith_bucket_init(&bucket, 1, 1, 0);
    assert_true(kith_bucket_take(&bucket, 0));
    kith_bucket_return(&bucket);
    assert_int_equal(take_all(&bucket, 0), 1);
}

static void many_are_taken_at_once(void **state)
{
    struct kith_bucket bucket;
    kith_bucket_init(&bucket, 4000000000u, 1000000000u, 0); /* bytes a second */
    assert_int_equal(kith_bucket_level(&bucket, 0), 1000000000u);
    kith_bucket_spend(&bucket, 999999999u);
    assert_int_equal(kith_bucket_level(&bucket, 0), 1);
    assert_int_equal(kith_bucket_level(&bucket, 1), 4000001);
    assert_int_equal(kith_bucket_level(&bucket, 100000), 1000000000u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_a_burst),
        cmocka_unit_test(fills_at_its_rate_and_loses_no_fraction),
        cmocka_unit_test(holds_no_more_than_a_burst),
        cmocka_unit_test(what_is_returned_can_be_taken_again),
        cmocka_unit_test(many_are_taken_at_once),
    };
    return cmocka_run_group_tests_name("net bucket", tests, NULL, NULL);
}
