/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include "unit/proto/fixture.h"

/* Offsets within an own part without references. */
enum { CTL_COUNT = 10, DEPS_COUNT = 11, BODY_SIZE = 12, OWN_SIZE = 48 };

static struct kith_ref numbered(size_t n)
{
    struct kith_ref ref = {.seq = n + 1};
    memset(ref.author.bytes, (int)n, sizeof ref.author.bytes);
    memset(ref.log.bytes, (int)n + 0x40, sizeof ref.log.bytes);
    memset(ref.id.bytes, (int)n + 0x80, sizeof ref.id.bytes);
    return ref;
}

static void assert_ref(struct kith_ref a, struct kith_ref b)
{
    assert_true(kith_id_equal(&a.author, &b.author));
    assert_memory_equal(a.log.bytes, b.log.bytes, KITH_LOG_ID_SIZE);
    assert_int_equal(a.seq, b.seq);
    assert_true(kith_id_equal(&a.id, &b.id));
}

static void encode(struct fixture *f, size_t ctl_count, size_t deps_count)
{
    struct kith_ref refs[2 * KITH_REFS_MAX];
    for (size_t i = 0; i < COUNT(refs); i++)
        refs[i] = numbered(i);
    struct kith_own own = {
        .hlc = 0x0123456789abcdef,
        .kind = 0xfedc,
        .ctl = refs,
        .ctl_count = ctl_count,
        .deps = refs + ctl_count,
        .deps_count = deps_count,
        .body_size = KITH_BODY_SIZE_MAX,
    };
    memset(own.body_hash, 0xb0, sizeof own.body_hash);
    kith_writer_clear(&f->w);
    kith_own_encode(&f->w, &own);
}

static void any_number_of_references_round_trips(void **state)
{
    struct fixture *f = *state;
    for (size_t n = 0; n < (KITH_REFS_MAX + 1) * (KITH_REFS_MAX + 1); n++) {
        struct kith_event event;
        size_t ctl_count = n / (KITH_REFS_MAX + 1), deps_count = n % (KITH_REFS_MAX + 1);
        encode(f, ctl_count, deps_count);
        assert_int_equal(f->w.size, OWN_SIZE + (ctl_count + deps_count) * KITH_REF_SIZE);
        assert_int_equal(kith_own_decode(kith_writer_view(&f->w), &event), 0);
        assert_true(event.hlc == 0x0123456789abcdef);
        assert_int_equal(event.kind, 0xfedc);
        assert_int_equal(event.ctl_count, ctl_count);
        assert_int_equal(event.deps_count, deps_count);
        assert_int_equal(event.body_size, KITH_BODY_SIZE_MAX);
        assert_int_equal(event.body_hash[0], 0xb0);
        assert_int_equal(event.body_hash[31], 0xb0);
        assert_true(kith_bytes_equal(event.own, kith_writer_view(&f->w)));
        for (size_t i = 0; i < ctl_count + deps_count; i++)
            assert_ref(kith_event_ref(&event, i), numbered(i));
    }
}

static void every_truncation_fails(void **state)
{
    struct fixture *f = *state;
    struct kith_event event;
    encode(f, KITH_REFS_MAX, KITH_REFS_MAX);
    for (size_t size = 0; size < f->w.size; size++)
        assert_int_equal(kith_own_decode(kith_bytes(f->w.data, size), &event),
                         KITH_EPROTO);
}

static void nine_references_are_too_many(void **state)
{
    struct fixture *f = *state;
    struct kith_event event;
    encode(f, 0, 0);
    f->w.data[CTL_COUNT] = KITH_REFS_MAX + 1;
    assert_int_equal(kith_own_decode(kith_writer_view(&f->w), &event), KITH_ETOOBIG);
    encode(f, 0, 0);
    f->w.data[DEPS_COUNT] = KITH_REFS_MAX + 1;
    assert_int_equal(kith_own_decode(kith_writer_view(&f->w), &event), KITH_ETOOBIG);
}

static void unknown_trailing_bytes_stay_within_own_up_to_4096(void **state)
{
    struct fixture *f = *state;
    struct kith_event event;
    encode(f, 1, 1);
    size_t size = KITH_OWN_SIZE_MAX - f->w.size;
    memset(kith_writer_reserve(&f->w, size), 0xff, size);
    assert_int_equal(kith_own_decode(kith_writer_view(&f->w), &event), 0);
    assert_int_equal(event.own.size, KITH_OWN_SIZE_MAX);
    kith_writer_u8(&f->w, 0);
    assert_int_equal(kith_own_decode(kith_writer_view(&f->w), &event), KITH_ETOOBIG);
}

static void a_body_of_more_than_128_kib_is_too_big(void **state)
{
    struct fixture *f = *state;
    struct kith_event event;
    encode(f, 0, 0);
    kith_writer_patch_u32(&f->w, BODY_SIZE, KITH_BODY_SIZE_MAX + 1);
    assert_int_equal(kith_own_decode(kith_writer_view(&f->w), &event), KITH_ETOOBIG);
    kith_writer_patch_u32(&f->w, BODY_SIZE, 0);
    assert_int_equal(kith_own_decode(kith_writer_view(&f->w), &event), 0);
}

static int judge_refs(struct fixture *f, uint64_t ctl_seq, uint64_t deps_seq)
{
    struct kith_event event;
    struct kith_ref ctl = {.seq = ctl_seq}, dep = {.seq = deps_seq};
    struct kith_own own = {.ctl = &ctl, .ctl_count = 1, .deps = &dep, .deps_count = 1};
    kith_writer_clear(&f->w);
    kith_own_encode(&f->w, &own);
    return kith_own_decode(kith_writer_view(&f->w), &event);
}

static void references_name_events_that_can_exist(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge_refs(f, 1, KITH_SEQ_MAX), 0);
    assert_int_equal(judge_refs(f, 0, 1), KITH_EPROTO);
    assert_int_equal(judge_refs(f, 1, 0), KITH_EPROTO);
    assert_int_equal(judge_refs(f, KITH_SEQ_MAX + 1, 1), KITH_ETOOBIG);
    assert_int_equal(judge_refs(f, 1, KITH_SEQ_MAX + 1), KITH_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(any_number_of_references_round_trips),
        FIXTURE_TEST(every_truncation_fails),
        FIXTURE_TEST(nine_references_are_too_many),
        FIXTURE_TEST(unknown_trailing_bytes_stay_within_own_up_to_4096),
        FIXTURE_TEST(a_body_of_more_than_128_kib_is_too_big),
        FIXTURE_TEST(references_name_events_that_can_exist),
    };
    return FIXTURE_RUN(tests);
}
