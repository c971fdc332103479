/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

static void golden_bye_is_a_disconnect_by_hand(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_bye frame;
    struct kith_bytes fields = fixture_golden(f, "frame_bye");
    assert_int_equal(f->w.data[4], KITH_FRAME_BYE);
    assert_int_equal(kith_frame_bye_decode(fields, &frame), 0);
    assert_int_equal(frame.reason, KITH_BYE_DISCONNECTED);
}

static void reasons_of_later_versions_pass(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_bye frame = {255}, back;
    kith_frame_bye_encode(&f->w, &frame);
    assert_int_equal(kith_frame_bye_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.reason, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_bye_is_a_disconnect_by_hand),
        FIXTURE_TEST(reasons_of_later_versions_pass),
    };
    return FIXTURE_RUN(tests);
}
