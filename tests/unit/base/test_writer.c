/* SPDX-License-Identifier: MIT */
#include "base/writer.h"

#include "base/reader.h"
#include "lib/alloc_failing.h"
#include "lib/unit.h"

static void write_one_of_each(struct kith_writer *w)
{
    kith_writer_u8(w, 0x01);
    kith_writer_u16(w, 0x0203);
    kith_writer_u32(w, 0x84050607);
    kith_writer_u64(w, 0x88090a0b0c0d0e0f);
    kith_writer_bytes(w, "raw", 3);
    kith_writer_bytes8(w, BYTES("a"));
    kith_writer_bytes16(w, BYTES("bc"));
    kith_writer_bytes32(w, BYTES("def"));
}

static void appends_are_big_endian_and_length_prefixed(void **state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    write_one_of_each(&w);
    assert_true(kith_bytes_equal(kith_writer_view(&w),
                                 BYTES("\x01\x02\x03\x84\x05\x06\x07\x88\x09\x0a\x0b\x0c"
                                       "\x0d\x0e\x0fraw\x01"
                                       "a\x00\x02"
                                       "bc\x00\x00\x00\x03"
                                       "def")));
    assert_false(w.failed);
    kith_writer_deinit(&w);
}

static void the_reader_reads_what_was_written(void **state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    write_one_of_each(&w);
    struct kith_reader r = kith_reader(kith_writer_view(&w));
    assert_int_equal(kith_reader_u8(&r), 0x01);
    assert_int_equal(kith_reader_u16(&r), 0x0203);
    assert_int_equal(kith_reader_u32(&r), 0x84050607);
    assert_true(kith_reader_u64(&r) == 0x88090a0b0c0d0e0f);
    assert_memory_equal(kith_reader_bytes(&r, 3), "raw", 3);
    assert_true(kith_bytes_equal(kith_reader_bytes8(&r, 1), BYTES("a")));
    assert_true(kith_bytes_equal(kith_reader_bytes16(&r, 2), BYTES("bc")));
    assert_true(kith_bytes_equal(kith_reader_bytes32(&r, 3), BYTES("def")));
    assert_int_equal(kith_reader_left(&r), 0);
    assert_false(r.failed);
    kith_writer_deinit(&w);
}

static void it_grows_to_whatever_is_written(void **state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    for (uint32_t i = 0; i < 100000; i++)
        kith_writer_u32(&w, i);
    assert_int_equal(kith_writer_view(&w).size, 400000);
    struct kith_reader r = kith_reader(kith_writer_view(&w));
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(kith_reader_u32(&r), i);
    kith_writer_deinit(&w);
}

static void a_new_writer_holds_no_memory(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    struct kith_writer w = kith_writer(&a.alloc);
    assert_int_equal(kith_writer_view(&w).size, 0);
    kith_writer_bytes(&w, NULL, 0);
    assert_int_equal(a.calls, 0);
    kith_writer_deinit(&w);
}

static void reserved_bytes_are_the_callers_to_fill(void **state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    assert_non_null(kith_writer_reserve(&w, 0));
    kith_writer_u8(&w, '<');
    memcpy(kith_writer_reserve(&w, 500), (char[500]){"x"}, 500);
    kith_writer_u8(&w, '>');
    struct kith_bytes view = kith_writer_view(&w);
    assert_int_equal(view.size, 502);
    assert_int_equal(view.data[1], 'x');
    assert_int_equal(view.data[501], '>');
    kith_writer_deinit(&w);
}

static void a_length_can_be_patched_afterwards(void **state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_writer_u8(&w, 7);
    kith_writer_u32(&w, 0);
    kith_writer_patch_u32(&w, 1, 0x01020304);
    assert_true(kith_bytes_equal(kith_writer_view(&w), BYTES("\x07\x01\x02\x03\x04")));
    kith_writer_deinit(&w);
}

static void clear_keeps_the_memory(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    struct kith_writer w = kith_writer(&a.alloc);
    kith_writer_bytes(&w, "0123456789", 10);
    size_t calls = a.calls;
    kith_writer_clear(&w);
    assert_int_equal(kith_writer_view(&w).size, 0);
    kith_writer_bytes(&w, "abc", 3);
    assert_true(kith_bytes_equal(kith_writer_view(&w), BYTES("abc")));
    assert_int_equal(a.calls, calls);
    kith_writer_deinit(&w);
    assert_int_equal(a.live_blocks, 0);
}

static void running_out_of_memory_is_sticky_until_cleared(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    struct kith_writer w = kith_writer(&a.alloc);
    write_one_of_each(&w);
    struct kith_bytes before = kith_writer_view(&w);
    alloc_failing_arm(&a, 1);
    assert_null(kith_writer_reserve(&w, 100000));
    assert_true(w.failed);
    write_one_of_each(&w);
    kith_writer_patch_u32(&w, 3, 0);
    kith_writer_patch_u32(&w, 1000, 0);
    assert_true(kith_bytes_equal(kith_writer_view(&w), before));
    kith_writer_clear(&w);
    assert_false(w.failed);
    write_one_of_each(&w);
    assert_int_equal(kith_writer_view(&w).size, before.size);
    kith_writer_deinit(&w);
    assert_int_equal(a.live_blocks, 0);
}

static void every_append_survives_exhaustion(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    alloc_failing_exhaust(&a);
    struct kith_writer w = kith_writer(&a.alloc);
    write_one_of_each(&w);
    assert_true(w.failed);
    assert_int_equal(kith_writer_view(&w).size, 0);
    kith_writer_deinit(&w);
}

static void a_size_that_wraps_fails(void **state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_writer_u64(&w, 1);
    assert_null(kith_writer_reserve(&w, SIZE_MAX - 4));
    assert_true(w.failed);
    kith_writer_deinit(&w);
}

static void deinit_accepts_nothing_and_can_be_repeated(void **state)
{
    struct kith_writer zeroed = {0};
    kith_writer_deinit(NULL);
    kith_writer_deinit(&zeroed);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_writer_u8(&w, 1);
    kith_writer_deinit(&w);
    kith_writer_deinit(&w);
    kith_writer_u8(&w, 1);
    assert_int_equal(kith_writer_view(&w).size, 1);
    kith_writer_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_are_big_endian_and_length_prefixed),
        cmocka_unit_test(the_reader_reads_what_was_written),
        cmocka_unit_test(it_grows_to_whatever_is_written),
        cmocka_unit_test(a_new_writer_holds_no_memory),
        cmocka_unit_test(reserved_bytes_are_the_callers_to_fill),
        cmocka_unit_test(a_length_can_be_patched_afterwards),
        cmocka_unit_test(clear_keeps_the_memory),
        cmocka_unit_test(running_out_of_memory_is_sticky_until_cleared),
        cmocka_unit_test(every_append_survives_exhaustion),
        cmocka_unit_test(a_size_that_wraps_fails),
        cmocka_unit_test(deinit_accepts_nothing_and_can_be_repeated),
    };
    return cmocka_run_group_tests_name("base/writer", tests, NULL, NULL);
}
