/* SPDX-License-Identifier: MIT */
/* What a node does to be linked with a peer that a tracker tells of: directly, both at
 * once, through a relay; and from a relay back to a direct link. */
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

static struct tracked_peer person(uint8_t seed)
{
    return (struct tracked_peer){
        .seed = seed, .address_count = 1, .addresses = {"192.0.2.20:4747"}};
}

static const struct lone_dial *last_dial(const struct lone *l)
{
    assert_true(l->dial_count > 0);
    return &l->dialled[(l->dial_count - 1) % LONE_DIALS_MAX];
}

static void fail_dial(struct lone *l, uint32_t dial)
{
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = dial;
    in.dial_failed.error = KITH_EREFUSED;
    lone_step(l, in);
}

/* CALLs to tracker 1 that ask for this. */
static size_t calls(const struct lone *l, enum kith_call_how how)
{
    size_t count = 0;
    for (size_t i = 0; i < l->sent_count; i++) {
        struct kith_frame_call frame;
        if (l->sent[i].link != LONE_TRACKER + 1 || l->sent[i].type != KITH_FRAME_CALL)
            continue;
        assert_int_equal(kith_frame_call_decode(
                             kith_bytes(l->sent[i].fields, l->sent[i].size), &frame),
                         0);
        count += frame.how == how;
    }
    return count;
}

/* A link of this peer, on this number, by the last dial (or none: it dialled us). */
static void link_up(struct lone *l, struct lone_peer *peer, uint8_t seed, uint32_t link,
                    bool is_relayed, bool is_ours)
{
    l->is_relayed = is_relayed;
    lone_connect(l, peer, seed, link, is_ours ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER,
                 is_ours ? last_dial(l)->no : 0);
    lone_greet(l, peer);
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

/* ---- one after the other ---- */

static void the_lower_id_calls_to_meet_after_1_s_and_to_be_relayed_after_3_s(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = person(tracked_higher_seed(l));
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_MEET_AFTER - KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_MEET), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_MEET), 1);
    lone_pass(l, 2 * KITH_SECOND - KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 1);
    assert_int_equal(calls(l, KITH_CALL_MEET), 1);
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
    struct tracked_peer told = person(tracked_lower_seed(l));
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_BEACON_COURTESY); /* its attempt begins */
    assert_int_equal(l->dial_count, 1);
    lone_pass(l, 2 * KITH_SECOND - KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_MEET), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_MEET), 1);
    lone_pass(l, 2 * KITH_SECOND - KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 1);
}

static void who_was_called_does_not_call(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = person(tracked_lower_seed(l));
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_BEACON_COURTESY + KITH_MEET_AFTER);
    tracked_ring(l, 1, told.seed, 'l', "192.0.2.20:50000");
    lone_pass(l, 2 * KITH_SECOND);
    tracked_ring(l, 1, told.seed, 'l', NULL);
    lone_pass(l, 5 * KITH_SECOND);
    assert_int_equal(calls(l, KITH_CALL_MEET), 0);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 0);
}

static void who_has_no_records_is_met_through_the_tracker(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(l->dial_count, 0);
    assert_int_equal(calls(l, KITH_CALL_MEET), 1);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 1);
}

static void a_tracker_that_does_not_relay_is_not_asked_to(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = person(tracked_higher_seed(l));
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_welcome frame = {
        .version = 1, .refresh_s = 30, .observed = BYTES("203.0.113.77:4747")};
    kith_frame_welcome_encode(&w, &frame);
    tracked_say(l, 1, &w);
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(calls(l, KITH_CALL_MEET), 1);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 0);
}

static void a_link_in_time_saves_the_rest(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = person(tracked_higher_seed(l));
    struct lone_peer peer;
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    link_up(l, &peer, told.seed, 1, false, true);
    lone_pass(l, 8 * KITH_SECOND); /* the peer is silent, yet not dead */
    assert_int_equal(l->dial_count, 1);
    assert_int_equal(calls(l, KITH_CALL_MEET) + calls(l, KITH_CALL_RELAY), 0);
}

static void what_leads_nowhere_is_tried_again_ever_more_seldom(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = person(tracked_higher_seed(l));
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
        fail_dial(l, last_dial(l)->no);
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
        assert_int_equal(last_dial(l)->address_count, 1);
        assert_string_equal(last_dial(l)->addresses[0].host, "192.0.2.20");
        assert_int_equal(last_dial(l)->addresses[0].port, 50000);
        assert_true(last_dial(l)->is_meeting);
        assert_false(last_dial(l)->has_ticket);
        assert_int_equal(last_dial(l)->role,
                         i == 0 ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER);
        assert_true(last_dial(l)->has_expected);
        assert_true(kith_id_equal(&last_dial(l)->expected, &id));
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
    assert_string_equal(last_dial(l)->addresses[0].host, "198.51.100.1");
    assert_int_equal(last_dial(l)->addresses[0].port, 55555);
    assert_true(last_dial(l)->has_ticket);
    assert_int_equal(last_dial(l)->ticket[0], 0x70);
    assert_int_equal(last_dial(l)->ticket[3], 3);
    struct kith_id tracker = tracked_id(1);
    assert_true(kith_id_equal(&last_dial(l)->relay, &tracker));
    assert_false(last_dial(l)->is_meeting);
    assert_int_equal(last_dial(l)->role, KITH_ROLE_LISTENER);
    assert_true(kith_id_equal(&last_dial(l)->expected, &id));
}

static void ticket_after_one_in_vain_is_shown_in_tls_and_then_as_at_first(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    for (size_t i = 0; i < 3; i++) {
        tracked_ring(l, 1, told.seed, 'l', NULL);
        assert_int_equal(l->dial_count, i + 1);
        assert_int_equal(last_dial(l)->is_in_tls, i == 1);
        fail_dial(l, last_dial(l)->no);
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

static void a_flood_of_rings_is_answered_at_a_measured_pace(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    for (int i = 0; i < 2 * KITH_RINGS_MOST; i++) {
        tracked_ring(l, 1, told.seed, 'd', "192.0.2.20:50000");
        if (l->dial_count > 0)
            fail_dial(l, last_dial(l)->no);
    }
    assert_int_equal(l->dial_count, KITH_RINGS_MOST);
}

/* ---- a relayed link, and back ---- */

/* Alice, whose id is lower, has told of Bob, is linked to him through a relay. */
static void relay_link(struct lone *l, struct lone_peer *peer, uint8_t seed)
{
    struct tracked_peer told = person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    fail_dial(l, last_dial(l)->no);
    lone_pass(l, KITH_RELAY_AFTER);
    tracked_ring(l, 1, seed, 'd', NULL);
    link_up(l, peer, seed, 1, true, true);
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
        assert_false(last_dial(l)->has_ticket);
        fail_dial(l, last_dial(l)->no);
        pauses[i++] = l->now.mono - last;
        last = l->now.mono;
        assert_int_equal(calls(l, KITH_CALL_RELAY), 0);
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

static void a_direct_link_takes_over_and_nobody_goes_offline(void **state)
{
    struct lone *l = *state;
    struct lone_peer relayed, direct;
    uint8_t seed = tracked_higher_seed(l);
    relay_link(l, &relayed, seed);
    live_on(l, &relayed, 11 * KITH_SECOND);
    assert_true(calls(l, KITH_CALL_MEET) >= 1);
    lone_forget(l);
    size_t dials = l->dial_count;
    link_up(l, &direct, seed, 2, false, false);
    assert_int_equal(l->closed[1], KITH_EREPLACED);
    assert_int_equal(l->closed[2], 1);
    assert_int_equal(count_changes(l, KITH_PEER_OFFLINE), 0);
    assert_int_equal(count_changes(l, KITH_PEER_ONLINE), 0);
    assert_int_equal(peer_of(l, seed).path, KITH_PATH_LAN); /* as lone says of all */
    live_on(l, &direct, 6 * KITH_MINUTE);
    assert_int_equal(l->dial_count, dials); /* nothing is left to try */
}

/* What was said on the relayed link and not acknowledged goes on over the direct one. */
static void nothing_is_lost_when_a_direct_link_takes_over(void **state)
{
    struct lone *l = *state;
    struct lone_peer relayed, direct;
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    uint8_t seed = tracked_higher_seed(l);
    relay_link(l, &relayed, seed);
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.is_direct = true;
    in.command.send.peer = relayed.key.id;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
    assert_true(lone_count_sent(l, 1, KITH_FRAME_RUN) > 0);
    link_up(l, &direct, seed, 2, false, false);
    const struct lone_frame *vector = lone_last_sent(l, 2, KITH_FRAME_VECTOR);
    assert_non_null(vector); /* which says what we have, for the peer to ask */
    assert_int_equal(l->closed[1], KITH_EREPLACED);
}

static void a_relayed_link_does_not_replace_a_direct_one(void **state)
{
    struct lone *l = *state;
    struct lone_peer direct, relayed;
    uint8_t seed = tracked_higher_seed(l);
    struct tracked_peer told = person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    tracked_ring(l, 1, seed, 'd', NULL);
    uint32_t dial = last_dial(l)->no;
    link_up(l, &direct, seed, 1, false, false);
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
    link_up(l, &direct, seed, 1, false, false);
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
    struct tracked_peer told = person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    link_up(l, &peer, seed, 1, false, true);
    lone_forget(l);
    link_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_CANDIDATE_YIELD);
    assert_true(l->dial_count >= 2);
    lone_pass(l, KITH_RELAY_AFTER);
    assert_int_equal(calls(l, KITH_CALL_MEET), 1);
    assert_int_equal(calls(l, KITH_CALL_RELAY), 1);
}

static void a_lost_peer_is_not_dialled_twice_at_once(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    struct tracked_peer told = person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    link_up(l, &peer, seed, 1, false, true);
    size_t dials = l->dial_count;
    link_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_DIAL_RETRY_MIN);
    assert_int_equal(l->dial_count, dials + 1);
    link_up(l, &peer, seed, 2, false, true);
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
    assert_int_equal(calls(l, KITH_CALL_RELAY), 1);
}

static void a_call_of_a_linked_peer_makes_the_link_show_that_it_lives(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = tracked_higher_seed(l);
    struct tracked_peer told = person(seed);
    tracked_tell(l, 1, &told);
    lone_pass(l, 0);
    link_up(l, &peer, seed, 1, false, true);
    size_t dials = l->dial_count;
    tracked_ring(l, 1, seed, 'd', NULL); /* crossed with the link: no doubt */
    lone_pass(l, KITH_PROBE_TIME);
    assert_int_equal(l->closed[1], 1);
    tracked_ring(l, 1, seed, 'd', NULL);
    assert_int_equal(l->dial_count, dials);
    lone_pass(l, KITH_PROBE_TIME); /* while the silence of a LAN is 9 s */
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
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
    link_up(l, &direct, seed, 1, false, true);
    l->is_relayed = true;
    lone_connect(l, &relayed, seed, 2, KITH_ROLE_DIALLER, 0);
    relayed.lost = 1;
    lone_greet(l, &relayed); /* the old link is lost on the other side */
    size_t dials = l->dial_count;
    lone_pass(l, KITH_SECOND);
    assert_true(l->dial_count > dials);
    assert_string_equal(last_dial(l)->addresses[0].host, "192.0.2.99");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_lower_id_calls_to_meet_after_1_s_and_to_be_relayed_after_3_s),
        TEST(the_higher_id_calls_a_second_later),
        TEST(who_was_called_does_not_call),
        TEST(who_has_no_records_is_met_through_the_tracker),
        TEST(a_tracker_that_does_not_relay_is_not_asked_to),
        TEST(a_link_in_time_saves_the_rest),
        TEST(what_leads_nowhere_is_tried_again_ever_more_seldom),
        TEST(ring_to_meet_is_dialled_from_the_port_with_its_role),
        TEST(ring_to_be_relayed_is_dialled_at_the_tracker_with_its_ticket),
        TEST(ticket_after_one_in_vain_is_shown_in_tls_and_then_as_at_first),
        TEST(ring_for_somebody_not_told_of_is_ignored),
        TEST(ring_does_not_lead_where_nobody_may_be_told_to_go),
        TEST(rings_while_one_is_being_met_add_nothing),
        TEST(a_flood_of_rings_is_answered_at_a_measured_pace),
        TEST(a_relayed_link_is_told_of_as_such),
        TEST(while_relayed_the_direct_ways_are_tried_ever_more_seldom),
        TEST(while_relayed_the_tracker_is_asked_to_dial_back_again),
        TEST(a_direct_link_takes_over_and_nobody_goes_offline),
        TEST(nothing_is_lost_when_a_direct_link_takes_over),
        TEST(a_relayed_link_does_not_replace_a_direct_one),
        TEST(a_relayed_link_replaces_a_direct_one_that_the_other_lost),
        TEST(a_lost_direct_link_begins_all_of_it_anew),
        TEST(a_lost_peer_is_not_dialled_twice_at_once),
        TEST(a_lost_relayed_link_is_sought_anew),
        TEST(a_call_of_a_linked_peer_makes_the_link_show_that_it_lives),
        TEST(a_configured_address_is_dialled_on_while_relayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
