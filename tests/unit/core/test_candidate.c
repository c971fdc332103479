/* SPDX-License-Identifier: MIT */
/* Peers that trackers tell of: who is believed, and who is dialled where. */
#include "tracked.h"

#include <stdlib.h>

#include "core/engine.h"

/* Long for an attempt, and the silence of the tracker is borne. */
#define LONG (20 * KITH_SECOND)

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

/* Somebody who is to be dialled by us at once. */
static struct tracked_peer bob(const struct lone *l)
{
    return (struct tracked_peer){.seed = tracked_higher_seed(l),
                                 .name = "bob",
                                 .address_count = 1,
                                 .addresses = {"192.0.2.20:4747"}};
}

static size_t candidate_count(const struct lone *l)
{
    return l->node->tracking.candidate_map.count;
}

static const struct lone_dial *last_dial(const struct lone *l)
{
    assert_true(l->dial_count > 0);
    return &l->dialled[(l->dial_count - 1) % LONE_DIALS_MAX];
}

static bool has_address(const struct lone_dial *dial, const char *host)
{
    for (size_t i = 0; i < dial->address_count; i++)
        if (strcmp(dial->addresses[i].host, host) == 0)
            return true;
    return false;
}

static void block(struct lone *l, uint8_t seed, bool is_on)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_BLOCK;
    in.command.token = 4;
    in.command.mark.peer = tracked_peer_id(seed);
    in.command.mark.is_on = is_on;
    lone_step(l, in);
}

/* ---- whom to believe ---- */

static void a_peer_told_of_is_dialled_once_its_record_verifies(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    struct kith_id id = tracked_peer_id(told.seed);
    l->is_verify_held = true;
    tracked_tell(l, 1, &told);
    lone_pass(l, 500 * KITH_MS);
    assert_int_equal(l->dial_count, 0);
    lone_verify(l);
    lone_pass(l, 0);
    assert_int_equal(l->dial_count, 1);
    assert_int_equal(last_dial(l)->address_count, 1);
    assert_string_equal(last_dial(l)->addresses[0].host, "192.0.2.20");
    assert_int_equal(last_dial(l)->addresses[0].port, 4747);
    assert_true(last_dial(l)->has_expected);
    assert_true(kith_id_equal(&last_dial(l)->expected, &id));
    assert_int_equal(last_dial(l)->role, KITH_ROLE_DIALLER);
    assert_false(last_dial(l)->is_meeting || last_dial(l)->has_ticket);
    lone_pass(l, KITH_MEET_AFTER - KITH_MS); /* the second counts from then on */
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_CALL), 0);
}

static void who_is_being_greeted_is_not_dialled_meanwhile(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct tracked_peer told = bob(l);
    lone_connect(l, &peer, told.seed, 1, KITH_ROLE_DIALLER, 0);
    tracked_tell(l, 1, &told);
    lone_pass(l, 4 * KITH_SECOND);
    assert_int_equal(l->dial_count, 0);
    lone_pass(l, 2 * KITH_SECOND); /* it never says who it is, and is given up */
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
    assert_int_equal(l->dial_count, 1);
}

static void the_lower_id_dials_first(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.seed = tracked_lower_seed(l);
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_BEACON_COURTESY - KITH_MS);
    assert_int_equal(l->dial_count, 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(l->dial_count, 1);
}

static void addresses_of_both_records_are_dialled_together(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.address_count = KITH_RECORD_ADDRESSES_MAX;
    static const char *const many[] = {"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1",
                                       "192.0.2.4:1", "192.0.2.5:1", "192.0.2.6:1",
                                       "192.0.2.7:1", "192.0.2.8:1"};
    memcpy(told.addresses, many, sizeof(many));
    told.local = "192.168.1.20:4747";
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    assert_int_equal(l->dial_count, 1);
    assert_int_equal(last_dial(l)->address_count, KITH_RECORD_ADDRESSES_MAX);
    assert_true(has_address(last_dial(l), "192.0.2.1"));
    assert_true(has_address(last_dial(l), "192.168.1.20"));
}

static void a_forged_record_is_not_dialled(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.is_forged = true;
    tracked_tell(l, 1, &told);
    lone_pass(l, 30 * KITH_SECOND);
    assert_int_equal(l->verify_count, 1);
    assert_int_equal(l->dial_count, 0);
    assert_int_equal(l->trackers[1].closed, 1); /* it cannot check it */
}

static void a_record_of_somebody_else_or_of_no_time_is_not_even_verified(void **state)
{
    struct lone *l = *state;
    uint64_t now_s = (uint64_t)(l->now.wall / KITH_SECOND);
    struct tracked_peer told = bob(l);
    told.expiry = now_s;
    tracked_tell(l, 1, &told);
    told.expiry = now_s + 49 * 3600;
    tracked_tell(l, 1, &told);
    assert_int_equal(l->verify_count, 0);
    assert_int_equal(l->dial_count, 0);
}

static void what_may_not_be_told_of_is_not_dialled(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    static const char *const bad[] = {"127.0.0.1:1",    "[::1]:1",        "169.254.0.1:1",
                                      "0.0.0.0:1",      "[fe80::1]:1",    "224.0.0.1:1",
                                      "name.example:1", "192.0.2.20:4747"};
    told.address_count = COUNT(bad);
    memcpy(told.addresses, bad, sizeof(bad));
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    assert_int_equal(l->dial_count, 1);
    assert_int_equal(last_dial(l)->address_count, 1);
    assert_string_equal(last_dial(l)->addresses[0].host, "192.0.2.20");
}

static void this_host_is_dialled_on_the_word_of_a_tracker_of_this_host(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.addresses[0] = "127.0.0.1:4000";
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 0);
    tracked_add(l, 2, NULL);
    tracked_up(l, 2, "127.0.0.1");
    tracked_welcome(l, 2, "127.0.0.1:4747");
    tracked_tell(l, 2, &told);
    lone_pass(l, LONG);
    assert_true(l->dial_count > 0);
    assert_int_equal(last_dial(l)->addresses[0].port, 4000);
}

static void the_record_of_the_higher_counter_counts(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.counter = 2000;
    tracked_tell(l, 1, &told);
    told.counter = 1999;
    told.addresses[0] = "192.0.2.66:4747";
    tracked_tell(l, 1, &told);
    assert_int_equal(l->verify_count, 1);
    lone_pass(l, 0);
    assert_string_equal(last_dial(l)->addresses[0].host, "192.0.2.20");
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = last_dial(l)->no;
    in.dial_failed.error = KITH_EREFUSED;
    lone_step(l, in);
    told.counter = 2001; /* while the attempt is under way: at once */
    tracked_tell(l, 1, &told);
    assert_int_equal(l->dial_count, 2);
    assert_string_equal(last_dial(l)->addresses[0].host, "192.0.2.66");
}

static void an_older_record_that_takes_longer_to_verify_is_ignored(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    l->is_verify_held = true;
    tracked_tell(l, 1, &told);
    l->is_verify_held = false;
    told.counter = 2000;
    told.addresses[0] = "192.0.2.66:4747";
    tracked_tell(l, 1, &told);
    lone_verify(l);
    assert_int_equal(l->verify_count, 2);
    lone_pass(l, 0);
    assert_int_equal(l->dial_count, 1);
    assert_string_equal(last_dial(l)->addresses[0].host, "192.0.2.66");
}

static void we_are_no_candidate_of_ours(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.seed = 200;
    tracked_tell(l, 1, &told);
    lone_pass(l, LONG);
    assert_int_equal(candidate_count(l), 0);
    assert_int_equal(l->dial_count, 0);
}

static void a_flood_of_records_is_verified_at_a_measured_pace(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.is_forged = true;
    for (int i = 0; i < 2 * KITH_TRACKED_RECORDS_MOST; i++)
        tracked_tell(l, 1, &told);
    assert_int_equal(l->verify_count, KITH_TRACKED_RECORDS_MOST);
    assert_int_equal(l->node->tracking.check_count, 0);
}

/* Peers that are nowhere, numbered from `first` on: more than are remembered of one. */
static void make_up(struct lone *l, uint32_t tracker, uint32_t first,
                    enum kith_tracked_state state)
{
    for (size_t i = 0; i < KITH_CANDIDATES_MAX + 64; i += KITH_PEERS_FRAME_MAX) {
        struct kith_frame_peers frame = {.count = KITH_PEERS_FRAME_MAX};
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        for (size_t k = 0; k < frame.count; k++) {
            uint32_t number = (uint32_t)(first + i + k);
            memset(&frame.peers[k].id, 0xee, KITH_ID_SIZE);
            memcpy(&frame.peers[k].id, &number, sizeof(number));
            frame.peers[k].state = state;
        }
        kith_frame_peers_encode(&w, &frame);
        tracked_say(l, tracker, &w);
    }
}

static size_t told_by(const struct lone *l, uint32_t tracker)
{
    struct kith_tracker_view view;
    kith_node_tracker(l->node, tracker, &view);
    assert_true(view.is_registered);
    return view.candidate_count;
}

static void what_one_tracker_makes_up_keeps_out_nobody_of_another(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 2);
    make_up(l, 1, 0, KITH_TRACKED_HERE);
    assert_int_equal(candidate_count(l), KITH_CANDIDATES_MAX);
    assert_int_equal(told_by(l, 1), KITH_CANDIDATES_MAX);
    struct tracked_peer told = bob(l);
    tracked_tell(l, 2, &told);
    lone_pass(l, 0);
    struct kith_id id = tracked_peer_id(told.seed);
    assert_true(kith_id_equal(&last_dial(l)->expected, &id));
}

static void trackers_that_make_up_the_same_are_believed_no_more_than_each(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 2);
    for (uint32_t round = 0; round < 3; round++) {
        make_up(l, 1, round * 1000, KITH_TRACKED_HERE);
        make_up(l, 2, round * 1000, KITH_TRACKED_HERE);
        make_up(l, 1, round * 1000, KITH_TRACKED_AWAY);
        assert_int_equal(told_by(l, 1), 0);
        assert_int_equal(told_by(l, 2), KITH_CANDIDATES_MAX);
    }
    assert_int_equal(candidate_count(l), KITH_CANDIDATES_MAX);
}

/* ---- whom not ---- */

static void who_is_blocked_is_not_dialled_until_that_is_over(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    block(l, told.seed, true);
    tracked_tell(l, 1, &told);
    lone_pass(l, LONG);
    tracked_ring(l, 1, told.seed, 'd', "192.0.2.20:4747");
    tracked_ring(l, 1, told.seed, 'd', NULL);
    assert_int_equal(l->dial_count, 0);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_CALL), 0);
    block(l, told.seed, false);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
}

static void who_is_blocked_meanwhile_is_not_called(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    tracked_tell(l, 1, &told);
    lone_pass(l, 500 * KITH_MS);
    block(l, told.seed, true);
    lone_pass(l, LONG);
    assert_int_equal(l->dial_count, 1);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_CALL), 0);
}

static void who_broke_the_protocol_is_dialled_ever_more_seldom(void **state)
{
    struct lone *l = *state;
    uint8_t truncated[] = {KITH_FRAME_PING, 1};
    struct tracked_peer told = bob(l);
    size_t dials = 0;
    for (uint32_t link = 1; link <= 5; link++) {
        struct lone_peer peer;
        tracked_tell(l, 1, &told);
        lone_pass(l, 5 * KITH_SECOND);
        assert_true(l->dial_count > dials);
        lone_connect(l, &peer, told.seed, link, KITH_ROLE_DIALLER, last_dial(l)->no);
        lone_greet(l, &peer);
        dials = l->dial_count;
        lone_say_raw(l, &peer, kith_bytes(truncated, sizeof(truncated)));
    }
    tracked_tell(l, 1, &told);
    lone_pass(l, 3900 * KITH_MS);
    assert_int_equal(l->dial_count, dials);
    lone_pass(l, 5 * KITH_SECOND);
    assert_true(l->dial_count > dials);
}

static void who_went_is_forgotten(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    told.seed = tracked_lower_seed(l); /* its dial is still to come */
    tracked_tell(l, 1, &told);
    assert_int_equal(candidate_count(l), 1);
    told.state = KITH_TRACKED_AWAY;
    tracked_tell(l, 1, &told);
    assert_int_equal(candidate_count(l), 0);
    lone_pass(l, LONG);
    assert_int_equal(l->dial_count, 0);
    told.state = 17; /* as away */
    tracked_tell(l, 1, &told);
    assert_int_equal(candidate_count(l), 0);
}

static void who_went_while_verified_or_dialled_is_forgotten_too(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    l->is_verify_held = true;
    tracked_tell(l, 1, &told);
    told.state = KITH_TRACKED_AWAY;
    told.address_count = 0;
    tracked_tell(l, 1, &told);
    lone_verify(l);
    lone_pass(l, LONG);
    assert_int_equal(l->dial_count, 0);
    told = bob(l);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    told.state = KITH_TRACKED_AWAY;
    tracked_tell(l, 1, &told);
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = last_dial(l)->no;
    in.dial_failed.error = KITH_EREFUSED;
    lone_step(l, in);
    lone_pass(l, LONG);
    assert_int_equal(l->dial_count, 1);
}

/* ---- several trackers ---- */

static void one_of_two_trackers_is_enough(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    tracked_join(l, 2);
    tracked_tell(l, 1, &told);
    tracked_tell(l, 2, &told);
    assert_int_equal(candidate_count(l), 1);
    lone_pass(l, 0);
    assert_int_equal(l->dial_count, 1);
    told.state = KITH_TRACKED_AWAY;
    tracked_tell(l, 1, &told);
    assert_int_equal(candidate_count(l), 1);
    lone_pass(l, KITH_MEET_AFTER);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_CALL), 0);
    assert_int_equal(tracked_count(l, 2, KITH_FRAME_CALL), 1);
    tracked_down(l, 2, KITH_ECLOSED);
    assert_int_equal(candidate_count(l), 0);
}

static void a_lost_tracker_takes_its_candidates_and_no_links(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    struct lone_peer peer;
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    lone_connect(l, &peer, told.seed, 1, KITH_ROLE_LISTENER, last_dial(l)->no);
    lone_greet(l, &peer);
    told.seed = tracked_lower_seed(l);
    tracked_tell(l, 1, &told);
    assert_int_equal(candidate_count(l), 2);
    tracked_down(l, 1, KITH_ECLOSED);
    assert_int_equal(candidate_count(l), 0);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->closed[1], 1);
    assert_int_equal(kith_node_link_count(l->node), 1);
    assert_int_equal(l->dial_count, 1);
}

static void what_was_tried_can_be_seen(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = bob(l);
    struct kith_candidate_view view;
    struct lone_peer peer;
    assert_false(kith_node_candidate(l->node, 0, &view));
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    assert_true(kith_node_candidate(l->node, 0, &view));
    assert_false(kith_node_candidate(l->node, 1, &view));
    assert_string_equal(view.stage, "direct");
    assert_int_equal(view.address_count, 1);
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = last_dial(l)->no;
    in.dial_failed.error = KITH_EREFUSED;
    lone_step(l, in);
    lone_pass(l, KITH_MEET_AFTER);
    kith_node_candidate(l->node, 0, &view);
    assert_string_equal(view.stage, "meeting");
    assert_int_equal(view.direct_error, KITH_EREFUSED);
    assert_false(view.is_linked);
    lone_connect(l, &peer, told.seed, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    kith_node_candidate(l->node, 0, &view);
    assert_true(view.is_linked);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_peer_told_of_is_dialled_once_its_record_verifies),
        TEST(who_is_being_greeted_is_not_dialled_meanwhile),
        TEST(the_lower_id_dials_first),
        TEST(addresses_of_both_records_are_dialled_together),
        TEST(a_forged_record_is_not_dialled),
        TEST(a_record_of_somebody_else_or_of_no_time_is_not_even_verified),
        TEST(what_may_not_be_told_of_is_not_dialled),
        TEST(this_host_is_dialled_on_the_word_of_a_tracker_of_this_host),
        TEST(the_record_of_the_higher_counter_counts),
        TEST(an_older_record_that_takes_longer_to_verify_is_ignored),
        TEST(we_are_no_candidate_of_ours),
        TEST(a_flood_of_records_is_verified_at_a_measured_pace),
        TEST(what_one_tracker_makes_up_keeps_out_nobody_of_another),
        TEST(trackers_that_make_up_the_same_are_believed_no_more_than_each),
        TEST(who_is_blocked_is_not_dialled_until_that_is_over),
        TEST(who_is_blocked_meanwhile_is_not_called),
        TEST(who_broke_the_protocol_is_dialled_ever_more_seldom),
        TEST(who_went_is_forgotten),
        TEST(who_went_while_verified_or_dialled_is_forgotten_too),
        TEST(one_of_two_trackers_is_enough),
        TEST(a_lost_tracker_takes_its_candidates_and_no_links),
        TEST(what_was_tried_can_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
