/* SPDX-License-Identifier: MIT */
/* CALL, RING and REFUSED. */
#include "proto/tracker.h"

#include "unit/proto/fixture.h"

/* Offsets within the fields of CALL and RING. */
enum { HOW = 40, ROLE = 41 };
enum { UNKNOWN = KITH_CALL_RELAY + 1 };

static void golden_call_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_call frame;
    struct kith_bytes fields = fixture_golden(f, "frame_call");
    assert_int_equal(f->w.data[4], KITH_FRAME_CALL);
    assert_int_equal(kith_frame_call_decode(fields, &frame), 0);
    assert_true(frame.token == 0x0102030405060708);
    assert_true(kith_id_equal(&frame.id, &f->sample.alice));
    assert_int_equal(frame.how, KITH_CALL_MEET);
}

static void a_call_of_an_unknown_way_round_trips_to_be_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_call frame = {UINT64_MAX, f->sample.bob, UINT8_MAX}, back;
    kith_frame_call_encode(&f->w, &frame);
    assert_int_equal(kith_frame_call_decode(frame_fields(&f->w), &back), 0);
    assert_true(back.token == UINT64_MAX);
    assert_true(kith_id_equal(&back.id, &f->sample.bob));
    assert_int_equal(back.how, UINT8_MAX);
}

static void a_call_without_token_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_call back;
    struct kith_bytes fields = fixture_golden(f, "frame_call");
    memset(f->w.data + 5, 0, 8);
    assert_int_equal(kith_frame_call_decode(fields, &back), KITH_EPROTO);
    f->w.data[5] = 0x80;
    assert_int_equal(kith_frame_call_decode(fields, &back), 0);
}

static void golden_ring_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_ring frame;
    struct kith_bytes fields = fixture_golden(f, "frame_ring");
    assert_int_equal(f->w.data[4], KITH_FRAME_RING);
    assert_int_equal(kith_frame_ring_decode(fields, &frame), 0);
    assert_true(frame.token == 0x0102030405060708);
    assert_true(kith_id_equal(&frame.id, &f->sample.alice));
    assert_int_equal(frame.how, KITH_CALL_MEET);
    assert_int_equal(frame.role, 'd');
    assert_true(kith_bytes_equal(frame.address, BYTES("192.0.2.1:4747")));
    assert_int_equal(frame.ticket.size, 0);
}

static void golden_ring_to_be_relayed_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_ring frame;
    struct kith_bytes fields = fixture_golden(f, "frame_ring_relay");
    assert_int_equal(f->w.data[4], KITH_FRAME_RING);
    assert_int_equal(kith_frame_ring_decode(fields, &frame), 0);
    assert_true(frame.token == 0);
    assert_true(kith_id_equal(&frame.id, &f->sample.bob));
    assert_int_equal(frame.how, KITH_CALL_RELAY);
    assert_int_equal(frame.role, 'l');
    assert_int_equal(frame.address.size, 0);
    assert_int_equal(frame.ticket.size, KITH_TICKET_SIZE);
    for (size_t i = 0; i < KITH_TICKET_SIZE; i++)
        assert_int_equal(frame.ticket.data[i], 0x70);
}

static uint8_t filler[UINT8_MAX];

/* A RING with so long an address and ticket, in `w`; what becomes of it. */
static int judge_ring(struct fixture *f, uint8_t how, size_t address, size_t ticket,
                      struct kith_frame_ring *out)
{
    struct kith_frame_ring frame = {
        .token = UINT64_MAX,
        .id = f->sample.bob,
        .how = UNKNOWN, /* may be encoded with anything */
        .role = 'l',
        .address = kith_bytes(filler, address),
        .ticket = kith_bytes(filler, ticket),
    };
    memset(filler, 'x', sizeof filler);
    kith_writer_clear(&f->w);
    kith_frame_ring_encode(&f->w, &frame);
    f->w.data[5 + HOW] = how;
    return kith_frame_ring_decode(frame_fields(&f->w), out);
}

static void largest_ring_round_trips(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_ring back;
    assert_int_equal(judge_ring(f, KITH_CALL_MEET, UINT8_MAX, 0, &back), 0);
    assert_true(back.token == UINT64_MAX);
    assert_true(kith_id_equal(&back.id, &f->sample.bob));
    assert_int_equal(back.how, KITH_CALL_MEET);
    assert_int_equal(back.role, 'l');
    assert_true(kith_bytes_equal(back.address, kith_bytes(filler, UINT8_MAX)));
    assert_int_equal(back.ticket.size, 0);
}

static void a_role_that_is_neither_dialler_nor_listener_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_ring back;
    struct kith_bytes fields = fixture_golden(f, "frame_ring");
    for (unsigned role = 0; role <= UINT8_MAX; role++) {
        f->w.data[5 + ROLE] = (uint8_t)role;
        int error = kith_frame_ring_decode(fields, &back);
        assert_int_equal(error, role == 'd' || role == 'l' ? 0 : KITH_EPROTO);
    }
}

static void who_is_relayed_gets_a_ticket_of_32_bytes_alone(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_ring back;
    const uint8_t relay = KITH_CALL_RELAY;
    assert_int_equal(judge_ring(f, relay, 0, KITH_TICKET_SIZE, &back), 0);
    assert_int_equal(judge_ring(f, relay, 0, 0, &back), KITH_EPROTO);
    assert_int_equal(judge_ring(f, relay, 0, KITH_TICKET_SIZE - 1, &back), KITH_EPROTO);
    assert_int_equal(judge_ring(f, relay, 0, KITH_TICKET_SIZE + 1, &back), KITH_EPROTO);
    assert_int_equal(judge_ring(f, relay, 1, KITH_TICKET_SIZE, &back), KITH_EPROTO);
}

static void who_is_to_meet_gets_an_address_alone(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_ring back;
    const uint8_t meet = KITH_CALL_MEET;
    assert_int_equal(judge_ring(f, meet, 1, 0, &back), 0);
    assert_int_equal(judge_ring(f, meet, 0, 0, &back), KITH_EPROTO);
    assert_int_equal(judge_ring(f, meet, 1, 1, &back), KITH_EPROTO);
    assert_int_equal(judge_ring(f, meet, 1, KITH_TICKET_SIZE, &back), KITH_EPROTO);
}

static void a_ring_of_an_unknown_way_is_read_to_be_ignored(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_ring back;
    assert_int_equal(judge_ring(f, UNKNOWN, 0, 0, &back), 0);
    assert_int_equal(back.how, UNKNOWN);
    assert_int_equal(judge_ring(f, UNKNOWN, UINT8_MAX, UINT8_MAX, &back), 0);
    assert_int_equal(back.ticket.size, UINT8_MAX);
}

static void golden_refused_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_refused frame;
    struct kith_bytes fields = fixture_golden(f, "frame_refused");
    assert_int_equal(f->w.data[4], KITH_FRAME_REFUSED);
    assert_int_equal(kith_frame_refused_decode(fields, &frame), 0);
    assert_true(frame.token == 0x0102030405060708);
    assert_int_equal(frame.reason, KITH_REFUSED_LIMIT);
}

static void an_unknown_reason_round_trips(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_refused frame = {UINT64_MAX, UINT8_MAX}, back;
    kith_frame_refused_encode(&f->w, &frame);
    assert_int_equal(kith_frame_refused_decode(frame_fields(&f->w), &back), 0);
    assert_true(back.token == UINT64_MAX);
    assert_int_equal(back.reason, UINT8_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_call_reads_field_by_field),
        FIXTURE_TEST(a_call_of_an_unknown_way_round_trips_to_be_refused),
        FIXTURE_TEST(a_call_without_token_is_refused),
        FIXTURE_TEST(golden_ring_reads_field_by_field),
        FIXTURE_TEST(golden_ring_to_be_relayed_reads_field_by_field),
        FIXTURE_TEST(largest_ring_round_trips),
        FIXTURE_TEST(a_role_that_is_neither_dialler_nor_listener_is_refused),
        FIXTURE_TEST(who_is_relayed_gets_a_ticket_of_32_bytes_alone),
        FIXTURE_TEST(who_is_to_meet_gets_an_address_alone),
        FIXTURE_TEST(a_ring_of_an_unknown_way_is_read_to_be_ignored),
        FIXTURE_TEST(golden_refused_reads_field_by_field),
        FIXTURE_TEST(an_unknown_reason_round_trips),
    };
    return FIXTURE_RUN(tests);
}
