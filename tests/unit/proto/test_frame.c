/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "lib/alloc_failing.h"
#include "unit/proto/fixture.h"

static void length_counts_type_and_fields(void **state)
{
    struct fixture *f = *state;
    size_t frame = kith_frame_begin(&f->w, KITH_FRAME_BYE);
    kith_writer_bytes(&f->w, "abc", 3);
    kith_frame_end(&f->w, frame);
    assert_int_equal(f->w.size, 8);
    assert_memory_equal(f->w.data, "\0\0\0\4\5abc", 8);
}

static void frames_follow_one_another_in_one_writer(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_bye bye = {KITH_BYE_SELF};
    kith_frame_bye_encode(&f->w, &bye);
    struct kith_frame_ping ping = {7};
    kith_frame_ping_encode(&f->w, KITH_FRAME_PONG, &ping);
    assert_int_equal(f->w.size, 6 + 13);
    assert_memory_equal(f->w.data, "\0\0\0\2\5\5\0\0\0\x9\4\0\0\0\0\0\0\0\7", 19);
}

static void a_frame_without_memory_is_a_failed_writer(void **state)
{
    (void)state;
    struct alloc_failing alloc;
    alloc_failing_init(&alloc);
    alloc_failing_exhaust(&alloc);
    struct kith_writer w = kith_writer(&alloc.alloc);
    kith_frame_end(&w, kith_frame_begin(&w, KITH_FRAME_PING));
    assert_true(w.failed);
    kith_writer_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(length_counts_type_and_fields),
        FIXTURE_TEST(frames_follow_one_another_in_one_writer),
        FIXTURE_TEST(a_frame_without_memory_is_a_failed_writer),
    };
    return FIXTURE_RUN(tests);
}
