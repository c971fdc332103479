/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include "base/name.h"
#include "unit/proto/fixture.h"

static int judge_text(struct fixture *f, struct kith_bytes text)
{
    struct kith_bytes back = kith_bytes(NULL, 0);
    kith_writer_clear(&f->w);
    kith_body_message_encode(&f->w, text);
    int error = kith_body_message_decode(kith_writer_view(&f->w), &back);
    if (!error)
        assert_true(kith_bytes_equal(back, text));
    return error;
}

static void texts_of_1_to_65536_bytes_round_trip(void **state)
{
    static uint8_t text[KITH_TEXT_SIZE_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_int_equal(judge_text(*state, kith_bytes(text, 1)), 0);
    assert_int_equal(judge_text(*state, kith_bytes(text, KITH_TEXT_SIZE_MAX)), 0);
    assert_int_equal(judge_text(*state, kith_bytes(text, 0)), KITH_EPROTO);
    assert_int_equal(judge_text(*state, kith_bytes(text, KITH_TEXT_SIZE_MAX + 1)),
                     KITH_EPROTO);
}

static void a_text_is_utf8(void **state)
{
    assert_int_equal(judge_text(*state, BYTES("\xf0\x9f\x91\x8b\x01\n")), 0);
    assert_int_equal(judge_text(*state, BYTES("a\0b")), KITH_EPROTO);
    assert_int_equal(judge_text(*state, BYTES("\xf0\x9f\x91")), KITH_EPROTO);
    assert_int_equal(judge_text(*state, BYTES("\xc0\xaf")), KITH_EPROTO);
    assert_int_equal(judge_text(*state, BYTES("a\xff")), KITH_EPROTO);
}

static void a_longest_text_fits_a_body(void **state)
{
    (void)state;
    assert_true(4 + KITH_TEXT_SIZE_MAX <= KITH_BODY_SIZE_MAX);
    assert_true(KITH_BODY_SIZE_MAX + KITH_SALT_SIZE + KITH_OWN_SIZE_MAX + 256 <=
                KITH_RUN_SIZE_MAX);
}

static void names_of_up_to_128_bytes_round_trip(void **state)
{
    struct fixture *f = *state;
    static uint8_t name[KITH_NAME_SIZE_MAX + 1];
    memset(name, 'n', sizeof name);
    for (size_t size = 0; size <= sizeof name; size++) {
        struct kith_bytes back = kith_bytes(NULL, 0);
        kith_writer_clear(&f->w);
        kith_body_profile_encode(&f->w, kith_bytes(name, size));
        int error = kith_body_profile_decode(kith_writer_view(&f->w), &back);
        assert_int_equal(error, size <= KITH_NAME_SIZE_MAX ? 0 : KITH_EPROTO);
        if (!error)
            assert_true(kith_bytes_equal(back, kith_bytes(name, size)));
    }
}

static void unknown_trailing_fields_of_bodies_are_skipped(void **state)
{
    struct fixture *f = *state;
    struct kith_bytes back;
    kith_body_message_encode(&f->w, BYTES("hi"));
    kith_writer_u8(&f->w, 0xff);
    assert_int_equal(kith_body_message_decode(kith_writer_view(&f->w), &back), 0);
    assert_true(kith_bytes_equal(back, BYTES("hi")));
    kith_writer_clear(&f->w);
    kith_body_profile_encode(&f->w, BYTES("Alice"));
    kith_writer_u8(&f->w, 0xff);
    assert_int_equal(kith_body_profile_decode(kith_writer_view(&f->w), &back), 0);
    assert_true(kith_bytes_equal(back, BYTES("Alice")));
}

static void every_truncation_of_a_body_fails(void **state)
{
    struct fixture *f = *state;
    struct kith_bytes back;
    kith_body_message_encode(&f->w, BYTES("hi"));
    for (size_t size = 0; size < f->w.size; size++)
        assert_int_equal(kith_body_message_decode(kith_bytes(f->w.data, size), &back),
                         KITH_EPROTO);
    kith_writer_clear(&f->w);
    kith_body_profile_encode(&f->w, BYTES("Alice"));
    for (size_t size = 0; size < f->w.size; size++)
        assert_int_equal(kith_body_profile_decode(kith_bytes(f->w.data, size), &back),
                         KITH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(texts_of_1_to_65536_bytes_round_trip),
        FIXTURE_TEST(a_text_is_utf8),
        FIXTURE_TEST(a_longest_text_fits_a_body),
        FIXTURE_TEST(names_of_up_to_128_bytes_round_trip),
        FIXTURE_TEST(unknown_trailing_fields_of_bodies_are_skipped),
        FIXTURE_TEST(every_truncation_of_a_body_fails),
    };
    return FIXTURE_RUN(tests);
}
