/* SPDX-License-Identifier: MIT */
#include "proto/signed_addresses.h"

#include <sodium.h>

#include "unit/proto/fixture.h"

/* Offset within the record. */
enum { ADDRESS_COUNT = 48 };

static void golden_record_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_addresses frame;
    struct kith_signed_addresses record;
    struct kith_bytes fields = fixture_golden(f, "frame_addresses");
    assert_int_equal(f->w.data[4], KITH_FRAME_ADDRESSES);
    assert_int_equal(kith_frame_addresses_decode(fields, &frame), 0);
    assert_int_equal(frame.count, 1);
    assert_int_equal(kith_signed_addresses_decode(frame.records[0], &record), 0);
    assert_true(kith_id_equal(&record.id, &f->sample.alice));
    assert_true(record.counter == 1704067200000);
    assert_true(record.expiry == 1704067200 + 86400);
    assert_int_equal(record.address_count, 2);
    assert_true(kith_bytes_equal(record.addresses[0], BYTES("192.0.2.1:4747")));
    assert_true(kith_bytes_equal(record.addresses[1], BYTES("[2001:db8::1]:4747")));
    assert_true(kith_bytes_equal(record.bytes, frame.records[0]));
}

static void golden_record_is_signed_under_the_network_key(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_addresses frame;
    struct kith_signed_addresses record;
    uint8_t message[10 + KITH_HASH_SIZE];
    kith_frame_addresses_decode(fixture_golden(f, "frame_addresses"), &frame);
    assert_int_equal(kith_signed_addresses_decode(frame.records[0], &record), 0);
    memcpy(message, "kith adr 1", 10);
    crypto_generichash(message + 10, KITH_HASH_SIZE, record.fields.data,
                       record.fields.size, f->sample.network_key, KITH_HASH_SIZE);
    assert_int_equal(crypto_sign_verify_detached(record.signature, message,
                                                 sizeof message, record.id.bytes),
                     0);
}

/* A record with `count` addresses of 255 bytes, in `w`. */
static struct kith_bytes write_record(struct kith_writer *w, size_t count)
{
    static uint8_t filler[UINT8_MAX];
    struct kith_signed_addresses record = {
        .counter = UINT64_MAX, .expiry = UINT64_MAX, .address_count = count};
    memset(filler, 'x', sizeof filler);
    memset(record.id.bytes, 0xaa, sizeof record.id.bytes);
    memset(record.signature, 0xbb, sizeof record.signature);
    for (size_t i = 0; i < count; i++)
        record.addresses[i] = kith_bytes(filler, sizeof filler);
    kith_writer_clear(w);
    kith_signed_addresses_fields(w, &record);
    kith_writer_bytes(w, record.signature, sizeof record.signature);
    return kith_writer_view(w);
}

static void largest_record_round_trips(void **state)
{
    struct fixture *f = *state;
    struct kith_signed_addresses back;
    struct kith_bytes bytes = write_record(&f->w, KITH_RECORD_ADDRESSES_MAX);
    assert_int_equal(bytes.size, KITH_SIGNED_ADDRESSES_SIZE_MAX);
    assert_int_equal(kith_signed_addresses_decode(bytes, &back), 0);
    assert_int_equal(back.id.bytes[31], 0xaa);
    assert_true(back.counter == UINT64_MAX && back.expiry == UINT64_MAX);
    assert_int_equal(back.address_count, KITH_RECORD_ADDRESSES_MAX);
    for (size_t i = 0; i < back.address_count; i++)
        assert_int_equal(back.addresses[i].size, UINT8_MAX);
    assert_int_equal(back.signature[63], 0xbb);
    assert_int_equal(back.fields.size, bytes.size - KITH_SIGNATURE_SIZE);
}

static void a_record_may_name_no_address(void **state)
{
    struct fixture *f = *state;
    struct kith_signed_addresses back;
    assert_int_equal(kith_signed_addresses_decode(write_record(&f->w, 0), &back), 0);
    assert_int_equal(back.address_count, 0);
}

static void every_truncation_of_a_record_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_signed_addresses back;
    struct kith_bytes bytes = write_record(&f->w, 2);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(
            kith_signed_addresses_decode(kith_bytes(bytes.data, size), &back),
            KITH_EPROTO);
}

static void nothing_may_follow_a_record(void **state)
{
    struct fixture *f = *state;
    struct kith_signed_addresses back;
    write_record(&f->w, 2);
    kith_writer_u8(&f->w, 0);
    assert_int_equal(kith_signed_addresses_decode(kith_writer_view(&f->w), &back),
                     KITH_EPROTO);
}

static void more_bytes_than_the_largest_record_are_too_many(void **state)
{
    struct fixture *f = *state;
    struct kith_signed_addresses back;
    const size_t size = KITH_SIGNED_ADDRESSES_SIZE_MAX + 1;
    memset(kith_writer_reserve(&f->w, size), 0, size);
    assert_int_equal(kith_signed_addresses_decode(kith_writer_view(&f->w), &back),
                     KITH_ETOOBIG);
}

static void nine_addresses_are_too_many(void **state)
{
    struct fixture *f = *state;
    struct kith_signed_addresses back;
    struct kith_bytes bytes = write_record(&f->w, 2);
    f->w.data[ADDRESS_COUNT] = KITH_RECORD_ADDRESSES_MAX + 1;
    assert_int_equal(kith_signed_addresses_decode(bytes, &back), KITH_ETOOBIG);
}

static void largest_frame_round_trips_within_35_kib(void **state)
{
    struct fixture *f = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_addresses frame = {.count = KITH_ADDRESSES_FRAME_MAX}, back;
    for (size_t i = 0; i < frame.count; i++)
        frame.records[i] = write_record(&f->w, KITH_RECORD_ADDRESSES_MAX);
    kith_frame_addresses_encode(&w, &frame);
    assert_true(w.size <= (size_t)35 * 1024);
    assert_int_equal(kith_frame_addresses_decode(frame_fields(&w), &back), 0);
    assert_int_equal(back.count, KITH_ADDRESSES_FRAME_MAX);
    for (size_t i = 0; i < back.count; i++)
        assert_true(kith_bytes_equal(back.records[i], frame.records[i]));
    kith_writer_deinit(&w);
}

static void no_records_round_trip(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_addresses frame = {.count = 0}, back;
    kith_frame_addresses_encode(&f->w, &frame);
    assert_int_equal(kith_frame_addresses_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.count, 0);
}

static void too_many_or_too_long_records_are_too_big(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_addresses back;
    memset(kith_writer_reserve(&f->w, 4096), 0, 4096);
    f->w.data[0] = KITH_ADDRESSES_FRAME_MAX;
    assert_int_equal(kith_frame_addresses_decode(kith_writer_view(&f->w), &back), 0);
    f->w.data[0] = KITH_ADDRESSES_FRAME_MAX + 1;
    assert_int_equal(kith_frame_addresses_decode(kith_writer_view(&f->w), &back),
                     KITH_ETOOBIG);
    f->w.data[0] = 1;
    f->w.data[1] = (KITH_SIGNED_ADDRESSES_SIZE_MAX + 1) >> 8;
    f->w.data[2] = (KITH_SIGNED_ADDRESSES_SIZE_MAX + 1) & 255;
    assert_int_equal(kith_frame_addresses_decode(kith_writer_view(&f->w), &back),
                     KITH_ETOOBIG);
    f->w.data[2]--;
    assert_int_equal(kith_frame_addresses_decode(kith_writer_view(&f->w), &back), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_record_reads_field_by_field),
        FIXTURE_TEST(golden_record_is_signed_under_the_network_key),
        FIXTURE_TEST(largest_record_round_trips),
        FIXTURE_TEST(a_record_may_name_no_address),
        FIXTURE_TEST(every_truncation_of_a_record_is_refused),
        FIXTURE_TEST(nothing_may_follow_a_record),
        FIXTURE_TEST(more_bytes_than_the_largest_record_are_too_many),
        FIXTURE_TEST(nine_addresses_are_too_many),
        FIXTURE_TEST(largest_frame_round_trips_within_35_kib),
        FIXTURE_TEST(no_records_round_trip),
        FIXTURE_TEST(too_many_or_too_long_records_are_too_big),
    };
    return FIXTURE_RUN(tests);
}
