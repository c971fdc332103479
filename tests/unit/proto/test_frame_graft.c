/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

/* Offset of have_count within the fields. */
enum { HAVE_COUNT = 16 + KITH_REF_SIZE, LOCATOR_SIZE = 40 };

static void assert_wanted(const struct kith_frame_graft *frame,
                          const struct sample *sample)
{
    struct kith_ref wanted = sample_wanted(sample);
    assert_memory_equal(frame->tag.bytes, sample->tag.bytes, KITH_TAG_SIZE);
    assert_true(kith_id_equal(&frame->wanted.author, &wanted.author));
    assert_memory_equal(frame->wanted.log.bytes, wanted.log.bytes, KITH_LOG_ID_SIZE);
    assert_int_equal(frame->wanted.seq, 3);
    assert_true(kith_id_equal(&frame->wanted.id, &wanted.id));
}

static void golden_graft_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_graft frame;
    struct kith_bytes fields = fixture_golden(f, "frame_graft");
    assert_int_equal(f->w.data[4], KITH_FRAME_GRAFT);
    assert_int_equal(kith_frame_graft_decode(fields, &frame), 0);
    assert_wanted(&frame, &f->sample);
    assert_int_equal(frame.have_count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct kith_locator locator = kith_locator_at(&frame, i);
        assert_int_equal(locator.seq, 2 - i);
        assert_true(kith_id_equal(&locator.id, &f->sample.message_ids[1 - i]));
    }
}

static void golden_prune_and_fork_have_nothing(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_graft frame;
    struct kith_bytes fields = fixture_golden(f, "frame_prune");
    assert_int_equal(f->w.data[4], KITH_FRAME_PRUNE);
    assert_int_equal(kith_frame_graft_decode(fields, &frame), 0);
    assert_wanted(&frame, &f->sample);
    assert_int_equal(frame.have_count, 0);

    kith_writer_clear(&f->w);
    fields = fixture_golden(f, "frame_fork");
    assert_int_equal(f->w.data[4], KITH_FRAME_FORK);
    assert_int_equal(kith_frame_graft_decode(fields, &frame), 0);
    assert_wanted(&frame, &f->sample);
    assert_int_equal(frame.have_count, 0);
}

static int judge(struct fixture *f, uint64_t wanted_seq, const uint64_t *seqs,
                 size_t count)
{
    struct kith_ref wanted = sample_wanted(&f->sample);
    struct kith_locator have[KITH_LOCATOR_MAX];
    struct kith_frame_graft frame;
    wanted.seq = wanted_seq;
    for (size_t i = 0; i < count; i++)
        have[i] = (struct kith_locator){seqs[i], f->sample.alice};
    kith_writer_clear(&f->w);
    kith_frame_graft_encode(&f->w, KITH_FRAME_GRAFT, &f->sample.tag, &wanted, have,
                            count);
    return kith_frame_graft_decode(frame_fields(&f->w), &frame);
}

static void what_is_wanted_has_a_number(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge(f, 1, NULL, 0), 0);
    assert_int_equal(judge(f, KITH_SEQ_MAX, NULL, 0), 0);
    assert_int_equal(judge(f, 0, NULL, 0), KITH_EPROTO);
    assert_int_equal(judge(f, KITH_SEQ_MAX + 1, NULL, 0), KITH_ETOOBIG);
}

static void what_is_had_descends(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge(f, 9, (uint64_t[]){KITH_SEQ_MAX, 7, 1}, 3), 0);
    assert_int_equal(judge(f, 9, (uint64_t[]){8, 8, 1}, 3), KITH_EPROTO);
    assert_int_equal(judge(f, 9, (uint64_t[]){1, 8}, 2), KITH_EPROTO);
    assert_int_equal(judge(f, 9, (uint64_t[]){8, 0}, 2), KITH_EPROTO);
    assert_int_equal(judge(f, 9, (uint64_t[]){KITH_SEQ_MAX + 1, 1}, 2), KITH_ETOOBIG);
}

static void a_longest_locator_passes_and_a_longer_one_is_too_big(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_graft frame;
    uint64_t seqs[KITH_LOCATOR_MAX];
    for (size_t i = 0; i < KITH_LOCATOR_MAX; i++)
        seqs[i] = UINT64_C(1) << (KITH_LOCATOR_MAX - 1 - i);
    assert_int_equal(judge(f, 9, seqs, KITH_LOCATOR_MAX), 0);
    memset(kith_writer_reserve(&f->w, LOCATOR_SIZE), 0, LOCATOR_SIZE);
    f->w.data[5 + HAVE_COUNT]++;
    assert_int_equal(kith_frame_graft_decode(frame_fields(&f->w), &frame), KITH_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_graft_reads_field_by_field),
        FIXTURE_TEST(golden_prune_and_fork_have_nothing),
        FIXTURE_TEST(what_is_wanted_has_a_number),
        FIXTURE_TEST(what_is_had_descends),
        FIXTURE_TEST(a_longest_locator_passes_and_a_longer_one_is_too_big),
    };
    return FIXTURE_RUN(tests);
}
