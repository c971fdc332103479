/* SPDX-License-Identifier: MIT */
/* A link through a relay: how it is seen, and how it gives way to a direct one. */
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

static void link_down(struct lone *l, uint32_t link, int error)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
    in.link_down.link = link;
    in.link_down.error = error;
    lone_step(l, in);
}

static struct kith_peer_view peer_of(const struct lone *l, uint8_t seed)
{
    struct kith_id id = tracked_peer_id(seed);
    struct kith_peer_view view = {0};
    for (uint32_t no = 1; no <= kith_node_peer_count(l->node); no++)
        if (kith_node_peer(l->node, no, &view) && kith_id_equal(&view.id, &id))
            return view;
    fail_msg("no such peer");
    return view;
}

static size_t count_changes(const struct lone *l, enum kith_peer_change change)
{
    size_t count = 0;
    for (size_t i = 0; i < l->told_count; i++)
        count += l->told[i].type == KITH_NOTICE_PEER && l->told[i].peer.change == change;
    return count;
}

/* ---- a relayed link, and back ---- */

/* Alice, whose id is lower, has told of Bob, is linked to him through a relay. */
static void relay_link(struct lone *l, struct lone_peer *peer, uint8_t seed)
{
    struct tracked_peer told = tracked_person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    tracked_fail_dial(l, tracked_last_dial(l)->no);
    lone_pass(l, KITH_RELAY_AFTER);
    tracked_ring(l, 1, seed, 'd', NULL);
    tracked_link_up(l, peer, seed, 1, true, true);
}

/* The peer lives, and so does the tracker. */
static void live_on(struct lone *l, const struct lone_peer *peer, kith_time duration)
{
    for (kith_time at = 0; at < duration; at += KITH_SECOND) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        lone_pass(l, KITH_SECOND);
        kith_frame_ping_encode(&w, KITH_FRAME_PONG, &(struct kith_frame_ping){1});
        lone_say(l, peer, &w);
        tracked_say(l, 1, &w);
        if (l->sent_count > LONE_SENT_MAX / 2)
            lone_forget(l);
    }
}

static void a_relayed_link_is_told_of_as_such(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    relay_link(l, &peer, seed);
    struct kith_peer_view view = peer_of(l, seed);
    assert_true(view.is_online);
    assert_int_equal(view.path, KITH_PATH_RELAY);
    assert_string_equal(view.relay.host, "203.0.113.1");
    assert_string_equal(view.address.host, ""); /* where it is is not known */
    assert_true(view.path_since == l->now.wall);
}

static void while_relayed_the_direct_ways_are_tried_ever_more_seldom(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    kith_time pauses[9], last;
    relay_link(l, &peer, seed);
    lone_forget(l);
    size_t dials = l->dial_count;
    last = l->now.mono;
    for (size_t i = 0; i < COUNT(pauses);) {
        live_on(l, &peer, KITH_SECOND);
        if (l->dial_count == dials)
            continue;
        dials = l->dial_count;
        assert_false(tracked_last_dial(l)->has_ticket);
        tracked_fail_dial(l, tracked_last_dial(l)->no);
        pauses[i++] = l->now.mono - last;
        last = l->now.mono;
        assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 0);
    }
    kith_time most = 10 * KITH_SECOND; /* 3 s of each are the attempt before */
    for (size_t i = 0; i < COUNT(pauses); i++, most *= 2) {
        if (most > KITH_PATH_RETRY_MAX)
            most = KITH_PATH_RETRY_MAX;
        assert_in_range(pauses[i], most / 2, most + 4 * KITH_SECOND);
    }
    assert_int_equal(kith_node_link_count(l->node), 1);
}

/* Seconds until it is asked to dial back again. */
static kith_time recheck_after(struct lone *l, const struct lone_peer *peer)
{
    kith_time begin = l->now.mono;
    size_t count = tracked_count(l, 1, KITH_FRAME_REGISTER);
    while (tracked_count(l, 1, KITH_FRAME_REGISTER) == count) {
        assert_true(l->now.mono - begin < KITH_HOUR);
        live_on(l, peer, KITH_SECOND);
    }
    assert_true(tracked_registration(l, 1).wants_check);
    tracked_reachable(l, 1, "203.0.113.77:4747", false);
    return l->now.mono - begin;
}

static void while_relayed_the_tracker_is_asked_to_dial_back_again(void **state)
{
    static const char *const hosts[] = {"192.168.1.5"};
    struct lone *l = *state;
    struct lone_peer peer;
    tracked_listen(l, hosts, 1);
    tracked_reachable(l, 1, "203.0.113.77:4747", false);
    relay_link(l, &peer, tracked_higher_seed(l));
    kith_time first = recheck_after(l, &peer), last = first;
    assert_in_range(first, KITH_PATH_RETRY_MIN / 2, KITH_PATH_RETRY_MIN + KITH_SECOND);
    for (size_t i = 0; i < 8; i++) /* REGISTERs must not be forgotten in between */
        last = recheck_after(l, &peer);
    assert_in_range(last, KITH_TRACKER_RECHECK_MAX / 2, 2 * KITH_TRACKER_RECHECK_MAX);
    tracked_reachable(l, 1, "203.0.113.77:4747", true);
    size_t count = tracked_count(l, 1, KITH_FRAME_REGISTER);
    live_on(l, &peer, 20 * KITH_MINUTE);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), count);
}

static void so_it_is_to_dial_what_a_router_maps(void **state)
{
    static const char *const hosts[] = {"192.168.1.5"};
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_MAPPED;
    in.command.mapped = (struct kith_address){.host = "203.0.113.9", .port = 6000};
    tracked_listen(l, hosts, 1);
    lone_step(l, in);
    tracked_reachable(l, 1, "203.0.113.9:6000", false);
    assert_int_equal(tracked_registration(l, 1).record_public.size, 0);
    relay_link(l, &peer, tracked_higher_seed(l));
    recheck_after(l, &peer);
    assert_int_not_equal(tracked_registration(l, 1).record_public.size, 0);
}

static void a_direct_link_takes_over_and_nobody_goes_offline(void **state)
{
    struct lone *l = *state;
    struct lone_peer relayed, direct;
    uint8_t seed = tracked_higher_seed(l);
    relay_link(l, &relayed, seed);
    live_on(l, &relayed, 11 * KITH_SECOND);
    assert_true(tracked_calls(l, KITH_CALL_MEET) >= 1);
    lone_forget(l);
    size_t dials = l->dial_count;
    tracked_link_up(l, &direct, seed, 2, false, false);
    assert_int_equal(l->closed[1], KITH_EREPLACED);
    assert_int_equal(l->closed[2], 1);
    assert_int_equal(count_changes(l, KITH_PEER_OFFLINE), 0);
    assert_int_equal(count_changes(l, KITH_PEER_ONLINE), 0);
    assert_int_equal(peer_of(l, seed).path, KITH_PATH_LAN); /* as lone says of all */
    live_on(l, &direct, 6 * KITH_MINUTE);
    assert_int_equal(l->dial_count, dials); /* nothing is left to try */
}

static void send_hello(struct lone *l, const struct lone_peer *to)
{
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.is_direct = true;
    in.command.send.peer = to->key.id;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
}

/* What was said on the relayed link and not acknowledged goes on over the direct one. */
static void nothing_is_lost_when_a_direct_link_takes_over(void **state)
{
    struct lone *l = *state;
    struct lone_peer relayed, direct;
    uint8_t seed = tracked_higher_seed(l);
    relay_link(l, &relayed, seed);
    send_hello(l, &relayed);
    assert_true(lone_count_sent(l, 1, KITH_FRAME_RUN) > 0);
    tracked_link_up(l, &direct, seed, 2, false, false);
    const struct lone_frame *vector = lone_last_sent(l, 2, KITH_FRAME_VECTOR);
    assert_non_null(vector); /* which says what we have, for the peer to ask */
    assert_int_equal(l->closed[1], KITH_EREPLACED);
}

static void a_relayed_link_does_not_replace_a_direct_one(void **state)
{
    struct lone *l = *state;
    struct lone_peer direct, relayed;
    uint8_t seed = tracked_higher_seed(l);
    struct tracked_peer told = tracked_person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    tracked_ring(l, 1, seed, 'd', NULL);
    uint32_t dial = tracked_last_dial(l)->no;
    tracked_link_up(l, &direct, seed, 1, false, false);
    l->is_relayed = true;
    lone_connect(l, &relayed, seed, 2, KITH_ROLE_LISTENER, dial);
    lone_greet(l, &relayed);
    assert_int_equal(l->closed[1], 1);
    assert_int_equal(l->closed[2], KITH_EREPLACED);
}

static void a_relayed_link_replaces_a_direct_one_that_the_other_lost(void **state)
{
    struct lone *l = *state;
    struct lone_peer direct, relayed;
    uint8_t seed = tracked_higher_seed(l);
    tracked_link_up(l, &direct, seed, 1, false, false);
    l->is_relayed = true;
    lone_connect(l, &relayed, seed, 2, KITH_ROLE_DIALLER, 0);
    relayed.lost = 1;
    lone_greet(l, &relayed);
    assert_int_equal(l->closed[1], KITH_EREPLACED);
    assert_int_equal(l->closed[2], 1);
    assert_int_equal(peer_of(l, seed).path, KITH_PATH_RELAY);
}

static void a_lost_direct_link_begins_all_of_it_anew(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    struct tracked_peer told = tracked_person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    tracked_link_up(l, &peer, seed, 1, false, true);
    lone_forget(l);
    link_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_CANDIDATE_YIELD);
    assert_true(l->dial_count >= 2);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(tracked_calls(l, KITH_CALL_MEET), 1);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 1);
}

static void a_lost_peer_is_not_dialled_twice_at_once(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    struct tracked_peer told = tracked_person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    tracked_link_up(l, &peer, seed, 1, false, true);
    size_t dials = l->dial_count;
    link_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_DIAL_RETRY_MIN);
    assert_int_equal(l->dial_count, dials + 1);
    tracked_link_up(l, &peer, seed, 2, false, true);
    lone_pass(l, 2 * KITH_SECOND);
    assert_int_equal(l->dial_count, dials + 1);
}

static void a_lost_relayed_link_is_sought_anew(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    relay_link(l, &peer, seed);
    lone_forget(l);
    link_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_SECOND + KITH_RELAY_AFTER);
    assert_int_equal(tracked_calls(l, KITH_CALL_RELAY), 1);
}

static void a_call_of_a_linked_peer_makes_the_link_show_that_it_lives(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    struct tracked_peer told = tracked_person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    tracked_link_up(l, &peer, seed, 1, false, true);
    size_t dials = l->dial_count;
    tracked_ring(l, 1, seed, 'd', NULL); /* crossed with the link: no doubt */
    lone_pass(l, KITH_PROBE_TIME);
    assert_int_equal(l->closed[1], 1);
    assert_int_equal(l->dial_count, dials);
    tracked_ring(l, 1, seed, 'd', NULL);
    assert_int_equal(l->dial_count, dials + 1); /* the peer waits there now */
    lone_pass(l, KITH_PROBE_TIME);              /* while the silence of a LAN is 9 s */
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
}

/* ---- silence, which may be our own router's doing ---- */

/* The PING of the beginning, which measures the round trip. */
static void answer_ping(struct lone *l, const struct lone_peer *peer)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_ping ping;
    const struct lone_frame *sent = lone_last_sent(l, peer->link, KITH_FRAME_PING);
    assert_non_null(sent);
    assert_int_equal(kith_frame_ping_decode(kith_bytes(sent->fields, sent->size), &ping),
                     0);
    kith_frame_ping_encode(&w, KITH_FRAME_PONG, &ping);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
    lone_forget(l);
}

static void what_is_not_acknowledged_has_the_peer_asked_and_then_the_tracker(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    relay_link(l, &peer, tracked_higher_seed(l));
    answer_ping(l, &peer);
    lone_pass(l, KITH_PROBE_TIME);
    send_hello(l, &peer);
    assert_true(lone_count_sent(l, 1, KITH_FRAME_RUN) > 0);
    lone_pass(l, KITH_ANSWER_TIME - KITH_MS);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PING), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PING), 1);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 0);
    lone_pass(l, KITH_PROBE_TIME);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 1);
    lone_pass(l, 10 * KITH_SECOND); /* once is enough */
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 1);
    assert_int_equal(l->closed[1], 1);
}

static void an_answer_in_time_has_nobody_asked(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    relay_link(l, &peer, tracked_higher_seed(l));
    answer_ping(l, &peer);
    lone_pass(l, KITH_PROBE_TIME);
    send_hello(l, &peer);
    live_on(l, &peer, KITH_SECOND);
    lone_pass(l, 10 * KITH_SECOND);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PING), 0);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 0);
}

/* The tracker's link is lost and back; it sees us there. */
static void come_back_at(struct lone *l, const char *observed)
{
    tracked_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    tracked_up(l, 1, "198.51.100.1");
    tracked_welcome(l, 1, observed);
}

static void seen_at_another_address_links_have_to_show_that_they_live(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    relay_link(l, &peer, tracked_higher_seed(l));
    come_back_at(l, "203.0.113.77:9999");
    lone_pass(l, KITH_PROBE_TIME + KITH_SECOND);
    assert_int_equal(l->closed[1], 1);
    come_back_at(l, "203.0.113.99:4747");
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PING), 1);
    lone_pass(l, KITH_PROBE_TIME);
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
}

static void a_tracker_that_sees_us_move_on_and_on_is_believed_now_and_then(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    relay_link(l, &peer, tracked_higher_seed(l));
    answer_ping(l, &peer);
    come_back_at(l, "203.0.113.99:4747");
    answer_ping(l, &peer);
    come_back_at(l, "203.0.113.98:4747");
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PING), 0);
    live_on(l, &peer, KITH_TRACKER_PROBE_PAUSE);
    lone_forget(l);
    come_back_at(l, "203.0.113.97:4747");
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PING), 1);
}

/* Whoever was given by hand is dialled on there, for no tracker may know the address. */
static void a_configured_address_is_dialled_on_while_relayed(void **state)
{
    struct lone *l = *state;
    struct lone_peer direct, relayed;
    uint8_t seed = tracked_higher_seed(l);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_CONNECT;
    in.command.connect = (struct kith_address){.host = "192.0.2.99", .port = 4747};
    lone_step(l, in);
    tracked_link_up(l, &direct, seed, 1, false, true);
    l->is_relayed = true;
    lone_connect(l, &relayed, seed, 2, KITH_ROLE_DIALLER, 0);
    relayed.lost = 1;
    lone_greet(l, &relayed); /* the old link is lost on the other side */
    size_t dials = l->dial_count;
    lone_pass(l, KITH_SECOND);
    assert_true(l->dial_count > dials);
    assert_string_equal(tracked_last_dial(l)->addresses[0].host, "192.0.2.99");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_relayed_link_is_told_of_as_such),
        TEST(while_relayed_the_direct_ways_are_tried_ever_more_seldom),
        TEST(while_relayed_the_tracker_is_asked_to_dial_back_again),
        TEST(so_it_is_to_dial_what_a_router_maps),
        TEST(a_direct_link_takes_over_and_nobody_goes_offline),
        TEST(nothing_is_lost_when_a_direct_link_takes_over),
        TEST(a_relayed_link_does_not_replace_a_direct_one),
        TEST(a_relayed_link_replaces_a_direct_one_that_the_other_lost),
        TEST(a_lost_direct_link_begins_all_of_it_anew),
        TEST(a_lost_peer_is_not_dialled_twice_at_once),
        TEST(a_lost_relayed_link_is_sought_anew),
        TEST(a_call_of_a_linked_peer_makes_the_link_show_that_it_lives),
        TEST(what_is_not_acknowledged_has_the_peer_asked_and_then_the_tracker),
        TEST(an_answer_in_time_has_nobody_asked),
        TEST(seen_at_another_address_links_have_to_show_that_they_live),
        TEST(a_tracker_that_sees_us_move_on_and_on_is_believed_now_and_then),
        TEST(a_configured_address_is_dialled_on_while_relayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
