/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

#include "lib/unit.h"

static void equal_means_same_size_and_same_bytes(void **state)
{
    assert_true(kith_bytes_equal(BYTES("kith"), BYTES("kith")));
    assert_false(kith_bytes_equal(BYTES("kith"), BYTES("kit")));
    assert_false(kith_bytes_equal(BYTES("kith"), BYTES("kite")));
    assert_false(kith_bytes_equal(BYTES("a\0b"), BYTES("a\0c")));
}

static void all_empty_slices_are_equal(void **state)
{
    assert_true(kith_bytes_equal(kith_bytes(NULL, 0), kith_bytes("x", 0)));
    assert_true(kith_bytes_equal(kith_bytes(NULL, 0), kith_bytes(NULL, 0)));
    assert_false(kith_bytes_equal(kith_bytes(NULL, 0), kith_bytes("x", 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_means_same_size_and_same_bytes),
        cmocka_unit_test(all_empty_slices_are_equal),
    };
    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
