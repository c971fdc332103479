/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

/* Offsets within the fields, the name being empty for the last. */
enum { VERSION_MIN = 0, VERSION_MAX = 1, NAME_SIZE = 22, ADDRESS_COUNT = 23, LOST = 24 };

static void golden_hello_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_hello frame;
    struct kith_bytes fields = fixture_golden(f, "frame_hello");
    assert_int_equal(f->w.data[4], KITH_FRAME_HELLO);
    assert_int_equal(kith_frame_hello_decode(fields, &frame), 0);
    assert_int_equal(frame.version_min, 1);
    assert_int_equal(frame.version_max, 1);
    for (size_t i = 0; i < KITH_INSTANCE_SIZE; i++)
        assert_int_equal(frame.instance[i], 0x30);
    assert_int_equal(frame.capabilities, 0);
    assert_true(kith_bytes_equal(frame.name, BYTES("Alice")));
    assert_int_equal(frame.address_count, 2);
    assert_true(kith_bytes_equal(frame.addresses[0], BYTES("192.0.2.1:4747")));
    assert_true(kith_bytes_equal(frame.addresses[1], BYTES("[2001:db8::1]:4747")));
    assert_int_equal(frame.lost, 2);
    assert_int_equal(frame.name_hlc, 0x018cc251f4000000);
}

static struct kith_frame_hello largest(void)
{
    static uint8_t filler[UINT8_MAX];
    struct kith_frame_hello frame = {
        .version_min = 2,
        .version_max = 255,
        .capabilities = 0x80000001,
        .name = {filler, KITH_NAME_SIZE_MAX},
        .address_count = KITH_HELLO_ADDRESSES_MAX,
        .lost = UINT32_MAX,
        .name_hlc = UINT64_MAX,
    };
    memset(filler, 'x', sizeof filler);
    memset(frame.instance, 0xab, sizeof frame.instance);
    for (size_t i = 0; i < KITH_HELLO_ADDRESSES_MAX; i++)
        frame.addresses[i] = kith_bytes(filler, sizeof filler);
    return frame;
}

static void largest_hello_round_trips_and_fits_before_trust(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_hello frame = largest(), back;
    kith_frame_hello_encode(&f->w, &frame);
    assert_true(f->w.size - 4 <= KITH_FRAME_STRANGER_MAX);
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.version_min, 2);
    assert_int_equal(back.version_max, 255);
    assert_memory_equal(back.instance, frame.instance, KITH_INSTANCE_SIZE);
    assert_int_equal(back.capabilities, 0x80000001);
    assert_true(kith_bytes_equal(back.name, frame.name));
    assert_int_equal(back.address_count, KITH_HELLO_ADDRESSES_MAX);
    for (size_t i = 0; i < back.address_count; i++)
        assert_true(kith_bytes_equal(back.addresses[i], frame.addresses[i]));
    assert_int_equal(back.lost, UINT32_MAX);
    assert_int_equal(back.name_hlc, UINT64_MAX);
}

/* Version 1, no name, no addresses. */
static uint8_t *encode_smallest(struct fixture *f)
{
    struct kith_frame_hello frame = {.version_min = 1, .version_max = 1};
    kith_frame_hello_encode(&f->w, &frame);
    assert_int_equal(f->w.size, 5 + LOST + 12);
    return f->w.data + 5;
}

static void smallest_hello_has_neither_name_nor_addresses(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_hello back;
    encode_smallest(f);
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.name.size, 0);
    assert_int_equal(back.address_count, 0);
}

static void version_ranges_that_are_empty_or_begin_at_0_are_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_hello back;
    uint8_t *fields = encode_smallest(f);
    fields[VERSION_MIN] = 2;
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), KITH_EPROTO);
    fields[VERSION_MIN] = 0;
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), KITH_EPROTO);
    fields[VERSION_MIN] = 1;
    fields[VERSION_MAX] = 9;
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), 0);
}

static void a_name_of_129_bytes_is_too_big(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_hello back;
    encode_smallest(f);
    memset(kith_writer_reserve(&f->w, 200), 0, 200);
    uint8_t *fields = f->w.data + 5;
    fields[NAME_SIZE] = KITH_NAME_SIZE_MAX;
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), 0);
    fields[NAME_SIZE] = KITH_NAME_SIZE_MAX + 1;
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), KITH_ETOOBIG);
}

static void nine_addresses_are_too_many(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_hello back;
    encode_smallest(f);
    memset(kith_writer_reserve(&f->w, 9), 0, 9);
    uint8_t *fields = f->w.data + 5;
    fields[ADDRESS_COUNT] = KITH_HELLO_ADDRESSES_MAX;
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), 0);
    fields[ADDRESS_COUNT] = KITH_HELLO_ADDRESSES_MAX + 1;
    assert_int_equal(kith_frame_hello_decode(frame_fields(&f->w), &back), KITH_ETOOBIG);
}

static void a_hello_that_ends_before_what_was_added_later_tells_0(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_hello back = {.lost = 7, .name_hlc = 7};
    uint8_t *fields = encode_smallest(f);
    memset(fields + LOST, 0xff, 12);
    assert_int_equal(kith_frame_hello_decode(kith_bytes(fields, LOST), &back), 0);
    assert_int_equal(back.lost, 0);
    assert_int_equal(back.name_hlc, 0);
    for (size_t size = LOST + 1; size < LOST + 12; size++)
        assert_int_equal(kith_frame_hello_decode(kith_bytes(fields, size), &back),
                         KITH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_hello_reads_field_by_field),
        FIXTURE_TEST(largest_hello_round_trips_and_fits_before_trust),
        FIXTURE_TEST(smallest_hello_has_neither_name_nor_addresses),
        FIXTURE_TEST(version_ranges_that_are_empty_or_begin_at_0_are_refused),
        FIXTURE_TEST(a_name_of_129_bytes_is_too_big),
        FIXTURE_TEST(nine_addresses_are_too_many),
        FIXTURE_TEST(a_hello_that_ends_before_what_was_added_later_tells_0),
    };
    return FIXTURE_RUN(tests);
}
