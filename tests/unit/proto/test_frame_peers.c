/* SPDX-License-Identifier: MIT */
/* PEERS and LOOKUP. */
#include "proto/tracker.h"

#include "unit/proto/fixture.h"

/* Offsets within the fields of PEERS; the first entry has neither name nor records for
 * those after them. */
enum { FLAGS = 8, COUNT_AT = 9, STATE = 10, NAME_SIZE = 43, RECORD_COUNT = 52 };
enum { ENTRY_SIZE = RECORD_COUNT + 1 - STATE };
/* Within those of LOOKUP. */
enum { BY = 8, VALUE_SIZE = 9 };

static int decode(struct fixture *f)
{
    struct kith_frame_peers back;
    return kith_frame_peers_decode(frame_fields(&f->w), &back);
}

static void golden_peers_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_peers frame;
    struct kith_bytes fields = fixture_golden(f, "frame_peers");
    assert_int_equal(f->w.data[4], KITH_FRAME_PEERS);
    assert_int_equal(kith_frame_peers_decode(fields, &frame), 0);
    assert_true(frame.token == 0x0102030405060708);
    assert_true(frame.has_more);
    assert_int_equal(frame.count, 2);
    const struct kith_tracked *alice = &frame.peers[0], *other = &frame.peers[1];
    assert_int_equal(alice->state, KITH_TRACKED_HERE);
    assert_true(kith_id_equal(&alice->id, &f->sample.alice));
    assert_true(kith_bytes_equal(alice->name, BYTES("Alice")));
    assert_true(alice->seen_s == 1704067200);
    assert_int_equal(alice->record_count, 1);
    assert_true(kith_bytes_equal(alice->records[0], kith_writer_view(&f->sample.record)));
    assert_int_equal(other->state, KITH_TRACKED_AWAY);
    for (size_t i = 0; i < KITH_ID_SIZE; i++)
        assert_int_equal(other->id.bytes[i], 0x77);
    assert_true(kith_bytes_equal(other->name, BYTES("alice")));
    assert_true(other->seen_s == 1704063600);
    assert_int_equal(other->record_count, 0);
}

static void assert_tracked(const struct kith_tracked *a, const struct kith_tracked *b)
{
    assert_int_equal(a->state, b->state);
    assert_true(kith_id_equal(&a->id, &b->id));
    assert_true(kith_bytes_equal(a->name, b->name));
    assert_true(a->seen_s == b->seen_s);
    assert_int_equal(a->record_count, b->record_count);
    for (size_t i = 0; i < a->record_count; i++)
        assert_true(kith_bytes_equal(a->records[i], b->records[i]));
}

static void largest_peers_round_trips_within_141_kib(void **state)
{
    struct fixture *f = *state;
    static uint8_t record[KITH_TRACKED_RECORDS_MAX][KITH_SIGNED_ADDRESSES_SIZE_MAX];
    uint8_t name[KITH_NAME_SIZE_MAX];
    struct kith_frame_peers frame = {.token = UINT64_MAX, .count = KITH_PEERS_FRAME_MAX};
    struct kith_frame_peers back;
    memset(record[0], 'x', sizeof record[0]);
    memset(record[1], 'y', sizeof record[1]);
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < frame.count; i++) {
        frame.peers[i] = (struct kith_tracked){
            .state = UINT8_MAX,
            .name = kith_bytes(name, sizeof name),
            .seen_s = UINT64_MAX - i,
            .record_count = KITH_TRACKED_RECORDS_MAX,
            .records = {kith_bytes(record[0], sizeof record[0]),
                        kith_bytes(record[1], sizeof record[1])},
        };
        memset(frame.peers[i].id.bytes, (int)i, KITH_ID_SIZE);
    }
    kith_frame_peers_encode(&f->w, &frame);
    assert_true(f->w.size <= (size_t)141 * 1024);
    assert_int_equal(kith_frame_peers_decode(frame_fields(&f->w), &back), 0);
    assert_true(back.token == UINT64_MAX);
    assert_false(back.has_more);
    assert_int_equal(back.count, KITH_PEERS_FRAME_MAX);
    for (size_t i = 0; i < back.count; i++)
        assert_tracked(&back.peers[i], &frame.peers[i]);
}

/* `count` entries, all zero, and as many bytes more as a record may have. */
static void encode_bare(struct fixture *f, size_t count)
{
    struct kith_frame_peers frame = {.count = count};
    kith_writer_clear(&f->w);
    kith_frame_peers_encode(&f->w, &frame);
    assert_int_equal(f->w.size, 5 + STATE + count * ENTRY_SIZE);
    memset(kith_writer_reserve(&f->w, 8192), 0, 8192);
}

static void an_answer_may_name_nobody(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_peers frame = {.token = 1}, back;
    kith_frame_peers_encode(&f->w, &frame);
    assert_int_equal(kith_frame_peers_decode(frame_fields(&f->w), &back), 0);
    assert_true(back.token == 1);
    assert_int_equal(back.count, 0);
}

static void only_the_lowest_flag_means_that_there_are_more(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_peers back;
    encode_bare(f, 1);
    f->w.data[5 + FLAGS] = 0xfe;
    assert_int_equal(kith_frame_peers_decode(frame_fields(&f->w), &back), 0);
    assert_false(back.has_more);
    f->w.data[5 + FLAGS] = 0xff;
    assert_int_equal(kith_frame_peers_decode(frame_fields(&f->w), &back), 0);
    assert_true(back.has_more);
}

static void an_unknown_state_is_kept(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_peers back;
    encode_bare(f, 1);
    f->w.data[5 + STATE] = 2;
    assert_int_equal(kith_frame_peers_decode(frame_fields(&f->w), &back), 0);
    assert_int_equal(back.peers[0].state, 2);
}

static void thirty_three_entries_are_too_many(void **state)
{
    struct fixture *f = *state;
    encode_bare(f, KITH_PEERS_FRAME_MAX);
    assert_int_equal(decode(f), 0);
    f->w.data[5 + COUNT_AT] = KITH_PEERS_FRAME_MAX + 1;
    assert_int_equal(decode(f), KITH_ETOOBIG);
}

static void a_name_of_129_bytes_is_too_big(void **state)
{
    struct fixture *f = *state;
    encode_bare(f, 1);
    f->w.data[5 + NAME_SIZE] = KITH_NAME_SIZE_MAX;
    assert_int_equal(decode(f), 0);
    f->w.data[5 + NAME_SIZE] = KITH_NAME_SIZE_MAX + 1;
    assert_int_equal(decode(f), KITH_ETOOBIG);
}

static void three_records_are_too_many(void **state)
{
    struct fixture *f = *state;
    encode_bare(f, 1);
    f->w.data[5 + RECORD_COUNT] = KITH_TRACKED_RECORDS_MAX;
    assert_int_equal(decode(f), 0);
    f->w.data[5 + RECORD_COUNT] = KITH_TRACKED_RECORDS_MAX + 1;
    assert_int_equal(decode(f), KITH_ETOOBIG);
}

/* The last of `count` records has `size` bytes. */
static int judge_record(struct fixture *f, uint8_t count, size_t size)
{
    encode_bare(f, 1);
    uint8_t *at = f->w.data + 5 + RECORD_COUNT + 1 + 2 * (count - 1);
    f->w.data[5 + RECORD_COUNT] = count;
    at[0] = (uint8_t)(size >> 8);
    at[1] = (uint8_t)size;
    return decode(f);
}

static void a_record_above_its_limit_is_too_big(void **state)
{
    struct fixture *f = *state;
    for (uint8_t count = 1; count <= KITH_TRACKED_RECORDS_MAX; count++) {
        assert_int_equal(judge_record(f, count, KITH_SIGNED_ADDRESSES_SIZE_MAX), 0);
        assert_int_equal(judge_record(f, count, KITH_SIGNED_ADDRESSES_SIZE_MAX + 1),
                         KITH_ETOOBIG);
    }
}

static void every_entry_is_judged(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++) {
        encode_bare(f, 3);
        f->w.data[5 + RECORD_COUNT + i * ENTRY_SIZE] = KITH_TRACKED_RECORDS_MAX + 1;
        assert_int_equal(decode(f), KITH_ETOOBIG);
    }
}

static void golden_lookup_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_lookup frame;
    struct kith_bytes fields = fixture_golden(f, "frame_lookup");
    assert_int_equal(f->w.data[4], KITH_FRAME_LOOKUP);
    assert_int_equal(kith_frame_lookup_decode(fields, &frame), 0);
    assert_true(frame.token == 0x0102030405060708);
    assert_int_equal(frame.by, KITH_LOOKUP_NAME);
    assert_true(kith_bytes_equal(frame.value, BYTES("Alice")));
}

static void a_lookup_by_id_round_trips(void **state)
{
    struct fixture *f = *state;
    struct kith_bytes id = kith_bytes(f->sample.alice.bytes, KITH_ID_SIZE);
    struct kith_frame_lookup frame = {UINT64_MAX, KITH_LOOKUP_ID, id}, back;
    kith_frame_lookup_encode(&f->w, &frame);
    assert_int_equal(kith_frame_lookup_decode(frame_fields(&f->w), &back), 0);
    assert_true(back.token == UINT64_MAX);
    assert_int_equal(back.by, KITH_LOOKUP_ID);
    assert_true(kith_bytes_equal(back.value, id));
}

/* What becomes of a LOOKUP with these. */
static int judge_lookup(struct fixture *f, uint64_t token, uint8_t by, uint8_t size)
{
    struct kith_frame_lookup frame = {1, KITH_LOOKUP_NAME, kith_bytes(NULL, 0)}, back;
    kith_writer_clear(&f->w);
    kith_frame_lookup_encode(&f->w, &frame);
    f->w.data[5 + 7] = (uint8_t)token;
    f->w.data[5 + BY] = by;
    f->w.data[5 + VALUE_SIZE] = size;
    memset(kith_writer_reserve(&f->w, UINT8_MAX), 'x', UINT8_MAX);
    return kith_frame_lookup_decode(frame_fields(&f->w), &back);
}

static void a_lookup_without_token_or_by_something_unknown_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_NAME, 5), 0);
    assert_int_equal(judge_lookup(f, 0, KITH_LOOKUP_NAME, 5), KITH_EPROTO);
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_NAME + 1, 5), KITH_EPROTO);
}

static void an_id_that_has_not_32_bytes_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_ID, KITH_ID_SIZE), 0);
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_ID, 0), KITH_EPROTO);
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_ID, KITH_ID_SIZE - 1), KITH_EPROTO);
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_ID, KITH_ID_SIZE + 1), KITH_EPROTO);
}

static void looking_up_a_name_of_129_bytes_is_too_big(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_NAME, KITH_NAME_SIZE_MAX), 0);
    assert_int_equal(judge_lookup(f, 1, KITH_LOOKUP_NAME, KITH_NAME_SIZE_MAX + 1),
                     KITH_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_peers_reads_field_by_field),
        FIXTURE_TEST(largest_peers_round_trips_within_141_kib),
        FIXTURE_TEST(an_answer_may_name_nobody),
        FIXTURE_TEST(only_the_lowest_flag_means_that_there_are_more),
        FIXTURE_TEST(an_unknown_state_is_kept),
        FIXTURE_TEST(thirty_three_entries_are_too_many),
        FIXTURE_TEST(a_name_of_129_bytes_is_too_big),
        FIXTURE_TEST(three_records_are_too_many),
        FIXTURE_TEST(a_record_above_its_limit_is_too_big),
        FIXTURE_TEST(every_entry_is_judged),
        FIXTURE_TEST(golden_lookup_reads_field_by_field),
        FIXTURE_TEST(a_lookup_by_id_round_trips),
        FIXTURE_TEST(a_lookup_without_token_or_by_something_unknown_is_refused),
        FIXTURE_TEST(an_id_that_has_not_32_bytes_is_refused),
        FIXTURE_TEST(looking_up_a_name_of_129_bytes_is_too_big),
    };
    return FIXTURE_RUN(tests);
}
