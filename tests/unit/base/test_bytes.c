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

static void secrets_are_compared_to_the_last_byte(void **state)
{
    assert_true(kith_bytes_equal_secret(BYTES("token"), BYTES("token")));
    assert_false(kith_bytes_equal_secret(BYTES("token"), BYTES("tokem")));
    assert_false(kith_bytes_equal_secret(BYTES("token"), BYTES("uoken")));
    assert_false(kith_bytes_equal_secret(BYTES("token"), BYTES("toke")));
    assert_false(kith_bytes_equal_secret(BYTES("token"), BYTES("tokens")));
    assert_false(kith_bytes_equal_secret(BYTES("token"), kith_bytes(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_means_same_size_and_same_bytes),
        cmocka_unit_test(all_empty_slices_are_equal),
        cmocka_unit_test(secrets_are_compared_to_the_last_byte),
    };
    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
