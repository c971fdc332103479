/* SPDX-License-Identifier: MIT */
/* What holds for every golden vector alike; the fields of each are read in its own test.
 */
#include "lib/alloc_failing.h"
#include "lib/guard.h"
#include "lib/unit.h"

#include "kith/error.h"
#include "unit/proto/golden.h"
#include "unit/proto/sample.h"

static struct sample sample;

static int setup(void **state)
{
    (void)state;
    sample_init(&sample);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sample_deinit(&sample);
    return 0;
}

/* The file's bytes, and those among them that the decoder takes. */
static struct kith_bytes load(const struct vector *vector, struct kith_writer *w)
{
    struct kith_writer text = kith_writer(&kith_alloc_heap);
    golden_read(vector->name, &text);
    golden_parse(kith_writer_view(&text), w);
    kith_writer_deinit(&text);
    assert_true(w->size > vector->skip);
    return kith_bytes(w->data + vector->skip, w->size - vector->skip);
}

static void encoders_give_the_golden_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_vectors_count; i++) {
        struct kith_writer golden = kith_writer(&kith_alloc_heap);
        struct kith_writer made = kith_writer(&kith_alloc_heap);
        load(&sample_vectors[i], &golden);
        sample_vectors[i].encode(&sample, &made);
        if (!kith_bytes_equal(kith_writer_view(&made), kith_writer_view(&golden)))
            fail_msg("%s is encoded differently", sample_vectors[i].name);
        kith_writer_deinit(&made);
        kith_writer_deinit(&golden);
    }
}

static void golden_frames_state_their_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_vectors_count; i++) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        load(&sample_vectors[i], &w);
        if (sample_vectors[i].skip == 5) {
            uint32_t length = (uint32_t)w.data[0] << 24 | (uint32_t)w.data[1] << 16 |
                              (uint32_t)w.data[2] << 8 | w.data[3];
            assert_int_equal(length, w.size - 4);
        }
        kith_writer_deinit(&w);
    }
}

static void every_truncation_fails_without_reading_past_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_vectors_count; i++) {
        const struct vector *vector = &sample_vectors[i];
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        struct kith_bytes whole = load(vector, &w);
        struct guard guard;
        guard_init(&guard, whole.size);
        assert_int_equal(vector->decode(guard_put(&guard, whole)), 0);
        assert_int_equal(vector->decode(guard_put_first(&guard, whole)), 0);
        for (size_t size = 0; size < whole.size; size++) {
            struct kith_bytes cut = guard_put(&guard, kith_bytes(whole.data, size));
            int error = vector->decode(cut);
            bool is_whole = vector->grown != 0 && size == whole.size - vector->grown;
            if (error != (is_whole ? 0 : KITH_EPROTO))
                fail_msg("%s cut to %zu bytes gives %d", vector->name, size, error);
        }
        guard_deinit(&guard);
        kith_writer_deinit(&w);
    }
}

/* Whatever one byte becomes, the decoder stays within its input and returns. */
static void every_changed_byte_is_judged_within_bounds(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < sample_vectors_count; i++) {
        const struct vector *vector = &sample_vectors[i];
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        struct kith_bytes whole = load(vector, &w);
        struct guard guard;
        guard_init(&guard, whole.size);
        for (size_t at = 0; at < whole.size * COUNT(values); at++) {
            guard_put(&guard, whole);
            uint8_t *bytes = guard.end - whole.size;
            bytes[at / COUNT(values)] = values[at % COUNT(values)];
            int error = vector->decode(kith_bytes(bytes, whole.size));
            assert_true(error == 0 || error == KITH_EPROTO || error == KITH_ETOOBIG ||
                        error == KITH_EVERSION);
        }
        guard_deinit(&guard);
        kith_writer_deinit(&w);
    }
}

static void unknown_trailing_fields_are_skipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_vectors_count; i++) {
        const struct vector *vector = &sample_vectors[i];
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        load(vector, &w);
        kith_writer_u32(&w, 0xffffffff);
        int error =
            vector->decode(kith_bytes(w.data + vector->skip, w.size - vector->skip));
        assert_int_equal(error, vector->takes_all ? KITH_EPROTO : 0);
        kith_writer_deinit(&w);
    }
}

static void encoders_survive_every_allocation_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_vectors_count; i++) {
        struct alloc_failing alloc;
        alloc_failing_init(&alloc);
        bool failed = true;
        for (size_t n = 1; failed; n++) {
            struct kith_writer w = kith_writer(&alloc.alloc);
            alloc_failing_arm(&alloc, n);
            sample_vectors[i].encode(&sample, &w);
            failed = w.failed;
            kith_writer_deinit(&w);
            assert_int_equal(alloc.live_blocks, 0);
            assert_true(n < 100);
        }
    }
}

static bool shows(const struct kith_writer *document, struct kith_bytes text)
{
    return memmem(document->data, document->size, text.data, text.size) != NULL;
}

static void the_protocol_document_shows_every_vector(void **state)
{
    (void)state;
    struct kith_writer document = kith_writer(&kith_alloc_heap);
    golden_read_document(&document);
    for (size_t i = 0; i < sample_vectors_count; i++) {
        struct kith_writer text = kith_writer(&kith_alloc_heap);
        golden_read(sample_vectors[i].name, &text);
        if (!shows(&document, kith_writer_view(&text)))
            fail_msg("docs/PROTOCOL.md lacks %s", sample_vectors[i].name);
        kith_writer_deinit(&text);
    }
    kith_writer_deinit(&document);
}

static void the_protocol_document_shows_every_derived_value(void **state)
{
    (void)state;
    struct kith_writer document = kith_writer(&kith_alloc_heap);
    golden_read_document(&document);
    const void *const values[] = {
        sample.network_key,
        sample.alice.bytes,
        sample.bob.bytes,
        sample.tracker.bytes,
        sample.network_tag,
        sample.lobby.bytes,
        sample.direct.bytes,
        sample.proof,
        sample.tag.bytes,
        sample.profile_id.bytes,
        sample.message_ids[0].bytes,
        sample.message_ids[1].bytes,
        sample.message_ids[2].bytes,
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        size_t size = values[i] == sample.tag.bytes ? KITH_TAG_SIZE : KITH_HASH_SIZE;
        struct kith_writer text = kith_writer(&kith_alloc_heap);
        golden_format(kith_bytes(values[i], size), &text);
        text.size--; /* without the line feed */
        if (!shows(&document, kith_writer_view(&text)))
            fail_msg("docs/PROTOCOL.md lacks %.*s", (int)text.size, (char *)text.data);
        kith_writer_deinit(&text);
    }
    kith_writer_deinit(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoders_give_the_golden_bytes),
        cmocka_unit_test(golden_frames_state_their_length),
        cmocka_unit_test(every_truncation_fails_without_reading_past_the_end),
        cmocka_unit_test(every_changed_byte_is_judged_within_bounds),
        cmocka_unit_test(unknown_trailing_fields_are_skipped),
        cmocka_unit_test(encoders_survive_every_allocation_failure),
        cmocka_unit_test(the_protocol_document_shows_every_vector),
        cmocka_unit_test(the_protocol_document_shows_every_derived_value),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
