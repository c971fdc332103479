/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <sodium.h>

#include "lib/alloc_failing.h"
#include "lib/guard.h"
#include "unit/proto/fixture.h"

/* Offsets within a run. */
enum { VERSION = 0, CLASS = 33, SEQ = 50, PREV = 58, SIGNATURE = 90, COUNT_AT = 154 };
enum { EVENTS = 155 };

static struct kith_run run;

static int decode(const struct fixture *f)
{
    return kith_run_decode(kith_writer_view(&f->w), &run);
}

/* A run of `count` small events from `seq_first` on. */
static void encode(struct fixture *f, uint64_t seq_first, size_t count)
{
    struct kith_run_head head = {.author = f->sample.alice, .seq_first = seq_first};
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    head.prev.bytes[31] = seq_first > 1;
    kith_writer_clear(&f->w);
    size_t at = kith_run_begin(&f->w, &head);
    for (size_t i = 0; i < count; i++) {
        struct kith_own part = {.hlc = i + 1, .kind = 1, .body_size = 3};
        kith_writer_clear(&own);
        kith_own_encode(&own, &part);
        kith_run_add(&f->w, at, kith_writer_view(&own), BYTES("0123456789abcdef123"));
    }
    kith_writer_deinit(&own);
}

static void golden_run_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_bytes bytes = fixture_golden(f, "run_messages");
    assert_int_equal(kith_run_decode(bytes, &run), 0);
    assert_true(kith_id_equal(&run.author, &f->sample.alice));
    assert_int_equal(run.log_class, KITH_LOG_CONTENT);
    assert_memory_equal(run.log.bytes, f->sample.content_log.bytes, KITH_LOG_ID_SIZE);
    assert_int_equal(run.seq_first, 1);
    assert_true(kith_id_is_zero(&run.prev));
    assert_memory_equal(run.signature, bytes.data + SIGNATURE, KITH_SIGNATURE_SIZE);
    assert_int_equal(run.count, SAMPLE_MESSAGES);
    assert_ptr_equal(run.bytes.data, bytes.data);
    assert_int_equal(run.bytes.size, bytes.size);
    for (size_t i = 0; i < run.count; i++) {
        const struct kith_event *event = &run.events[i];
        assert_int_equal(event->seq, i + 1);
        assert_true(event->hlc == kith_hlc_from_wall(SAMPLE_WALL + KITH_SECOND) + i);
        assert_int_equal(event->kind, KITH_KIND_MESSAGE);
        assert_int_equal(event->ctl_count, 1);
        assert_int_equal(event->deps_count, i == 1);
        assert_int_equal(event->body_size, 4 + strlen(sample_texts[i]));
        assert_true(kith_id_is_zero(&event->id));
    }
}

static void golden_references_name_the_profile_and_bob(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(kith_run_decode(fixture_golden(f, "run_messages"), &run), 0);
    struct kith_ref ctl = kith_event_ref(&run.events[1], 0);
    struct kith_ref dep = kith_event_ref(&run.events[1], 1);
    assert_true(kith_id_equal(&ctl.author, &f->sample.alice));
    assert_memory_equal(ctl.log.bytes, f->sample.control_log.bytes, KITH_LOG_ID_SIZE);
    assert_int_equal(ctl.seq, 1);
    assert_true(kith_id_equal(&ctl.id, &f->sample.profile_id));
    assert_true(kith_id_equal(&dep.author, &f->sample.bob));
    assert_int_equal(dep.seq, 7);
}

static void golden_bodies_hold_the_texts_but_for_the_discarded_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(kith_run_decode(fixture_golden(f, "run_messages"), &run), 0);
    for (size_t i = 0; i < 2; i++) {
        const struct kith_event *event = &run.events[i];
        struct kith_bytes text,
            expected = {(const uint8_t *)sample_texts[i], strlen(sample_texts[i])};
        struct kith_bytes body = {event->content.data + KITH_SALT_SIZE,
                                  event->content.size - KITH_SALT_SIZE};
        uint8_t hash[KITH_HASH_SIZE];
        assert_int_equal(body.size, event->body_size);
        assert_int_equal(kith_body_message_decode(body, &text), 0);
        assert_true(kith_bytes_equal(text, expected));
        crypto_generichash(hash, sizeof hash, event->content.data, event->content.size,
                           NULL, 0);
        assert_memory_equal(hash, event->body_hash, sizeof hash);
    }
    assert_int_equal(run.events[2].content.size, 0);
}

/* Prefix and own part of each event hash to the id of the chain; its last is signed. */
static void golden_signature_seals_the_chain(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(kith_run_decode(fixture_golden(f, "run_messages"), &run), 0);
    struct kith_id prev = run.prev;
    for (size_t i = 0; i < run.count; i++) {
        uint8_t prefix[KITH_EVENT_PREFIX_SIZE];
        crypto_generichash_state h;
        kith_event_prefix(&run, &f->sample.lobby, run.events[i].seq, &prev, prefix);
        crypto_generichash_init(&h, NULL, 0, KITH_ID_SIZE);
        crypto_generichash_update(&h, prefix, sizeof prefix);
        crypto_generichash_update(&h, run.events[i].own.data, run.events[i].own.size);
        crypto_generichash_final(&h, prev.bytes, KITH_ID_SIZE);
        assert_true(kith_id_equal(&prev, &f->sample.message_ids[i]));
    }
    uint8_t message[42];
    memcpy(message, "kith run 1", 10);
    memcpy(message + 10, prev.bytes, KITH_ID_SIZE);
    assert_int_equal(crypto_sign_verify_detached(run.signature, message, sizeof message,
                                                 run.author.bytes),
                     0);
}

static void golden_profile_is_in_the_control_log(void **state)
{
    struct fixture *f = *state;
    struct kith_bytes name;
    assert_int_equal(kith_run_decode(fixture_golden(f, "run_profile"), &run), 0);
    assert_int_equal(run.log_class, KITH_LOG_CONTROL);
    assert_memory_equal(run.log.bytes, f->sample.control_log.bytes, KITH_LOG_ID_SIZE);
    assert_int_equal(run.count, 1);
    assert_int_equal(run.events[0].kind, KITH_KIND_PROFILE);
    struct kith_bytes body = {run.events[0].content.data + KITH_SALT_SIZE,
                              run.events[0].content.size - KITH_SALT_SIZE};
    assert_int_equal(kith_body_profile_decode(body, &name), 0);
    assert_true(kith_bytes_equal(name, BYTES("Alice")));
}

static void prefix_lays_out_what_an_event_shares(void **state)
{
    (void)state;
    uint8_t out[KITH_EVENT_PREFIX_SIZE];
    struct kith_id room, prev;
    memset(&run.author, 0xaa, sizeof run.author);
    memset(&run.log, 0xbb, sizeof run.log);
    memset(&room, 0xcc, sizeof room);
    memset(&prev, 0xdd, sizeof prev);
    run.log_class = KITH_LOG_CONTROL;
    kith_event_prefix(&run, &room, 0x0102030405060708, &prev, out);
    assert_int_equal(out[0], 1);
    assert_memory_equal(out + 1, room.bytes, 32);
    assert_memory_equal(out + 33, run.author.bytes, 32);
    assert_int_equal(out[65], 1);
    assert_memory_equal(out + 66, run.log.bytes, 16);
    assert_memory_equal(out + 82, "\1\2\3\4\5\6\7\10", 8);
    assert_memory_equal(out + 90, prev.bytes, 32);
}

static void a_decoded_run_is_put_together_again_byte_for_byte(void **state)
{
    struct fixture *f = *state;
    struct kith_bytes golden = kith_writer_view(&f->sample.run_messages);
    assert_int_equal(kith_run_decode(golden, &run), 0);
    struct kith_run_head head = {run.author, run.log_class, run.log, run.seq_first,
                                 run.prev};
    kith_writer_u32(&f->w, 0); /* a run need not stand at the start of its writer */
    size_t at = kith_run_begin(&f->w, &head);
    assert_int_equal(at, 4);
    for (size_t i = 0; i < run.count; i++)
        kith_run_add(&f->w, at, run.events[i].own, run.events[i].content);
    kith_run_sign(&f->w, at, run.signature);
    struct kith_bytes again = {f->w.data + at, f->w.size - at};
    assert_true(kith_bytes_equal(again, golden));
}

static void a_run_has_1_to_128_events(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, KITH_RUN_COUNT_MAX);
    assert_int_equal(decode(f), 0);
    assert_int_equal(run.count, KITH_RUN_COUNT_MAX);
    assert_int_equal(run.events[127].seq, 128);
    f->w.data[COUNT_AT] = KITH_RUN_COUNT_MAX + 1;
    assert_int_equal(decode(f), KITH_ETOOBIG);
    encode(f, 1, 0);
    assert_int_equal(decode(f), KITH_EPROTO);
}

static void a_count_that_is_not_that_of_the_events_is_refused(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 3);
    f->w.data[COUNT_AT] = 4;
    assert_int_equal(decode(f), KITH_EPROTO);
    f->w.data[COUNT_AT] = 2;
    assert_int_equal(decode(f), KITH_EPROTO);
}

static void unknown_versions_are_told_apart(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 1);
    f->w.data[VERSION] = 0;
    assert_int_equal(decode(f), KITH_EVERSION);
    f->w.data[VERSION] = KITH_EVENT_VERSION + 1;
    assert_int_equal(decode(f), KITH_EVERSION);
    assert_int_equal(kith_run_decode(kith_bytes(NULL, 0), &run), KITH_EPROTO);
}

static void an_unknown_class_is_refused(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 1);
    f->w.data[CLASS] = KITH_LOG_CONTROL;
    assert_int_equal(decode(f), 0);
    assert_int_equal(run.log_class, KITH_LOG_CONTROL);
    f->w.data[CLASS] = KITH_LOG_CONTROL + 1;
    assert_int_equal(decode(f), KITH_EPROTO);
}

static void sequence_numbers_stay_within_40_bits(void **state)
{
    struct fixture *f = *state;
    encode(f, KITH_SEQ_MAX - 2, 3);
    assert_int_equal(decode(f), 0);
    assert_true(run.events[2].seq == KITH_SEQ_MAX);
    encode(f, KITH_SEQ_MAX - 1, 3);
    assert_int_equal(decode(f), KITH_ETOOBIG);
    encode(f, UINT64_MAX, 3);
    assert_int_equal(decode(f), KITH_ETOOBIG);
    encode(f, 0, 1);
    assert_int_equal(decode(f), KITH_EPROTO);
}

static void only_the_first_event_of_a_log_has_no_prev(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 1);
    f->w.data[PREV] = 1;
    assert_int_equal(decode(f), KITH_EPROTO);
    encode(f, 2, 1);
    assert_int_equal(decode(f), 0);
    memset(f->w.data + PREV, 0, KITH_ID_SIZE);
    assert_int_equal(decode(f), KITH_EPROTO);
}

/* Events of encode() are alike in size; the hlc stands behind their size. */
static uint8_t *hlc_low_byte(struct fixture *f, size_t index, size_t count)
{
    size_t event_size = (f->w.size - EVENTS) / count;
    return f->w.data + EVENTS + index * event_size + 2 + 7;
}

static void hlc_rises_from_event_to_event(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 3);
    assert_int_equal(*hlc_low_byte(f, 2, 3), 3);
    *hlc_low_byte(f, 2, 3) = 2;
    assert_int_equal(decode(f), KITH_EPROTO);
    *hlc_low_byte(f, 2, 3) = 1;
    assert_int_equal(decode(f), KITH_EPROTO);
    *hlc_low_byte(f, 2, 3) = 200;
    assert_int_equal(decode(f), 0);
}

static void nothing_may_follow_the_last_event(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 2);
    kith_writer_u8(&f->w, 0);
    assert_int_equal(decode(f), KITH_EPROTO);
}

static void content_is_present_or_discarded(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 1);
    size_t flag = f->w.size - 20;
    assert_int_equal(f->w.data[flag], 1);
    f->w.data[flag] = 2;
    assert_int_equal(decode(f), KITH_EPROTO);
    f->w.data[flag] = 0;
    assert_int_equal(decode(f), KITH_EPROTO); /* the content is left over */
    f->w.size = flag + 1;
    f->w.data[flag] = 2;
    assert_int_equal(decode(f), KITH_EPROTO);
    f->w.data[flag] = 0;
    assert_int_equal(decode(f), 0);
    assert_int_equal(run.events[0].content.size, 0);
    assert_int_equal(run.events[0].body_size, 3);
}

static void an_empty_body_still_has_its_salt(void **state)
{
    struct fixture *f = *state;
    struct kith_run_head head = {.seq_first = 1};
    struct kith_own part = {.kind = 1};
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    kith_own_encode(&own, &part);
    size_t at = kith_run_begin(&f->w, &head);
    kith_run_add(&f->w, at, kith_writer_view(&own), BYTES("0123456789abcdef"));
    assert_int_equal(decode(f), 0);
    assert_int_equal(run.events[0].content.size, KITH_SALT_SIZE);
    kith_writer_deinit(&own);
}

/* One event whose own part and body have these sizes. */
static int judge_sizes(struct fixture *f, size_t own_size, size_t body_size)
{
    static uint8_t content[KITH_SALT_SIZE + KITH_BODY_SIZE_MAX + 1];
    struct kith_run_head head = {.seq_first = 1};
    struct kith_own part = {.kind = 1, .body_size = (uint32_t)body_size};
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    kith_own_encode(&own, &part);
    size_t more = own_size - own.size;
    if (more > 0)
        memset(kith_writer_reserve(&own, more), 0xee, more);
    kith_writer_clear(&f->w);
    kith_run_begin(&f->w, &head);
    kith_writer_bytes16(&f->w, kith_writer_view(&own)); /* kith_run_add refuses more */
    kith_writer_u8(&f->w, 1);
    kith_writer_bytes(&f->w, content, KITH_SALT_SIZE + body_size);
    f->w.data[COUNT_AT] = 1;
    kith_writer_deinit(&own);
    return decode(f);
}

static void own_parts_and_bodies_have_their_limits(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(judge_sizes(f, 48, 0), 0);
    assert_int_equal(judge_sizes(f, KITH_OWN_SIZE_MAX, KITH_BODY_SIZE_MAX), 0);
    assert_int_equal(run.events[0].own.size, KITH_OWN_SIZE_MAX);
    assert_int_equal(run.events[0].content.size, KITH_SALT_SIZE + KITH_BODY_SIZE_MAX);
    assert_int_equal(judge_sizes(f, KITH_OWN_SIZE_MAX + 1, 0), KITH_ETOOBIG);
    assert_int_equal(judge_sizes(f, 48, KITH_BODY_SIZE_MAX + 1), KITH_ETOOBIG);
}

static void a_run_has_at_most_512_kib(void **state)
{
    struct fixture *f = *state;
    encode(f, 1, 1);
    size_t more = KITH_RUN_SIZE_MAX - f->w.size;
    memset(kith_writer_reserve(&f->w, more), 0, more);
    assert_int_equal(decode(f), KITH_EPROTO); /* left over, but not too big */
    kith_writer_u8(&f->w, 0);
    assert_int_equal(decode(f), KITH_ETOOBIG);
}

static void every_truncation_of_128_events_stays_within_bounds(void **state)
{
    struct fixture *f = *state;
    struct guard guard;
    encode(f, 1, KITH_RUN_COUNT_MAX);
    guard_init(&guard, f->w.size);
    for (size_t size = 0; size < f->w.size; size++) {
        struct kith_bytes cut = guard_put(&guard, kith_bytes(f->w.data, size));
        assert_int_equal(kith_run_decode(cut, &run), KITH_EPROTO);
    }
    guard_deinit(&guard);
}

static void building_survives_every_allocation_failure(void **state)
{
    struct fixture *f = *state;
    const uint8_t signature[KITH_SIGNATURE_SIZE] = {0};
    struct kith_run_head head = {.author = f->sample.alice, .seq_first = 1};
    struct alloc_failing alloc;
    alloc_failing_init(&alloc);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct kith_writer w = kith_writer(&alloc.alloc);
        alloc_failing_arm(&alloc, n);
        size_t at = kith_run_begin(&w, &head);
        for (size_t i = 0; i < KITH_RUN_COUNT_MAX; i++)
            kith_run_add(&w, at, BYTES("0123456789"), kith_bytes(NULL, 0));
        kith_run_sign(&w, at, signature);
        failed = w.failed;
        kith_writer_deinit(&w);
        assert_int_equal(alloc.live_blocks, 0);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_run_reads_field_by_field),
        FIXTURE_TEST(golden_references_name_the_profile_and_bob),
        FIXTURE_TEST(golden_bodies_hold_the_texts_but_for_the_discarded_one),
        FIXTURE_TEST(golden_signature_seals_the_chain),
        FIXTURE_TEST(golden_profile_is_in_the_control_log),
        FIXTURE_TEST(prefix_lays_out_what_an_event_shares),
        FIXTURE_TEST(a_decoded_run_is_put_together_again_byte_for_byte),
        FIXTURE_TEST(a_run_has_1_to_128_events),
        FIXTURE_TEST(a_count_that_is_not_that_of_the_events_is_refused),
        FIXTURE_TEST(unknown_versions_are_told_apart),
        FIXTURE_TEST(an_unknown_class_is_refused),
        FIXTURE_TEST(sequence_numbers_stay_within_40_bits),
        FIXTURE_TEST(only_the_first_event_of_a_log_has_no_prev),
        FIXTURE_TEST(hlc_rises_from_event_to_event),
        FIXTURE_TEST(nothing_may_follow_the_last_event),
        FIXTURE_TEST(content_is_present_or_discarded),
        FIXTURE_TEST(an_empty_body_still_has_its_salt),
        FIXTURE_TEST(own_parts_and_bodies_have_their_limits),
        FIXTURE_TEST(a_run_has_at_most_512_kib),
        FIXTURE_TEST(every_truncation_of_128_events_stays_within_bounds),
        FIXTURE_TEST(building_survives_every_allocation_failure),
    };
    return FIXTURE_RUN(tests);
}
