/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

/* Offsets within an entry, and of the first entry within the fields of VECTOR. */
enum { CLASS = 32, FLOOR = 49, SEQ = 57, ENTRY_SIZE = 97 };
enum { FLAGS = 16, FIRST = 19 };

static void assert_entry(struct kith_vector_entry a, struct kith_vector_entry b)
{
    assert_true(kith_id_equal(&a.author, &b.author));
    assert_int_equal(a.log_class, b.log_class);
    assert_memory_equal(a.log.bytes, b.log.bytes, KITH_LOG_ID_SIZE);
    assert_int_equal(a.floor, b.floor);
    assert_int_equal(a.seq, b.seq);
    assert_true(kith_id_equal(&a.head, &b.head));
}

static void golden_vector_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_vector frame;
    struct kith_vector_entry entries[2];
    struct kith_bytes fields = fixture_golden(f, "frame_vector");
    sample_entries(&f->sample, entries);
    assert_int_equal(f->w.data[4], KITH_FRAME_VECTOR);
    assert_int_equal(kith_frame_vector_decode(fields, &frame), 0);
    assert_memory_equal(frame.tag.bytes, f->sample.tag.bytes, KITH_TAG_SIZE);
    assert_true(frame.is_last);
    assert_int_equal(frame.count, 2);
    assert_entry(kith_vector_entry_at(&frame, 0), entries[0]);
    assert_entry(kith_vector_entry_at(&frame, 1), entries[1]);
}

static void golden_have_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_vector frame;
    struct kith_vector_entry entries[2];
    struct kith_bytes fields = fixture_golden(f, "frame_have");
    sample_entries(&f->sample, entries);
    assert_int_equal(f->w.data[4], KITH_FRAME_HAVE);
    assert_int_equal(kith_frame_have_decode(fields, &frame), 0);
    assert_memory_equal(frame.tag.bytes, f->sample.tag.bytes, KITH_TAG_SIZE);
    assert_false(frame.is_last);
    assert_int_equal(frame.count, 1);
    assert_entry(kith_vector_entry_at(&frame, 0), entries[0]);
}

static void an_empty_last_page_round_trips(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_vector frame;
    kith_frame_vector_encode(&f->w, &f->sample.tag, true, NULL, 0);
    assert_int_equal(kith_frame_vector_decode(frame_fields(&f->w), &frame), 0);
    assert_true(frame.is_last);
    assert_int_equal(frame.count, 0);
}

static void only_the_lowest_flag_means_last(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_vector frame;
    kith_frame_vector_encode(&f->w, &f->sample.tag, false, NULL, 0);
    f->w.data[5 + FLAGS] = 0xfe;
    assert_int_equal(kith_frame_vector_decode(frame_fields(&f->w), &frame), 0);
    assert_false(frame.is_last);
    f->w.data[5 + FLAGS] = 0xff;
    assert_int_equal(kith_frame_vector_decode(frame_fields(&f->w), &frame), 0);
    assert_true(frame.is_last);
}

static void a_full_page_round_trips_and_one_more_is_too_big(void **state)
{
    struct fixture *f = *state;
    static struct kith_vector_entry entries[KITH_VECTOR_ENTRIES_MAX];
    struct kith_frame_vector frame;
    for (size_t i = 0; i < COUNT(entries); i++) {
        sample_entries(&f->sample, entries + (i < COUNT(entries) - 1 ? i : i - 1));
        entries[i].seq = KITH_SEQ_MAX - i;
        entries[i].floor = entries[i].seq;
    }
    kith_frame_vector_encode(&f->w, &f->sample.tag, false, entries, COUNT(entries));
    assert_true(f->w.size - 4 <= KITH_FRAME_SIZE_MAX);
    assert_int_equal(kith_frame_vector_decode(frame_fields(&f->w), &frame), 0);
    assert_int_equal(frame.count, COUNT(entries));
    for (size_t i = 0; i < COUNT(entries); i++)
        assert_entry(kith_vector_entry_at(&frame, i), entries[i]);

    uint8_t entry[ENTRY_SIZE];
    memcpy(entry, f->w.data + 5 + FIRST, ENTRY_SIZE);
    kith_writer_bytes(&f->w, entry, ENTRY_SIZE);
    f->w.data[5 + FLAGS + 2]++;
    assert_int_equal(kith_frame_vector_decode(frame_fields(&f->w), &frame), KITH_ETOOBIG);
}

static void put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* The second of two entries gets these, and is judged. */
static int judge(struct fixture *f, uint8_t log_class, uint64_t floor, uint64_t seq)
{
    struct kith_vector_entry entries[2];
    struct kith_frame_vector frame;
    sample_entries(&f->sample, entries);
    kith_writer_clear(&f->w);
    kith_frame_vector_encode(&f->w, &f->sample.tag, true, entries, 2);
    uint8_t *entry = f->w.data + 5 + FIRST + ENTRY_SIZE;
    entry[CLASS] = log_class;
    put_u64(entry + FLOOR, floor);
    put_u64(entry + SEQ, seq);
    return kith_frame_vector_decode(frame_fields(&f->w), &frame);
}

static void entries_are_judged_one_by_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge(f, 0, 0, 1), 0);
    assert_int_equal(judge(f, 1, 9, 9), 0);
    assert_int_equal(judge(f, 1, 0, KITH_SEQ_MAX), 0);
    assert_int_equal(judge(f, 2, 0, 1), KITH_EPROTO);
    assert_int_equal(judge(f, 0, 10, 9), KITH_EPROTO);
    assert_int_equal(judge(f, 0, 0, 0), KITH_EPROTO);
    assert_int_equal(judge(f, 0, 0, KITH_SEQ_MAX + 1), KITH_ETOOBIG);
}

static void have_judges_entries_too(void **state)
{
    struct fixture *f = *state;
    struct kith_vector_entry entries[2];
    struct kith_frame_vector frame;
    sample_entries(&f->sample, entries);
    entries[0].seq = 0;
    kith_frame_have_encode(&f->w, &f->sample.tag, entries, 1);
    assert_int_equal(kith_frame_have_decode(frame_fields(&f->w), &frame), KITH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_vector_reads_field_by_field),
        FIXTURE_TEST(golden_have_reads_field_by_field),
        FIXTURE_TEST(an_empty_last_page_round_trips),
        FIXTURE_TEST(only_the_lowest_flag_means_last),
        FIXTURE_TEST(a_full_page_round_trips_and_one_more_is_too_big),
        FIXTURE_TEST(entries_are_judged_one_by_one),
        FIXTURE_TEST(have_judges_entries_too),
    };
    return FIXTURE_RUN(tests);
}
