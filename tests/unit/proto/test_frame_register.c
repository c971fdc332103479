/* SPDX-License-Identifier: MIT */
/* REGISTER, WELCOME and REACHABLE. */
#include "proto/tracker.h"

#include "unit/proto/fixture.h"

/* Offsets within the fields; in REGISTER the name is empty for those after it. */
enum { FLAGS = 2, NAME_SIZE = 35, PUBLIC_SIZE = 38, LOCAL_SIZE = 40 };
enum { WELCOME_VERSION = 0, REFRESH = 5, RESULT = 1 };

static uint8_t filler[KITH_SIGNED_ADDRESSES_SIZE_MAX];

static struct kith_bytes filled(size_t size)
{
    memset(filler, 'x', sizeof filler);
    return kith_bytes(filler, size);
}

static int decode(struct fixture *f)
{
    struct kith_frame_register back;
    return kith_frame_register_decode(frame_fields(&f->w), &back);
}

static void golden_register_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_register frame;
    struct kith_bytes fields = fixture_golden(f, "frame_register");
    assert_int_equal(f->w.data[4], KITH_FRAME_REGISTER);
    assert_int_equal(kith_frame_register_decode(fields, &frame), 0);
    assert_int_equal(frame.version_min, 1);
    assert_int_equal(frame.version_max, 1);
    assert_true(frame.wants_check);
    assert_memory_equal(frame.tag, f->sample.network_tag, KITH_NETWORK_TAG_SIZE);
    assert_true(kith_bytes_equal(frame.name, BYTES("Alice")));
    assert_int_equal(frame.port, 4747);
    assert_true(
        kith_bytes_equal(frame.record_public, kith_writer_view(&f->sample.record)));
    assert_int_equal(frame.record_local.size, 0);
}

static void golden_register_holds_a_record_of_the_one_who_registers(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_register frame;
    struct kith_signed_addresses record;
    struct kith_bytes fields = fixture_golden(f, "frame_register");
    assert_int_equal(kith_frame_register_decode(fields, &frame), 0);
    assert_int_equal(kith_signed_addresses_decode(frame.record_public, &record), 0);
    assert_true(kith_id_equal(&record.id, &f->sample.alice));
}

static void largest_register_round_trips_within_its_limit(void **state)
{
    struct fixture *f = *state;
    uint8_t local[KITH_SIGNED_ADDRESSES_SIZE_MAX];
    memset(local, 'y', sizeof local);
    struct kith_frame_register back, frame = {
                                         .version_min = 2,
                                         .version_max = 255,
                                         .wants_check = true,
                                         .name = filled(KITH_NAME_SIZE_MAX),
                                         .port = UINT16_MAX,
                                         .record_public = filled(sizeof filler),
                                         .record_local = kith_bytes(local, sizeof local),
                                     };
    memset(frame.tag, 0xaa, sizeof frame.tag);
    kith_frame_register_encode(&f->w, &frame);
    assert_int_equal(f->w.size - 4, 4493); /* as the header says */
    assert_true(f->w.size - 4 <= KITH_REGISTER_SIZE_MAX);
    assert_int_equal(kith_frame_register_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.version_min, 2);
    assert_int_equal(back.version_max, 255);
    assert_true(back.wants_check);
    assert_memory_equal(back.tag, frame.tag, KITH_NETWORK_TAG_SIZE);
    assert_true(kith_bytes_equal(back.name, frame.name));
    assert_int_equal(back.port, UINT16_MAX);
    assert_true(kith_bytes_equal(back.record_public, frame.record_public));
    assert_true(kith_bytes_equal(back.record_local, frame.record_local));
}

/* Version 1, and nothing else. */
static uint8_t *encode_smallest(struct fixture *f)
{
    struct kith_frame_register frame = {.version_min = 1, .version_max = 1};
    kith_frame_register_encode(&f->w, &frame);
    assert_int_equal(f->w.size, 5 + LOCAL_SIZE + 2);
    return f->w.data + 5;
}

static void a_peer_may_register_without_name_port_and_records(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_register back;
    encode_smallest(f);
    assert_int_equal(kith_frame_register_decode(frame_fields(&f->w), &back), 0);
    assert_false(back.wants_check);
    assert_int_equal(back.name.size, 0);
    assert_int_equal(back.port, 0);
    assert_int_equal(back.record_public.size, 0);
    assert_int_equal(back.record_local.size, 0);
}

static void only_the_lowest_flag_wants_a_check(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_register back;
    uint8_t *fields = encode_smallest(f);
    fields[FLAGS] = 0xfe;
    assert_int_equal(kith_frame_register_decode(frame_fields(&f->w), &back), 0);
    assert_false(back.wants_check);
    fields[FLAGS] = 0xff;
    assert_int_equal(kith_frame_register_decode(frame_fields(&f->w), &back), 0);
    assert_true(back.wants_check);
}

static void version_ranges_that_are_empty_or_begin_at_0_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t *fields = encode_smallest(f);
    fields[0] = 2;
    assert_int_equal(decode(f), KITH_EPROTO);
    fields[0] = 0;
    assert_int_equal(decode(f), KITH_EPROTO);
    fields[0] = 1;
    fields[1] = 9;
    assert_int_equal(decode(f), 0);
}

static void a_name_of_129_bytes_is_too_big(void **state)
{
    struct fixture *f = *state;
    encode_smallest(f);
    memset(kith_writer_reserve(&f->w, 200), 0, 200);
    f->w.data[5 + NAME_SIZE] = KITH_NAME_SIZE_MAX;
    assert_int_equal(decode(f), 0);
    f->w.data[5 + NAME_SIZE] = KITH_NAME_SIZE_MAX + 1;
    assert_int_equal(decode(f), KITH_ETOOBIG);
}

/* What becomes of a record of `size` bytes, whose length stands at `at`. */
static int judge_record(struct fixture *f, size_t at, size_t size)
{
    kith_writer_clear(&f->w);
    encode_smallest(f);
    memset(kith_writer_reserve(&f->w, 4096), 0, 4096);
    f->w.data[5 + at] = (uint8_t)(size >> 8);
    f->w.data[5 + at + 1] = (uint8_t)size;
    return decode(f);
}

static void a_record_above_its_limit_is_too_big(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge_record(f, PUBLIC_SIZE, KITH_SIGNED_ADDRESSES_SIZE_MAX), 0);
    assert_int_equal(judge_record(f, PUBLIC_SIZE, KITH_SIGNED_ADDRESSES_SIZE_MAX + 1),
                     KITH_ETOOBIG);
    assert_int_equal(judge_record(f, LOCAL_SIZE, KITH_SIGNED_ADDRESSES_SIZE_MAX), 0);
    assert_int_equal(judge_record(f, LOCAL_SIZE, KITH_SIGNED_ADDRESSES_SIZE_MAX + 1),
                     KITH_ETOOBIG);
}

static void golden_welcome_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_welcome frame;
    struct kith_bytes fields = fixture_golden(f, "frame_welcome");
    assert_int_equal(f->w.data[4], KITH_FRAME_WELCOME);
    assert_int_equal(kith_frame_welcome_decode(fields, &frame), 0);
    assert_int_equal(frame.version, 1);
    assert_int_equal(frame.capabilities, KITH_TRACKER_RELAYS);
    assert_int_equal(frame.refresh_s, 30);
    assert_true(kith_bytes_equal(frame.observed, BYTES("192.0.2.1:4747")));
    assert_int_equal(frame.network_count, 2);
}

static void largest_welcome_round_trips(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_welcome back, frame = {
                                        .version = UINT8_MAX,
                                        .capabilities = UINT32_MAX,
                                        .refresh_s = UINT16_MAX,
                                        .observed = filled(UINT8_MAX),
                                        .network_count = UINT32_MAX,
                                    };
    kith_frame_welcome_encode(&f->w, &frame);
    assert_int_equal(kith_frame_welcome_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.version, UINT8_MAX);
    assert_int_equal(back.capabilities, UINT32_MAX);
    assert_int_equal(back.refresh_s, UINT16_MAX);
    assert_true(kith_bytes_equal(back.observed, frame.observed));
    assert_int_equal(back.network_count, UINT32_MAX);
}

static void a_welcome_of_version_0_or_without_refresh_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_welcome back;
    struct kith_bytes fields = fixture_golden(f, "frame_welcome");
    f->w.data[5 + WELCOME_VERSION] = 0;
    assert_int_equal(kith_frame_welcome_decode(fields, &back), KITH_EPROTO);
    f->w.data[5 + WELCOME_VERSION] = 1;
    f->w.data[5 + REFRESH + 1] = 0;
    assert_int_equal(kith_frame_welcome_decode(fields, &back), KITH_EPROTO);
    f->w.data[5 + REFRESH] = 1;
    assert_int_equal(kith_frame_welcome_decode(fields, &back), 0);
    assert_int_equal(back.refresh_s, 256);
}

static void golden_reachable_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_reachable frame;
    struct kith_bytes fields = fixture_golden(f, "frame_reachable");
    assert_int_equal(f->w.data[4], KITH_FRAME_REACHABLE);
    assert_int_equal(kith_frame_reachable_decode(fields, &frame), 0);
    assert_true(kith_bytes_equal(frame.address, BYTES("192.0.2.1:4747")));
    assert_true(frame.is_reached);
}

static void largest_reachable_round_trips(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_reachable frame = {filled(UINT8_MAX), false}, back;
    kith_frame_reachable_encode(&f->w, &frame);
    assert_int_equal(kith_frame_reachable_decode(frame_fields(&f->w), &back), 0);
    assert_true(kith_bytes_equal(back.address, frame.address));
    assert_false(back.is_reached);
}

static void a_result_that_is_neither_0_nor_1_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_reachable frame = {kith_bytes(NULL, 0), true}, back;
    kith_frame_reachable_encode(&f->w, &frame);
    f->w.data[5 + RESULT] = 2;
    assert_int_equal(kith_frame_reachable_decode(frame_fields(&f->w), &back),
                     KITH_EPROTO);
    f->w.data[5 + RESULT] = 0xff;
    assert_int_equal(kith_frame_reachable_decode(frame_fields(&f->w), &back),
                     KITH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_register_reads_field_by_field),
        FIXTURE_TEST(golden_register_holds_a_record_of_the_one_who_registers),
        FIXTURE_TEST(largest_register_round_trips_within_its_limit),
        FIXTURE_TEST(a_peer_may_register_without_name_port_and_records),
        FIXTURE_TEST(only_the_lowest_flag_wants_a_check),
        FIXTURE_TEST(version_ranges_that_are_empty_or_begin_at_0_are_refused),
        FIXTURE_TEST(a_name_of_129_bytes_is_too_big),
        FIXTURE_TEST(a_record_above_its_limit_is_too_big),
        FIXTURE_TEST(golden_welcome_reads_field_by_field),
        FIXTURE_TEST(largest_welcome_round_trips),
        FIXTURE_TEST(a_welcome_of_version_0_or_without_refresh_is_refused),
        FIXTURE_TEST(golden_reachable_reads_field_by_field),
        FIXTURE_TEST(largest_reachable_round_trips),
        FIXTURE_TEST(a_result_that_is_neither_0_nor_1_is_refused),
    };
    return FIXTURE_RUN(tests);
}
