/* SPDX-License-Identifier: MIT */
#include "base/reader.h"

#include <stdlib.h>

#include "lib/unit.h"

static void integers_are_big_endian(void **state)
{
    struct kith_reader r = kith_reader(
        BYTES("\x01\x02\x03\x84\x05\x06\x07\x88\x09\x0a\x0b\x0c\x0d\x0e\x0f"));
    assert_int_equal(kith_reader_u8(&r), 0x01);
    assert_int_equal(kith_reader_u16(&r), 0x0203);
    assert_int_equal(kith_reader_u32(&r), 0x84050607);
    assert_true(kith_reader_u64(&r) == 0x88090a0b0c0d0e0f);
    assert_int_equal(kith_reader_left(&r), 0);
    assert_false(r.failed);
}

static void bytes_are_borrowed_in_place(void **state)
{
    struct kith_bytes input = BYTES("abcdef");
    struct kith_reader r = kith_reader(input);
    assert_ptr_equal(kith_reader_bytes(&r, 2), input.data);
    assert_ptr_equal(kith_reader_bytes(&r, 0), input.data + 2);
    assert_ptr_equal(kith_reader_bytes(&r, 4), input.data + 2);
    assert_false(r.failed);
    assert_null(kith_reader_bytes(&r, 1));
    assert_true(r.failed);
}

static void a_huge_size_fails_and_does_not_wrap(void **state)
{
    struct kith_reader r = kith_reader(BYTES("abc"));
    assert_null(kith_reader_bytes(&r, SIZE_MAX));
    assert_true(r.failed);
}

static void copies_are_whole_or_zero(void **state)
{
    char out[4] = "????";
    struct kith_reader r = kith_reader(BYTES("abcdef"));
    kith_reader_copy(&r, out, 4);
    assert_memory_equal(out, "abcd", 4);
    kith_reader_copy(&r, out, 4);
    assert_memory_equal(out, "\0\0\0\0", 4);
    assert_true(r.failed);
    kith_reader_copy(&r, NULL, 0);
}

static void byte_strings_follow_their_length(void **state)
{
    struct kith_reader r = kith_reader(BYTES("\x02xy\x00\x03"
                                             "abc\x00\x00\x00\x01z\x00"));
    assert_true(kith_bytes_equal(kith_reader_bytes8(&r, 2), BYTES("xy")));
    assert_true(kith_bytes_equal(kith_reader_bytes16(&r, 10), BYTES("abc")));
    assert_true(kith_bytes_equal(kith_reader_bytes32(&r, 10), BYTES("z")));
    assert_int_equal(kith_reader_bytes8(&r, 10).size, 0);
    assert_false(r.failed);
    assert_int_equal(kith_reader_left(&r), 0);
}

static void a_byte_string_above_its_limit_fails(void **state)
{
    struct kith_reader r = kith_reader(BYTES("\x03"
                                             "abc"));
    struct kith_bytes bytes = kith_reader_bytes8(&r, 2);
    assert_null(bytes.data);
    assert_int_equal(bytes.size, 0);
    assert_true(r.failed);
    assert_int_equal(kith_reader_left(&r), 0);
}

static void after_a_failure_everything_reads_as_zero(void **state)
{
    struct kith_reader r = kith_reader(BYTES("\xff\xff\xff"));
    assert_int_equal(kith_reader_u32(&r), 0);
    assert_true(r.failed);
    assert_int_equal(kith_reader_u8(&r), 0);
    assert_int_equal(kith_reader_u16(&r), 0);
    assert_true(kith_reader_u64(&r) == 0);
    assert_int_equal(kith_reader_bytes8(&r, 9).size, 0);
    assert_int_equal(kith_reader_left(&r), 0);
    assert_true(r.failed);
}

static void an_empty_input_reads_as_empty(void **state)
{
    struct kith_reader r = kith_reader(kith_bytes(NULL, 0));
    assert_int_equal(kith_reader_left(&r), 0);
    assert_non_null(kith_reader_bytes(&r, 0));
    assert_false(r.failed);
    assert_int_equal(kith_reader_u8(&r), 0);
    assert_true(r.failed);
}

static void read_one_of_each(struct kith_reader *r)
{
    uint8_t out[3];
    kith_reader_u8(r);
    kith_reader_u16(r);
    kith_reader_u32(r);
    kith_reader_u64(r);
    kith_reader_copy(r, out, sizeof out);
    kith_reader_bytes8(r, 9);
    kith_reader_bytes16(r, 9);
    kith_reader_bytes32(r, 9);
}

/* Each truncation lies in a block of its own size, so that a sanitizer sees a read
 * past its end. */
static void every_truncation_fails_without_reading_past_the_end(void **state)
{
    struct kith_bytes whole = BYTES("12244448888888"
                                    "8ccc\x01x\x00\x01y\x00\x00\x00\x01z");
    for (size_t size = 0; size <= whole.size; size++) {
        uint8_t *copy = malloc(size > 0 ? size : 1);
        assert_non_null(copy);
        memcpy(copy, whole.data, size);
        struct kith_reader r = kith_reader(kith_bytes(copy, size));
        read_one_of_each(&r);
        assert_int_equal(r.failed, size < whole.size);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(bytes_are_borrowed_in_place),
        cmocka_unit_test(a_huge_size_fails_and_does_not_wrap),
        cmocka_unit_test(copies_are_whole_or_zero),
        cmocka_unit_test(byte_strings_follow_their_length),
        cmocka_unit_test(a_byte_string_above_its_limit_fails),
        cmocka_unit_test(after_a_failure_everything_reads_as_zero),
        cmocka_unit_test(an_empty_input_reads_as_empty),
        cmocka_unit_test(every_truncation_fails_without_reading_past_the_end),
    };
    return cmocka_run_group_tests_name("base/reader", tests, NULL, NULL);
}
