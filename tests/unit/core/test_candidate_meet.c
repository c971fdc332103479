/* SPDX-License-Identifier: MIT */
/* What a node does to be linked with a peer that a tracker tells of: directly, both at
 * once, through a relay. */
#include "tracked.h"

#include <stdlib.h>

#include "core/engine.h"

static int setup(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    tracked_join(l, 1);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct lone *l = *state;
    lone_deinit(l);
    free(l);
    return 0;
}

/* ---- one after the other ---- */

static void the_lower_id_calls_to_meet_after_1_s_and_to_be_relayed_after_3_s(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_MEET_AFTER - KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 1);
    lone_pass(l, 2 * KITH_SECOND - KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 1);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 1);
    struct kith_frame_call frame;
    struct kith_id id = tracked_peer_id(told.seed);
    const struct lone_frame *sent = lone_last_sent(l, LONE_TRACKER + 1, KITH_FRAME_CALL);
    kith_frame_call_decode(kith_bytes(sent->fields, sent->size), &frame);
    assert_true(kith_id_equal(&frame.id, &id));
    assert_true(frame.token != 0);
}

static void the_higher_id_calls_a_second_later(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_lower_seed(l));
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_BEACON_COURTESY); /* its attempt begins */
    assert_int_equal(l->dial_count, 1);
    lone_pass(l, 2 * KITH_SECOND - KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 1);
    lone_pass(l, 2 * KITH_SECOND - KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 1);
}

static void who_is_refused_as_away_is_called_no_more(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    struct kith_frame_call call;
    struct kith_candidate_view view;
    struct tracked_peer other = tracked_person(tracked_lower_seed(l));
    struct kith_id other_id = tracked_peer_id(other.seed);
    tracked_tell(l, 1, &other);
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_MEET_AFTER);
    const struct lone_frame *sent = lone_last_sent(l, LONE_TRACKER + 1, KITH_FRAME_CALL);
    kith_frame_call_decode(kith_bytes(sent->fields, sent->size), &call);
    for (int reason = KITH_REFUSED_LIMIT; reason >= KITH_REFUSED_AWAY; reason--) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        struct kith_frame_refused refused = {call.token, (uint8_t)reason};
        assert_true(kith_node_candidate(l->node, 1, &view));
        kith_frame_refused_encode(&w, &refused);
        tracked_say(l, 1, &w);
    }
    assert_true(kith_node_candidate(l->node, 0, &view)); /* somebody else */
    assert_true(kith_id_equal(&view.id, &other_id));
    assert_false(kith_node_candidate(l->node, 1, &view));
    lone_pass(l, 10 * KITH_SECOND);
    sent = lone_last_sent(l, LONE_TRACKER + 1, KITH_FRAME_CALL);
    kith_frame_call_decode(kith_bytes(sent->fields, sent->size), &call);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 1);
    assert_true(kith_id_equal(&call.id, &other_id));
}

static void who_was_called_does_not_call(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_lower_seed(l));
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_BEACON_COURTESY + KITH_MEET_AFTER);
    tracked_ring(l, 1, told.seed, 'l', "192.0.2.20:50000");
    lone_pass(l, 2 * KITH_SECOND);
    tracked_ring(l, 1, told.seed, 'l', NULL);
    lone_pass(l, 5 * KITH_SECOND);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 0);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 0);
}

static void who_has_no_records_is_met_through_the_tracker(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(l->dial_count, 0);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 1);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 1);
}

static void a_tracker_that_does_not_relay_is_not_asked_to(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_welcome frame = {
        .version = 1, .refresh_s = 30, .observed = BYTES("203.0.113.77:4747")};
    kith_frame_welcome_encode(&w, &frame);
    tracked_say(l, 1, &w);
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 1);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 0);
}

/* The first one knows him as well, but he does not come there. */
static void of_two_trackers_the_other_is_called_the_next_time(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    tracked_join(l, 2);
    tracked_tell(l, 1, &told);
    tracked_tell(l, 2, &told);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(tracked_calls_to(l, 1, KITH_CALL_RELAY), 1);
    assert_int_equal(tracked_calls_to(l, 2, KITH_CALL_RELAY), 0);
    lone_pass(l, KITH_RELAY_TIME + KITH_SEEK_RETRY_MIN + KITH_RELAY_AFTER);
    assert_int_equal(tracked_calls_to(l, 1, KITH_CALL_RELAY), 1);
    assert_int_equal(tracked_calls_to(l, 2, KITH_CALL_RELAY), 1);
}

static void of_two_trackers_the_one_that_relays_is_asked_to(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_welcome welcome = {.version = KITH_PROTO_VERSION,
                                         .refresh_s = 30,
                                         .observed = BYTES("203.0.113.77:4747"),
                                         .network_count = 2};
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    tracked_join(l, 2);
    kith_frame_welcome_encode(&w, &welcome); /* the first does not */
    tracked_say(l, 1, &w);
    tracked_tell(l, 1, &told);
    tracked_tell(l, 2, &told);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(tracked_calls_to(l, 1, KITH_CALL_RELAY), 0);
    assert_int_equal(tracked_calls_to(l, 2, KITH_CALL_RELAY), 1);
}

static void a_link_in_time_saves_the_rest(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    struct lone_peer peer;
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    tracked_link_up(l, &peer, told.seed, 1, false, true);
    lone_pass(l, 8 * KITH_SECOND); /* the peer is silent, yet not dead */
    assert_int_equal(l->dial_count, 1);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET) + tracked_calls(l, KITH_CALL_RELAY),
                     0);
}

static void what_leads_nowhere_is_tried_again_ever_more_seldom(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    size_t dials = 0;
    kith_time pauses[8], last = 0;
    tracked_tell(l, 1, &told);
    for (size_t i = 0; i < COUNT(pauses);) {
        lone_pass(l, 100 * KITH_MS);
        if (l->now.mono % (20 * KITH_SECOND) == 0)
            tracked_say_raw(l, 1, BYTES("\xee")); /* the tracker lives */
        if (l->dial_count == dials)
            continue;
        dials = l->dial_count;
        tracked_fail_dial(l, tracked_last_dial(l)->no);
        pauses[i++] = l->now.mono - last;
        last = l->now.mono;
    }
    /* Each attempt takes 3 s, and 6 s for the relay. */
    assert_in_range(pauses[1], 10 * KITH_SECOND, 11 * KITH_SECOND + 200 * KITH_MS);
    assert_in_range(pauses[2], 11 * KITH_SECOND, 13 * KITH_SECOND + 200 * KITH_MS);
    assert_in_range(pauses[7], 39 * KITH_SECOND, 69 * KITH_SECOND + 200 * KITH_MS);
}

/* ---- RING ---- */

static void ring_to_meet_is_dialled_from_the_port_with_its_role(void **state)
{
    struct lone *l = *state;
    struct kith_id id;
    for (int i = 0; i < 2; i++) {
        uint8_t seed = i == 0 ? tracked_lower_seed(l) : tracked_higher_seed(l);
        struct tracked_peer told = {.seed = seed};
        id = tracked_peer_id(seed);
        tracked_tell(l, 1, &told);
        tracked_ring(l, 1, seed, i == 0 ? 'd' : 'l', "192.0.2.20:50000");
        assert_int_equal(l->dial_count, i + 1);
        assert_int_equal(tracked_last_dial(l)->address_count, 1);
        assert_string_equal(tracked_last_dial(l)->addresses[0].host, "192.0.2.20");
        assert_int_equal(tracked_last_dial(l)->addresses[0].port, 50000);
        assert_true(tracked_last_dial(l)->is_meeting);
        assert_false(tracked_last_dial(l)->has_ticket);
        assert_int_equal(tracked_last_dial(l)->role,
                         i == 0 ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER);
        assert_true(tracked_last_dial(l)->has_expected);
        assert_true(kith_id_equal(&tracked_last_dial(l)->expected, &id));
    }
}

static void ring_to_be_relayed_is_dialled_at_the_tracker_with_its_ticket(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    struct kith_id id = tracked_peer_id(told.seed);
    tracked_tell(l, 1, &told);
    tracked_ring(l, 1, told.seed, 'l', NULL);
    assert_int_equal(l->dial_count, 1);
    assert_string_equal(tracked_last_dial(l)->addresses[0].host, "198.51.100.1");
    assert_int_equal(tracked_last_dial(l)->addresses[0].port, 55555);
    assert_true(tracked_last_dial(l)->has_ticket);
    assert_int_equal(tracked_last_dial(l)->ticket[0], 0x70);
    assert_int_equal(tracked_last_dial(l)->ticket[3], 3);
    struct kith_id tracker = tracked_id(1);
    assert_true(kith_id_equal(&tracked_last_dial(l)->relay, &tracker));
    assert_false(tracked_last_dial(l)->is_meeting);
    assert_int_equal(tracked_last_dial(l)->role, KITH_ROLE_LISTENER);
    assert_true(kith_id_equal(&tracked_last_dial(l)->expected, &id));
}

static void ticket_after_one_in_vain_is_shown_in_tls_and_then_as_at_first(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    for (size_t i = 0; i < 3; i++) {
        tracked_ring(l, 1, told.seed, 'l', NULL);
        assert_int_equal(l->dial_count, i + 1);
        assert_int_equal(tracked_last_dial(l)->is_in_tls, i == 1);
        tracked_fail_dial(l, tracked_last_dial(l)->no);
    }
}

static void ring_for_somebody_not_told_of_is_ignored(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_join(l, 2);
    tracked_tell(l, 2, &told); /* by another tracker */
    tracked_ring(l, 1, told.seed, 'd', "192.0.2.20:50000");
    tracked_ring(l, 1, told.seed, 'd', NULL);
    tracked_ring(l, 1, tracked_lower_seed(l), 'd', "192.0.2.20:50000");
    assert_int_equal(l->dial_count, 0);
}

static void ring_does_not_lead_where_nobody_may_be_told_to_go(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    static const char *const bad[] = {"127.0.0.1:22", "[::1]:22", "169.254.1.1:1",
                                      "name.example:1", "224.0.0.1:1"};
    tracked_tell(l, 1, &told);
    for (size_t i = 0; i < COUNT(bad); i++)
        tracked_ring(l, 1, told.seed, 'd', bad[i]);
    assert_int_equal(l->dial_count, 0);
    tracked_add(l, 2, NULL);
    tracked_up(l, 2, "127.0.0.1"); /* one of this host may */
    tracked_welcome(l, 2, "127.0.0.1:4747");
    tracked_tell(l, 2, &told);
    tracked_ring(l, 2, told.seed, 'd', "127.0.0.1:4000");
    assert_int_equal(l->dial_count, 1);
}

static void rings_while_one_is_being_met_add_nothing(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    for (int i = 0; i < 3; i++) {
        tracked_ring(l, 1, told.seed, 'd', "192.0.2.20:50000");
        tracked_ring(l, 1, told.seed, 'd', NULL);
    }
    assert_int_equal(l->dial_count, 2);
}

/* The first may have rung for nothing, again and again. */
static void rings_of_one_tracker_keep_out_none_of_another(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    tracked_join(l, 2);
    tracked_tell(l, 1, &told);
    tracked_tell(l, 2, &told);
    lone_pass(l, 0);
    tracked_ring(l, 1, told.seed, 'd', NULL);
    tracked_ring(l, 1, told.seed, 'd', "192.0.2.66:6666");
    size_t dials = l->dial_count;
    tracked_ring(l, 2, told.seed, 'd', NULL);
    assert_int_equal(l->dial_count, dials + 1);
    assert_true(tracked_last_dial(l)->has_ticket);
    tracked_ring(l, 2, told.seed, 'd', "192.0.2.20:4747");
    assert_int_equal(l->dial_count, dials + 2);
    assert_true(tracked_last_dial(l)->is_meeting);
}

static void a_flood_of_rings_is_answered_at_a_measured_pace(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    for (int i = 0; i < 2 * KITH_RINGS_MOST; i++) {
        tracked_ring(l, 1, told.seed, 'd', "192.0.2.20:50000");
        if (l->dial_count > 0)
            tracked_fail_dial(l, tracked_last_dial(l)->no);
    }
    assert_int_equal(l->dial_count, KITH_RINGS_MOST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_lower_id_calls_to_meet_after_1_s_and_to_be_relayed_after_3_s),
        TEST(the_higher_id_calls_a_second_later),
        TEST(who_is_refused_as_away_is_called_no_more),
        TEST(who_was_called_does_not_call),
        TEST(who_has_no_records_is_met_through_the_tracker),
        TEST(a_tracker_that_does_not_relay_is_not_asked_to),
        TEST(of_two_trackers_the_other_is_called_the_next_time),
        TEST(of_two_trackers_the_one_that_relays_is_asked_to),
        TEST(a_link_in_time_saves_the_rest),
        TEST(what_leads_nowhere_is_tried_again_ever_more_seldom),
        TEST(ring_to_meet_is_dialled_from_the_port_with_its_role),
        TEST(ring_to_be_relayed_is_dialled_at_the_tracker_with_its_ticket),
        TEST(ticket_after_one_in_vain_is_shown_in_tls_and_then_as_at_first),
        TEST(ring_for_somebody_not_told_of_is_ignored),
        TEST(ring_does_not_lead_where_nobody_may_be_told_to_go),
        TEST(rings_while_one_is_being_met_add_nothing),
        TEST(rings_of_one_tracker_keep_out_none_of_another),
        TEST(a_flood_of_rings_is_answered_at_a_measured_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
