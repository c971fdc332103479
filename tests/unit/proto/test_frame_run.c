/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

static void golden_run_frame_holds_the_golden_run(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_run frame;
    struct kith_bytes fields = fixture_golden(f, "frame_run");
    assert_int_equal(f->w.data[4], KITH_FRAME_RUN);
    assert_int_equal(kith_frame_run_decode(fields, &frame), 0);
    assert_memory_equal(frame.tag.bytes, f->sample.tag.bytes, KITH_TAG_SIZE);
    assert_true(kith_bytes_equal(frame.run, kith_writer_view(&f->sample.run_profile)));
}

static void a_frame_without_a_run_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_run frame;
    kith_frame_run_encode(&f->w, &f->sample.tag, kith_bytes(NULL, 0));
    assert_int_equal(kith_frame_run_decode(frame_fields(&f->w), &frame), KITH_EPROTO);
}

static void a_longest_run_fits_and_a_longer_one_is_too_big(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_run frame;
    static uint8_t run[KITH_RUN_SIZE_MAX];
    kith_frame_run_encode(&f->w, &f->sample.tag, kith_bytes(run, sizeof run));
    assert_true(f->w.size - 4 <= KITH_FRAME_SIZE_MAX);
    assert_int_equal(kith_frame_run_decode(frame_fields(&f->w), &frame), 0);
    assert_int_equal(frame.run.size, sizeof run);
    kith_writer_u8(&f->w, 0);
    assert_int_equal(kith_frame_run_decode(frame_fields(&f->w), &frame), KITH_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_run_frame_holds_the_golden_run),
        FIXTURE_TEST(a_frame_without_a_run_is_refused),
        FIXTURE_TEST(a_longest_run_fits_and_a_longer_one_is_too_big),
    };
    return FIXTURE_RUN(tests);
}
