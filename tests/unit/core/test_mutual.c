/* SPDX-License-Identifier: MIT */
/* Carol, the lone node, between her contacts Alice and Bob; and where she is the one who
 * has a contact relay for her. */
#include "tracked.h"

#include <stdlib.h>

#include "core/engine.h"
#include "core/mutual.h"
#include "core/peer.h"

enum { ALICE = 1, BOB = 2, DAVE = 3 }; /* seeds, and numbers of links */

struct scene {
    struct lone l;
    struct lone_peer alice;
    struct lone_peer bob;
};

static void make_contact(struct lone *l, uint8_t seed, const char *host)
{
    struct kith_address at = {.port = 4747};
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEEK;
    in.command.seek.id = tracked_peer_id(seed);
    in.command.seek.addresses = &at;
    in.command.seek.count = host != NULL ? 1 : 0;
    if (host != NULL)
        memcpy(at.host, host, strlen(host) + 1);
    lone_step(l, in);
}

static void link_up(struct scene *s, struct lone_peer *peer, uint8_t seed)
{
    lone_connect(&s->l, peer, seed, seed, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, peer);
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    lone_init(&s->l);
    lone_start(&s->l);
    s->l.node->relays_for_contacts = true;
    link_up(s, &s->alice, ALICE);
    link_up(s, &s->bob, BOB);
    make_contact(&s->l, ALICE, NULL);
    make_contact(&s->l, BOB, NULL);
    lone_forget(&s->l);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    lone_deinit(&s->l);
    free(s);
    return 0;
}

static void call(struct scene *s, const struct lone_peer *from, uint8_t whom, uint8_t how)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_call frame = {.token = 5, .id = tracked_peer_id(whom), .how = how};
    kith_frame_call_encode(&w, &frame);
    lone_say(&s->l, from, &w);
    kith_writer_deinit(&w);
}

static void ring(struct scene *s, const struct lone_peer *from, uint8_t whom)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    uint8_t ticket[KITH_TICKET_SIZE];
    memset(ticket, 0x77, sizeof(ticket));
    struct kith_frame_ring frame = {.token = 1,
                                    .id = tracked_peer_id(whom),
                                    .how = KITH_CALL_RELAY,
                                    .role = 'l',
                                    .ticket = kith_bytes(ticket, sizeof(ticket))};
    kith_frame_ring_encode(&w, &frame);
    lone_say(&s->l, from, &w);
    kith_writer_deinit(&w);
}

static void assert_refused(struct scene *s, uint32_t link, uint8_t reason)
{
    struct kith_frame_refused frame;
    const struct lone_frame *sent = lone_last_sent(&s->l, link, KITH_FRAME_REFUSED);
    assert_non_null(sent);
    assert_int_equal(
        kith_frame_refused_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
    assert_int_equal(frame.token, 5);
    assert_int_equal(frame.reason, reason);
    assert_int_equal(s->l.relay_count, 0);
    assert_int_equal(lone_count_sent(&s->l, ALICE, KITH_FRAME_RING), 0);
    assert_int_equal(lone_count_sent(&s->l, BOB, KITH_FRAME_RING), 0);
}

static struct kith_frame_ring rung(struct scene *s, uint32_t link)
{
    struct kith_frame_ring frame;
    const struct lone_frame *sent = lone_last_sent(&s->l, link, KITH_FRAME_RING);
    assert_non_null(sent);
    assert_int_equal(kith_frame_ring_decode(kith_bytes(sent->fields, sent->size), &frame),
                     0);
    return frame;
}

/* ---- who relays ---- */

static void two_contacts_are_given_tickets_that_fit(void **state)
{
    struct scene *s = *state;
    call(s, &s->alice, BOB, KITH_CALL_RELAY);
    assert_int_equal(s->l.relay_count, 1);
    struct kith_frame_ring to_alice = rung(s, ALICE), to_bob = rung(s, BOB);
    struct kith_id alice = tracked_peer_id(ALICE), bob = tracked_peer_id(BOB);
    assert_int_equal(to_alice.token, 5);
    assert_int_equal(to_bob.token, 0);
    assert_true(kith_id_equal(&to_alice.id, &bob));
    assert_true(kith_id_equal(&to_bob.id, &alice));
    assert_memory_equal(to_alice.ticket.data, s->l.tickets[0], KITH_TICKET_SIZE);
    assert_memory_equal(to_bob.ticket.data, s->l.tickets[1], KITH_TICKET_SIZE);
    assert_memory_not_equal(s->l.tickets[0], s->l.tickets[1], KITH_TICKET_SIZE);
    bool is_alice_lower = kith_id_compare(&alice, &bob) < 0;
    assert_int_equal(to_alice.role, is_alice_lower ? 'd' : 'l');
    assert_int_equal(to_bob.role, is_alice_lower ? 'l' : 'd');
}

static void without_permission_nobody_is_relayed(void **state)
{
    struct scene *s = *state;
    s->l.node->relays_for_contacts = false;
    call(s, &s->alice, BOB, KITH_CALL_RELAY);
    assert_refused(s, ALICE, KITH_REFUSED_NEVER);
}

static void only_relaying_can_be_asked_of_a_peer(void **state)
{
    struct scene *s = *state;
    call(s, &s->alice, BOB, KITH_CALL_MEET);
    assert_refused(s, ALICE, KITH_REFUSED_NEVER);
}

static void who_is_no_contact_is_not_served(void **state)
{
    struct scene *s = *state;
    struct lone_peer dave;
    link_up(s, &dave, DAVE);
    call(s, &dave, BOB, KITH_CALL_RELAY);
    assert_refused(s, DAVE, KITH_REFUSED_NEVER);
    call(s, &s->alice, DAVE, KITH_CALL_RELAY);
    assert_refused(s, ALICE, KITH_REFUSED_AWAY);
}

static void who_is_verified_is_a_contact_and_is_served(void **state)
{
    struct scene *s = *state;
    struct lone_peer dave;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_VERIFY;
    in.command.mark.peer = tracked_peer_id(DAVE);
    in.command.mark.is_on = true;
    link_up(s, &dave, DAVE);
    lone_step(&s->l, in);
    call(s, &dave, BOB, KITH_CALL_RELAY);
    assert_int_equal(s->l.relay_count, 1);
    rung(s, DAVE);
    rung(s, BOB);
}

static void who_is_away_or_oneself_cannot_be_called(void **state)
{
    struct scene *s = *state;
    make_contact(&s->l, DAVE, NULL);
    call(s, &s->alice, DAVE, KITH_CALL_RELAY);
    assert_refused(s, ALICE, KITH_REFUSED_AWAY);
    call(s, &s->alice, ALICE, KITH_CALL_RELAY);
    assert_refused(s, ALICE, KITH_REFUSED_AWAY);
    call(s, &s->alice, 99, KITH_CALL_RELAY);
    assert_refused(s, ALICE, KITH_REFUSED_AWAY);
}

static void a_flood_of_calls_is_refused_and_harms_no_link(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 10 * KITH_MUTUAL_CALLS_MOST; i++)
        call(s, &s->alice, BOB, KITH_CALL_RELAY);
    assert_int_equal(s->l.relay_count, KITH_MUTUAL_CALLS_MOST);
    assert_int_equal(s->l.closed[ALICE], 1);
    lone_pass(&s->l, 2 * KITH_SECOND);
    call(s, &s->alice, BOB, KITH_CALL_RELAY);
    assert_int_equal(s->l.relay_count, KITH_MUTUAL_CALLS_MOST + 1);
}

static void a_call_that_is_cut_short_is_a_fault(void **state)
{
    struct scene *s = *state;
    static const uint8_t cut[] = {KITH_FRAME_CALL, 0, 0};
    lone_say_raw(&s->l, &s->alice, kith_bytes(cut, sizeof(cut)));
    assert_int_equal(s->l.closed[ALICE], KITH_EPROTO);
    assert_int_equal(s->l.closed[BOB], 1);
}

/* ---- who is relayed ---- */

static void a_contact_that_is_not_reached_is_asked_for_at_contacts(void **state)
{
    struct scene *s = *state;
    make_contact(&s->l, DAVE, "192.0.2.3");
    lone_forget(&s->l);
    lone_pass(&s->l, 4 * KITH_SECOND); /* until it is dialled again */
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = s->l.dial_nos[(s->l.dial_count - 1) % LONE_DIALS_MAX];
    in.dial_failed.error = KITH_ETIMEDOUT;
    lone_step(&s->l, in);
    assert_int_equal(lone_count_sent(&s->l, ALICE, KITH_FRAME_CALL), 1);
    assert_int_equal(lone_count_sent(&s->l, BOB, KITH_FRAME_CALL), 1);
    struct kith_frame_call frame;
    struct kith_id dave = tracked_peer_id(DAVE);
    const struct lone_frame *sent = lone_last_sent(&s->l, ALICE, KITH_FRAME_CALL);
    assert_int_equal(kith_frame_call_decode(kith_bytes(sent->fields, sent->size), &frame),
                     0);
    assert_int_equal(frame.how, KITH_CALL_RELAY);
    assert_true(kith_id_equal(&frame.id, &dave));
}

static void fail_last_dial(struct scene *s)
{
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = s->l.dial_nos[(s->l.dial_count - 1) % LONE_DIALS_MAX];
    in.dial_failed.error = KITH_ETIMEDOUT;
    lone_step(&s->l, in);
}

/* It was there, and is somewhere else now. */
static void also_where_only_its_address_was_dialled(void **state)
{
    struct scene *s = *state;
    struct lone_peer dave;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    make_contact(&s->l, DAVE, NULL);
    in.command.type = KITH_COMMAND_CONNECT;
    in.command.connect = (struct kith_address){.host = "192.0.2.3", .port = 4747};
    lone_step(&s->l, in);
    lone_connect(&s->l, &dave, DAVE, DAVE, KITH_ROLE_LISTENER,
                 s->l.dial_nos[(s->l.dial_count - 1) % LONE_DIALS_MAX]);
    lone_greet(&s->l, &dave);
    lone_step(&s->l,
              (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                  .link_down = {.link = DAVE, .error = KITH_ECLOSED}});
    lone_forget(&s->l);
    size_t dials = s->l.dial_count;
    while (s->l.dial_count == dials)
        lone_pass(&s->l, 50 * KITH_MS);
    struct kith_peer *peer = kith_peer_find(s->l.node, &dave.key.id);
    peer->is_blocked = true;
    fail_last_dial(s);
    assert_int_equal(lone_count_sent(&s->l, ALICE, KITH_FRAME_CALL), 0);
    peer->is_blocked = false;
    for (dials = s->l.dial_count; s->l.dial_count == dials;)
        lone_pass(&s->l, 50 * KITH_MS);
    fail_last_dial(s);
    assert_int_equal(lone_count_sent(&s->l, ALICE, KITH_FRAME_CALL), 1);
}

/* Four are asked at once. */
static void each_contact_is_asked_in_time(void **state)
{
    struct scene *s = *state;
    struct lone_peer peers[5];
    size_t asked[COUNT(peers)] = {0}, dials = s->l.dial_count;
    struct kith_writer ping = kith_writer(&kith_alloc_heap);
    kith_frame_ping_encode(&ping, KITH_FRAME_PING, &(struct kith_frame_ping){1});
    for (uint8_t i = 0; i < COUNT(peers); i++) {
        link_up(s, &peers[i], 5 + i);
        make_contact(&s->l, 5 + i, NULL);
    }
    make_contact(&s->l, DAVE, "192.0.2.3");
    for (kith_time t = 0; t < 20 * KITH_MINUTE; t += 2 * KITH_SECOND) {
        lone_forget(&s->l);
        if (s->l.dial_count > dials)
            fail_last_dial(s);
        dials = s->l.dial_count;
        for (size_t i = 0; i < COUNT(peers); i++) {
            asked[i] += lone_count_sent(&s->l, peers[i].link, KITH_FRAME_CALL);
            lone_say(&s->l, &peers[i], &ping);
        }
        lone_pass(&s->l, 2 * KITH_SECOND);
    }
    for (size_t i = 0; i < COUNT(peers); i++)
        assert_true(asked[i] > 0);
    kith_writer_deinit(&ping);
}

/* A tracker tells of both, and does not relay. */
static void contacts_are_not_asked_for_who_is_none(void **state)
{
    struct scene *s = *state;
    struct tracked_peer stranger = tracked_person(7), dave = tracked_person(DAVE);
    struct kith_id id = tracked_peer_id(DAVE);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const char *observed = "203.0.113.77:4747";
    kith_frame_welcome_encode(
        &w, &(struct kith_frame_welcome){
                .version = 1, .refresh_s = 30, .observed = kith_bytes(observed, 17)});
    tracked_add(&s->l, 1, NULL);
    tracked_up(&s->l, 1, "198.51.100.1");
    tracked_say(&s->l, 1, &w);
    make_contact(&s->l, DAVE, NULL);
    tracked_tell(&s->l, 1, &dave);
    tracked_tell(&s->l, 1, &stranger);
    lone_pass(&s->l, KITH_RELAY_AFTER + KITH_CALL_COURTESY + KITH_SECOND);
    struct kith_frame_call frame;
    const struct lone_frame *sent = lone_last_sent(&s->l, ALICE, KITH_FRAME_CALL);
    assert_int_equal(lone_count_sent(&s->l, ALICE, KITH_FRAME_CALL), 1);
    assert_int_equal(kith_frame_call_decode(kith_bytes(sent->fields, sent->size), &frame),
                     0);
    assert_true(kith_id_equal(&frame.id, &id));
}

static void a_ring_of_a_contact_is_followed_where_it_listens(void **state)
{
    struct scene *s = *state;
    size_t before = s->l.dial_count;
    ring(s, &s->alice, DAVE);
    assert_int_equal(s->l.dial_count, before + 1);
    const struct lone_dial *dial = &s->l.dialled[before % LONE_DIALS_MAX];
    struct kith_id dave = tracked_peer_id(DAVE);
    assert_true(dial->has_ticket);
    assert_int_equal(dial->ticket[0], 0x77);
    struct kith_id alice = tracked_peer_id(ALICE);
    assert_true(kith_id_equal(&dial->relay, &alice));
    assert_int_equal(dial->role, KITH_ROLE_LISTENER);
    assert_true(kith_id_equal(&dial->expected, &dave));
    assert_string_equal(dial->addresses[0].host, "10.0.0.9");
}

static void rings_that_lead_nowhere_good_are_not_followed(void **state)
{
    struct scene *s = *state;
    struct lone_peer dave;
    size_t before = s->l.dial_count;
    ring(s, &s->alice, BOB); /* linked already */
    link_up(s, &dave, DAVE);
    ring(s, &dave, 7); /* Dave is no contact */
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_BLOCK;
    in.command.mark.peer = tracked_peer_id(8);
    in.command.mark.is_on = true;
    lone_step(&s->l, in);
    ring(s, &s->alice, 8); /* blocked */
    assert_int_equal(s->l.dial_count, before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_contacts_are_given_tickets_that_fit),
        TEST(without_permission_nobody_is_relayed),
        TEST(only_relaying_can_be_asked_of_a_peer),
        TEST(who_is_no_contact_is_not_served),
        TEST(who_is_verified_is_a_contact_and_is_served),
        TEST(who_is_away_or_oneself_cannot_be_called),
        TEST(a_flood_of_calls_is_refused_and_harms_no_link),
        TEST(a_call_that_is_cut_short_is_a_fault),
        TEST(a_contact_that_is_not_reached_is_asked_for_at_contacts),
        TEST(also_where_only_its_address_was_dialled),
        TEST(each_contact_is_asked_in_time),
        TEST(contacts_are_not_asked_for_who_is_none),
        TEST(a_ring_of_a_contact_is_followed_where_it_listens),
        TEST(rings_that_lead_nowhere_good_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
