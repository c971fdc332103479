/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

static void check_token(struct fixture *f, const char *name, uint8_t type)
{
    struct kith_frame_ping frame;
    kith_writer_clear(&f->w);
    struct kith_bytes fields = fixture_golden(f, name);
    assert_int_equal(f->w.data[4], type);
    assert_int_equal(kith_frame_ping_decode(fields, &frame), 0);
    assert_int_equal(frame.token, 0x0102030405060708);
}

static void golden_ping_and_pong_carry_the_same_token(void **state)
{
    check_token(*state, "frame_ping", KITH_FRAME_PING);
    check_token(*state, "frame_pong", KITH_FRAME_PONG);
}

static void any_token_round_trips(void **state)
{
    struct fixture *f = *state;
    const uint64_t tokens[] = {0, 1, UINT64_MAX};
    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct kith_frame_ping frame = {tokens[i]}, back;
        kith_writer_clear(&f->w);
        kith_frame_ping_encode(&f->w, KITH_FRAME_PING, &frame);
        assert_int_equal(kith_frame_ping_decode(frame_fields(&f->w), &back), 0);
        assert_true(back.token == tokens[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_ping_and_pong_carry_the_same_token),
        FIXTURE_TEST(any_token_round_trips),
    };
    return FIXTURE_RUN(tests);
}
