/* SPDX-License-Identifier: MIT */
/* Which link to a peer stays, how dials go on, who is refused. */
#include "lone.h"

#include <stdio.h>
static void connect_to(struct lone *l, const char *host, uint64_t token)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_CONNECT;
    in.command.token = token;
    in.command.connect.port = 4747;
    snprintf(in.command.connect.host, sizeof(in.command.connect.host), "%s", host);
    lone_step(l, in);
}

static void fail_dial(struct lone *l)
{
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = l->dial_nos[(l->dial_count - 1) % LONE_DIALS_MAX];
    in.dial_failed.error = KITH_EREFUSED;
    lone_step(l, in);
}

/* A seed whose id is lower (or higher) than the node's. */
static uint8_t seed_of_order(const struct lone *l, bool is_lower)
{
    struct lone_key key;
    for (uint8_t seed = 1; seed < 100; seed++) {
        lone_key_make(&key, seed);
        if ((kith_id_compare(&key.id, &l->key.id) < 0) == is_lower)
            return seed;
    }
    fail();
    return 0;
}

static void cross(struct lone *l, bool peer_is_lower, uint32_t link)
{
    uint8_t seed = seed_of_order(l, peer_is_lower);
    struct lone_peer theirs, ours;
    lone_connect(l, &theirs, seed, link, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &theirs);
    lone_connect(l, &ours, seed, link + 1, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &ours);
    assert_int_equal(l->closed[link], peer_is_lower ? 1 : KITH_EREPLACED);
    assert_int_equal(l->closed[link + 1], peer_is_lower ? KITH_EREPLACED : 1);
}

static void of_crossing_dials_that_of_the_lower_id_stays(void **state)
{
    cross(*state, true, 1);
    cross(*state, false, 3);
}

static void a_second_dial_from_the_same_side_replaces_the_first(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    lone_connect(l, &first, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &first);
    lone_connect(l, &second, 1, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &second);
    assert_int_equal(l->closed[1], KITH_EREPLACED);
    assert_int_equal(l->closed[2], 1);
}

static void link_ends(struct lone *l, uint32_t link)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
    in.link_down.link = link;
    in.link_down.error = KITH_ETIMEDOUT;
    lone_step(l, in);
}

/* In the last HELLO on this link; the hlc of the name follows. */
static uint32_t told_lost(const struct lone *l, uint32_t link)
{
    const struct lone_frame *hello = lone_last_sent(l, link, KITH_FRAME_HELLO);
    const uint8_t *at = hello->fields + hello->size - 12;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void lose(struct lone *l, bool peer_is_lower, uint32_t link)
{
    uint8_t seed = seed_of_order(l, peer_is_lower);
    struct lone_peer old, again;
    lone_connect(l, &old, seed, link,
                 peer_is_lower ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER, 0);
    lone_greet(l, &old);
    lone_forget(l);
    lone_connect(l, &again, seed, link + 1,
                 peer_is_lower ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER, 0);
    again.lost = 1;
    lone_greet(l, &again);
    assert_int_equal(l->closed[link], KITH_EREPLACED);
    assert_int_equal(l->closed[link + 1], 1);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_PEER), 0); /* online all the while */
}

/* By its id the old link would stay both times. */
static void a_peer_that_lost_the_old_link_replaces_it_whoever_dialled(void **state)
{
    lose(*state, true, 1);
    lose(*state, false, 3);
}

static void a_link_of_before_a_loss_does_not_replace_a_later_one(void **state)
{
    struct lone *l = *state;
    struct lone_peer later, late;
    lone_connect(l, &late, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_connect(l, &later, 1, 2, KITH_ROLE_DIALLER, 0);
    later.lost = 1;
    lone_greet(l, &later);
    lone_greet(l, &late);
    assert_int_equal(l->closed[1], KITH_EREPLACED);
    assert_int_equal(l->closed[2], 1);
}

static void links_lost_are_told_and_links_replaced_are_not(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t seed = seed_of_order(l, true);
    lone_connect(l, &peer, seed, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    assert_int_equal(told_lost(l, 1), 0);
    lone_connect(l, &peer, seed, 2, KITH_ROLE_DIALLER, 0); /* replaces it */
    lone_greet(l, &peer);
    lone_connect(l, &peer, seed, 3, KITH_ROLE_LISTENER, 0); /* a crossing dial */
    lone_greet(l, &peer);
    assert_int_equal(l->closed[3], KITH_EREPLACED);
    assert_int_equal(told_lost(l, 3), 0);
    link_ends(l, 2);
    lone_connect(l, &peer, seed, 4, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &peer);
    assert_int_equal(l->closed[4], 1);
    assert_int_equal(told_lost(l, 4), 1);
}

/* The peer lost link 1 and says so on none: as if it had died while greeting. */
static void a_silent_link_that_another_was_refused_for_has_to_show_that_it_lives(
    void **state)
{
    struct lone *l = *state;
    uint8_t seed = seed_of_order(l, true);
    struct lone_peer old, refused;
    lone_connect(l, &old, seed, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &old);
    lone_connect(l, &refused, seed, 2, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &refused);
    assert_int_equal(l->closed[2], KITH_EREPLACED);
    lone_pass(l, 3 * KITH_SECOND); /* the crossing put nothing in doubt */
    assert_int_equal(l->closed[1], 1);
    lone_connect(l, &refused, seed, 3, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &refused);
    assert_int_equal(l->closed[3], KITH_EREPLACED);
    lone_pass(l, 3 * KITH_SECOND);
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
}

/* Each side closed the link that the other kept. */
static void who_is_replaced_and_has_no_other_link_dials_again(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_bye_encode(&w, &(struct kith_frame_bye){.reason = KITH_BYE_REPLACED});
    lone_say(l, &peer, &w);
    kith_writer_deinit(&w);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_PEER)->peer.change, KITH_PEER_OFFLINE);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
    assert_string_equal(l->dials[0].host, "10.0.0.9");
    lone_connect(l, &peer, 1, 2, KITH_ROLE_LISTENER, l->dial_nos[0]);
    lone_greet(l, &peer);
    assert_int_equal(told_lost(l, 2), 1);
}

static void a_restarted_peer_replaces_its_old_link_whoever_dialled(void **state)
{
    struct lone *l = *state;
    struct lone_peer old, again;
    uint8_t seed = seed_of_order(l, true);
    lone_connect(l, &old, seed, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &old);
    lone_forget(l);
    lone_connect(l, &again, seed, 2, KITH_ROLE_LISTENER, 0);
    memset(again.instance, 99, sizeof(again.instance));
    lone_greet(l, &again);
    assert_int_equal(l->closed[1], KITH_EREPLACED);
    assert_int_equal(l->closed[2], 1);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_PEER), 0); /* online all the while */
}

/* It ended while its HELLO was under way, and the peer was started again. */
static void a_late_hello_of_an_instance_that_ended_is_nothing(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, late, again;
    lone_connect(l, &first, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &first);
    lone_connect(l, &late, 1, 2, KITH_ROLE_DIALLER, 0);
    lone_pass(l, KITH_SECOND);
    lone_connect(l, &again, 1, 3, KITH_ROLE_DIALLER, 0);
    memset(again.instance, 99, sizeof(again.instance));
    lone_greet(l, &again);
    lone_greet(l, &late);
    assert_int_equal(l->closed[1], KITH_EREPLACED);
    assert_int_equal(l->closed[2], KITH_EREPLACED);
    assert_int_equal(l->closed[3], 1);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 0);
}

static void two_instances_in_turns_reveal_a_copied_home(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    for (uint32_t i = 1; i <= 3; i++) {
        lone_connect(l, &peer, 1, i, KITH_ROLE_DIALLER, 0);
        memset(peer.instance, (int)(i % 2) + 50, sizeof(peer.instance));
        lone_greet(l, &peer);
    }
    assert_int_equal(lone_last_told(l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_COPIED_HOME);
}

/* Many dials that cross do that, too, but not for long. */
static void links_replaced_over_and_over_reveal_one_of_ours(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    for (uint32_t i = 1; i <= 6; i++) {
        assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 0);
        lone_connect(l, &peer, 1, i, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &peer);
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        kith_frame_bye_encode(&w, &(struct kith_frame_bye){.reason = KITH_BYE_REPLACED});
        lone_say(l, &peer, &w);
        kith_writer_deinit(&w);
    }
    assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 1);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_COPIED_HOME);
}

static void a_failed_dial_is_answered_once_and_forgotten(void **state)
{
    struct lone *l = *state;
    connect_to(l, "10.0.0.9", 7);
    fail_dial(l);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_EREFUSED);
    size_t dials = l->dial_count;
    lone_pass(l, KITH_MINUTE);
    assert_int_equal(l->dial_count, dials);
}

static void a_configured_peer_is_dialled_for_ever_and_seldom_enough(void **state)
{
    struct lone *l = *state;
    connect_to(l, "10.0.0.9", 0);
    size_t before = l->dial_count;
    for (int i = 0; i < 600; i++) {
        size_t dials = l->dial_count;
        if (i > 0)
            fail_dial(l);
        for (int j = 0; j < 20 && l->dial_count == dials; j++)
            lone_pass(l, KITH_SECOND);
        assert_true(l->dial_count > dials || i == 0);
        if (l->now.mono > 2 * KITH_HOUR)
            break;
    }
    size_t an_hour = l->dial_count - before;
    assert_true(an_hour > 300 && an_hour < 1200); /* every 4 to 8 seconds at the end */
    struct kith_dial_view dial;
    assert_true(kith_node_dial(l->node, 0, &dial));
    assert_string_equal(dial.address.host, "10.0.0.9");
    assert_int_not_equal(dial.error, 0);
    assert_true(dial.failures > 300 && !dial.is_linked && !dial.is_suggested);
    assert_false(kith_node_dial(l->node, 1, &dial));
}

static void a_peer_disconnected_by_hand_is_refused_until_connected_by_hand(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_DISCONNECT;
    in.command.disconnect = peer.key.id;
    lone_step(l, in);
    assert_int_equal(l->closed[1], KITH_EDISCONNECTED);
    assert_int_equal(lone_last_sent(l, 1, KITH_FRAME_BYE)->fields[0],
                     KITH_BYE_DISCONNECTED);
    lone_connect(l, &peer, 1, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    assert_int_equal(l->closed[2], KITH_EDISCONNECTED);
    connect_to(l, "10.0.0.9", 7);
    lone_connect(l, &peer, 1, 3, KITH_ROLE_LISTENER,
                 l->dial_nos[(l->dial_count - 1) % LONE_DIALS_MAX]);
    lone_greet(l, &peer);
    assert_int_equal(l->closed[3], 1);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, 0);
    size_t dials = l->dial_count;
    lone_step(l, in);
    lone_pass(l, KITH_MINUTE); /* nor is it dialled */
    assert_int_equal(l->dial_count, dials);
}

static void an_address_that_leads_home_is_not_dialled_again_soon(void **state)
{
    struct lone *l = *state;
    connect_to(l, "10.0.0.9", 0);
    struct lone_peer self;
    lone_connect(l, &self, 200, 1, KITH_ROLE_LISTENER, l->dial_nos[0]);
    lone_prove(l, &self);
    lone_hello(l, &self, "lone");
    assert_int_equal(l->closed[1], KITH_ESELF);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_COPIED_HOME); /* the instance was another */
    size_t dials = l->dial_count;
    lone_pass(l, 9 * KITH_MINUTE);
    assert_int_equal(l->dial_count, dials);
    lone_pass(l, 2 * KITH_MINUTE);
    assert_int_equal(l->dial_count, dials + 1);
}

/* It is our own there, and the one at home has it here. */
static void an_address_that_led_home_is_dialled_once_we_are_elsewhere(void **state)
{
    struct lone *l = *state;
    struct lone_peer self;
    lone_listen(l, "10.0.0.9");
    connect_to(l, "10.0.0.9", 0);
    lone_connect(l, &self, 200, 1, KITH_ROLE_LISTENER, l->dial_nos[0]);
    lone_prove(l, &self);
    lone_hello(l, &self, "lone");
    size_t dials = l->dial_count;
    lone_listen(l, "192.168.7.7");
    lone_pass(l, 0);
    assert_int_equal(l->dial_count, dials + 1);
    assert_string_equal(l->dials[dials].host, "10.0.0.9");
}

static void a_stop_says_goodbye_everywhere_and_dials_no_more(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    lone_connect(l, &first, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &first);
    lone_connect(l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &second);
    connect_to(l, "10.0.0.8", 0);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_STOP;
    lone_step(l, in);
    assert_int_equal(lone_last_sent(l, 1, KITH_FRAME_BYE)->fields[0], KITH_BYE_LEAVING);
    assert_int_equal(lone_last_sent(l, 2, KITH_FRAME_BYE)->fields[0], KITH_BYE_LEAVING);
    size_t dials = l->dial_count;
    fail_dial(l);
    lone_pass(l, KITH_MINUTE);
    assert_int_equal(l->dial_count, dials);
}

static void targets_resolve_by_name_id_prefix_and_address(void **state)
{
    struct lone *l = *state;
    struct lone_peer sam, sam2;
    lone_connect(l, &sam, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &sam);
    lone_hello(l, &sam, "sam");
    struct kith_target target;
    size_t count;
    uint32_t choices[4];
    const struct kith_node *node = l->node;
    assert_int_equal(kith_node_find(node, BYTES("Sam"), &target, NULL, 0, NULL), 0);
    assert_true(kith_id_equal(&target.peer, &sam.key.id));
    assert_int_equal(kith_node_find(node, BYTES("10.0.0.9:4747"), &target, NULL, 0, NULL),
                     0);
    assert_int_equal(kith_node_find(node, BYTES("#lobby"), &target, NULL, 0, NULL), 0);
    assert_false(target.is_direct);
    assert_int_equal(kith_node_find(node, BYTES("nobody"), &target, NULL, 0, NULL),
                     KITH_ENOTFOUND);
    lone_connect(l, &sam2, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &sam2);
    lone_hello(l, &sam2, "sam");
    assert_int_equal(kith_node_find(node, BYTES("sam"), &target, choices, 4, &count),
                     KITH_EAMBIGUOUS);
    assert_int_equal(count, 2);
    char id[KITH_ID_TEXT_SIZE], full[64];
    kith_id_format(&sam2.key.id, id);
    snprintf(full, sizeof(full), "sam~%.12s", id);
    assert_int_equal(
        kith_node_find(node, kith_bytes(full, strlen(full)), &target, NULL, 0, NULL), 0);
    assert_true(kith_id_equal(&target.peer, &sam2.key.id));
    assert_int_equal(kith_node_find(node, kith_bytes(id, 16), &target, NULL, 0, NULL), 0);
    assert_int_equal(kith_node_find(node, kith_bytes(id, 10), &target, NULL, 0, NULL),
                     KITH_ENOTFOUND); /* a short prefix is good for contacts only */
}

static void when_an_address_goes_links_have_to_show_that_they_live(void **state)
{
    struct lone *l = *state;
    struct lone_peer silent, alive;
    lone_listen(l, "10.0.0.1");
    lone_connect(l, &silent, 1, 1, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &silent);
    lone_connect(l, &alive, 2, 2, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &alive);
    lone_listen(l, "10.0.0.2");
    lone_pass(l, KITH_SECOND);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_ping_encode(&w, KITH_FRAME_PING, &(struct kith_frame_ping){.token = 1});
    lone_say(l, &alive, &w);
    kith_writer_deinit(&w);
    lone_pass(l, 3 * KITH_SECOND);
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
    assert_int_equal(l->closed[2], 1);
}

static void addresses_that_stay_or_come_put_no_link_in_doubt(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &peer);
    lone_listen(l, "10.0.0.1");
    lone_listen(l, "10.0.0.1");
    lone_pass(l, 4 * KITH_SECOND);
    assert_int_equal(l->closed[1], 1);
}

static void bye(struct lone *l, const struct lone_peer *peer, uint8_t reason)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_bye_encode(&w, &(struct kith_frame_bye){reason});
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

static void the_reason_of_a_goodbye_is_told(void **state)
{
    static const int errors[] = {[KITH_BYE_LEAVING] = KITH_ECLOSED,
                                 [KITH_BYE_REPLACED] = KITH_EREPLACED,
                                 [KITH_BYE_DISCONNECTED] = KITH_EDISCONNECTED,
                                 [KITH_BYE_FAULT] = KITH_EPROTO,
                                 [KITH_BYE_LIMIT] = KITH_ELIMIT,
                                 [KITH_BYE_SELF] = KITH_ESELF};
    struct lone *l = *state;
    for (uint8_t reason = 0; reason < COUNT(errors); reason++) {
        struct lone_peer peer;
        lone_connect(l, &peer, 1, reason + 1u, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &peer);
        bye(l, &peer, reason);
        assert_int_equal(l->closed[reason + 1], errors[reason]);
    }
}

static void a_goodbye_that_is_cut_is_a_fault(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    static const uint8_t frame[] = {KITH_FRAME_BYE};
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_say_raw(l, &peer, kith_bytes(frame, sizeof(frame)));
    assert_int_equal(l->closed[1], KITH_EPROTO);
}

static void bytes_that_are_no_frame_are_told_as_a_fault(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_say_raw(l, &peer, kith_bytes(NULL, 0)); /* nor is nothing one */
    assert_int_equal(l->closed[1], KITH_EPROTO);
    lone_connect(l, &peer, 1, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_forget(l);
    struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
    in.link_down.link = 2;
    in.link_down.error = KITH_ETOOBIG;
    lone_step(l, in);
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_WARNING);
    assert_non_null(told);
    assert_int_equal(told->warning.warning, KITH_WARNING_FAULT);
    assert_int_equal(told->warning.error, KITH_ETOOBIG);
    lone_step(l, in); /* of a link that is no more */
}

static void nobody_is_disconnected_who_is_not_known(void **state)
{
    struct lone *l = *state;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_DISCONNECT;
    in.command.token = 9;
    in.command.disconnect = (struct kith_id){{42}};
    lone_step(l, in);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_ENOTFOUND);
}

static void only_so_many_addresses_are_dialled_and_only_eight_told(void **state)
{
    struct lone *l = *state;
    struct kith_address addresses[KITH_HELLO_ADDRESSES_MAX + 1];
    for (size_t i = 0; i < COUNT(addresses); i++)
        addresses[i] = (struct kith_address){"10.0.0.1", (uint16_t)(i + 1)};
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_LISTENING;
    in.command.listening.addresses = addresses;
    in.command.listening.count = COUNT(addresses);
    lone_step(l, in);
    struct lone_peer peer;
    struct kith_frame_hello hello;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    const struct lone_frame *sent = lone_last_sent(l, 1, KITH_FRAME_HELLO);
    assert_int_equal(
        kith_frame_hello_decode(kith_bytes(sent->fields, sent->size), &hello), 0);
    assert_int_equal(hello.address_count, KITH_HELLO_ADDRESSES_MAX);
    for (unsigned i = 0; i <= KITH_TARGETS_MAX; i++) {
        char host[24];
        snprintf(host, sizeof(host), "10.1.%u.%u", i / 200, i % 200 + 1);
        lone_forget(l);
        connect_to(l, host, 50 + i);
    }
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_ELIMIT);
}

static void connecting_again_takes_the_place_of_the_wish_before(void **state)
{
    struct lone *l = *state;
    connect_to(l, "10.0.0.1", 5);
    connect_to(l, "10.0.0.1", 6);
    const struct kith_notice *reply = lone_last_told(l, KITH_NOTICE_REPLY);
    assert_int_equal(reply->reply.token, 5);
    assert_int_equal(reply->reply.error, KITH_EREPLACED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_reason_of_a_goodbye_is_told),
        TEST(a_goodbye_that_is_cut_is_a_fault),
        TEST(bytes_that_are_no_frame_are_told_as_a_fault),
        TEST(nobody_is_disconnected_who_is_not_known),
        TEST(only_so_many_addresses_are_dialled_and_only_eight_told),
        TEST(connecting_again_takes_the_place_of_the_wish_before),
        TEST(of_crossing_dials_that_of_the_lower_id_stays),
        TEST(a_second_dial_from_the_same_side_replaces_the_first),
        TEST(a_peer_that_lost_the_old_link_replaces_it_whoever_dialled),
        TEST(a_link_of_before_a_loss_does_not_replace_a_later_one),
        TEST(links_lost_are_told_and_links_replaced_are_not),
        TEST(a_silent_link_that_another_was_refused_for_has_to_show_that_it_lives),
        TEST(who_is_replaced_and_has_no_other_link_dials_again),
        TEST(a_restarted_peer_replaces_its_old_link_whoever_dialled),
        TEST(a_late_hello_of_an_instance_that_ended_is_nothing),
        TEST(two_instances_in_turns_reveal_a_copied_home),
        TEST(links_replaced_over_and_over_reveal_one_of_ours),
        TEST(a_failed_dial_is_answered_once_and_forgotten),
        TEST(a_configured_peer_is_dialled_for_ever_and_seldom_enough),
        TEST(a_peer_disconnected_by_hand_is_refused_until_connected_by_hand),
        TEST(an_address_that_leads_home_is_not_dialled_again_soon),
        TEST(an_address_that_led_home_is_dialled_once_we_are_elsewhere),
        TEST(a_stop_says_goodbye_everywhere_and_dials_no_more),
        TEST(when_an_address_goes_links_have_to_show_that_they_live),
        TEST(addresses_that_stay_or_come_put_no_link_in_doubt),
        TEST(targets_resolve_by_name_id_prefix_and_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
