/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

static void golden_rooms_offer_the_lobby(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_rooms frame;
    struct kith_bytes fields = fixture_golden(f, "frame_rooms");
    assert_int_equal(f->w.data[4], KITH_FRAME_ROOMS);
    assert_int_equal(kith_frame_rooms_decode(fields, &frame), 0);
    assert_int_equal(frame.count, 16);
    size_t found = 0;
    for (size_t i = 0; i < frame.count; i++)
        found += memcmp(frame.tags + i * KITH_TAG_SIZE, f->sample.tag.bytes,
                        KITH_TAG_SIZE) == 0;
    assert_int_equal(found, 1);
}

static void no_rooms_round_trip(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_rooms frame = {0, NULL}, back;
    kith_frame_rooms_encode(&f->w, &frame);
    assert_int_equal(kith_frame_rooms_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.count, 0);
}

/* `count` ascending tags as fields, behind their count, in `f->w`. */
static struct kith_bytes fields_of(struct fixture *f, size_t count)
{
    kith_writer_clear(&f->w);
    kith_writer_u16(&f->w, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        kith_writer_u64(&f->w, i);
        kith_writer_u64(&f->w, 0);
    }
    return kith_writer_view(&f->w);
}

static void as_many_rooms_as_allowed_fit_one_frame(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_rooms frame, back;
    assert_int_equal(kith_frame_rooms_decode(fields_of(f, KITH_TAGS_MAX), &frame), 0);
    struct kith_writer again = kith_writer(&kith_alloc_heap);
    kith_frame_rooms_encode(&again, &frame);
    assert_true(again.size - 4 <= KITH_FRAME_SIZE_MAX);
    assert_int_equal(kith_frame_rooms_decode(frame_fields(&again), &back), 0);
    assert_int_equal(back.count, KITH_TAGS_MAX);
    assert_memory_equal(back.tags, frame.tags, KITH_TAGS_MAX * KITH_TAG_SIZE);
    kith_writer_deinit(&again);
    assert_int_equal(kith_frame_rooms_decode(fields_of(f, KITH_TAGS_MAX + 1), &back),
                     KITH_ETOOBIG);
}

static void tags_out_of_order_or_twice_are_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_rooms back;
    struct kith_bytes fields = fields_of(f, 2);
    f->w.data[2] = 1; /* the first is above the second */
    assert_int_equal(kith_frame_rooms_decode(fields, &back), KITH_EPROTO);
    fields = fields_of(f, 3);
    uint8_t *last = f->w.data + 2 + 2 * KITH_TAG_SIZE + 7;
    *last = 1; /* as the second */
    assert_int_equal(kith_frame_rooms_decode(fields, &back), KITH_EPROTO);
    *last = 0; /* as the first */
    assert_int_equal(kith_frame_rooms_decode(fields, &back), KITH_EPROTO);
    *last = 9;
    assert_int_equal(kith_frame_rooms_decode(fields, &back), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_rooms_offer_the_lobby),
        FIXTURE_TEST(no_rooms_round_trip),
        FIXTURE_TEST(as_many_rooms_as_allowed_fit_one_frame),
        FIXTURE_TEST(tags_out_of_order_or_twice_are_refused),
    };
    return FIXTURE_RUN(tests);
}
