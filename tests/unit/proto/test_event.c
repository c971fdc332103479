/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include "unit/proto/fixture.h"

static void hlc_of_a_wall_time_gives_its_millisecond_back(void **state)
{
    (void)state;
    assert_true(kith_hlc_from_wall(SAMPLE_WALL) == UINT64_C(1704067200000) << 16);
    assert_true(kith_hlc_wall(kith_hlc_from_wall(SAMPLE_WALL + 999)) == SAMPLE_WALL);
    assert_true(kith_hlc_wall(kith_hlc_from_wall(SAMPLE_WALL) + 0xffff) == SAMPLE_WALL);
}

static void times_before_1970_are_0(void **state)
{
    (void)state;
    assert_true(kith_hlc_from_wall(0) == 0);
    assert_true(kith_hlc_from_wall(-1) == 0);
    assert_true(kith_hlc_from_wall(INT64_MIN) == 0);
}

static void the_highest_hlc_is_a_time(void **state)
{
    (void)state;
    assert_true(kith_hlc_wall(UINT64_MAX) == ((INT64_C(1) << 48) - 1) * KITH_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hlc_of_a_wall_time_gives_its_millisecond_back),
        cmocka_unit_test(times_before_1970_are_0),
        cmocka_unit_test(the_highest_hlc_is_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
