/* SPDX-License-Identifier: MIT */
/* Peers that are left alone for a while: one of us broke the protocol, or had no place.
 */
#include "lone.h"

#include "core/dial.h"
#include "core/engine.h"
#include "core/peer.h"

#define ADDRESS                                                                          \
    (struct kith_address)                                                                \
    {                                                                                    \
        .host = "10.0.0.9", .port = 4747                                                 \
    }

static void dial_by_hand(struct lone *l)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_CONNECT;
    in.command.connect = ADDRESS;
    lone_step(l, in);
}

/* Greeted by its last dial, the peer says this; how long until it is dialled again. */
static kith_time pause_after(struct lone *l, uint32_t link, struct kith_bytes frame)
{
    struct lone_peer peer;
    size_t dials = l->dial_count;
    lone_connect(l, &peer, 1, link, KITH_ROLE_LISTENER,
                 l->dial_nos[(dials - 1) % LONE_DIALS_MAX]);
    lone_greet(l, &peer);
    lone_say_raw(l, &peer, frame);
    lone_forget(l);
    kith_time began = l->now.mono;
    while (l->dial_count == dials)
        lone_pass(l, 50 * KITH_MS);
    return l->now.mono - began;
}

static kith_time pause_after_bye(struct lone *l, uint32_t link, uint8_t reason)
{
    uint8_t bye[] = {KITH_FRAME_BYE, reason};
    return pause_after(l, link, kith_bytes(bye, sizeof(bye)));
}

static void who_was_disconnected_by_hand_comes_back_after_a_minute(void **state)
{
    struct lone *l = *state;
    dial_by_hand(l);
    assert_in_range(pause_after_bye(l, 1, KITH_BYE_DISCONNECTED), 60 * KITH_SECOND,
                    61 * KITH_SECOND);
    assert_in_range(pause_after_bye(l, 2, KITH_BYE_LEAVING), 0, KITH_SECOND);
}

/* At a node that is full each who comes back at once would push out another, who does. */
static void who_is_told_of_a_fault_or_a_limit_comes_back_ever_more_seldom(void **state)
{
    struct lone *l = *state;
    dial_by_hand(l);
    kith_time all = 0;
    for (uint32_t link = 1; link <= 10; link++)
        all += pause_after_bye(l, link, link % 2 ? KITH_BYE_FAULT : KITH_BYE_LIMIT);
    assert_in_range(all, 60 * KITH_SECOND, 10 * 60 * KITH_SECOND);
    assert_in_range(pause_after_bye(l, 11, KITH_BYE_LIMIT), 30 * KITH_SECOND,
                    61 * KITH_SECOND);
    assert_in_range(pause_after_bye(l, 12, KITH_BYE_LEAVING), 0, KITH_SECOND);
    assert_in_range(pause_after_bye(l, 13, KITH_BYE_LIMIT), 0, KITH_SECOND);
}

static void who_breaks_the_protocol_is_dialled_ever_more_seldom(void **state)
{
    struct lone *l = *state;
    uint8_t truncated[] = {KITH_FRAME_PING, 1};
    dial_by_hand(l);
    kith_time all = 0;
    for (uint32_t link = 1; link <= 10; link++)
        all += pause_after(l, link, kith_bytes(truncated, sizeof(truncated)));
    assert_in_range(all, 60 * KITH_SECOND, 10 * 60 * KITH_SECOND);
    assert_in_range(pause_after_bye(l, 11, KITH_BYE_LEAVING), 0, KITH_SECOND);
}

/* What comes is no frame, so the net hangs up. */
static void so_is_who_sends_no_frames_at_all(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    dial_by_hand(l);
    for (uint32_t link = 1; link <= 8; link++) {
        size_t dials = l->dial_count;
        lone_connect(l, &peer, 1, link, KITH_ROLE_LISTENER,
                     l->dial_nos[(dials - 1) % LONE_DIALS_MAX]);
        lone_greet(l, &peer);
        lone_step(l, (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                         .link_down = {link, KITH_ETOOBIG}});
        lone_forget(l);
        kith_time began = l->now.mono;
        while (l->dial_count == dials)
            lone_pass(l, 50 * KITH_MS);
        if (link == 8)
            assert_in_range(l->now.mono - began, 30 * KITH_SECOND, 61 * KITH_SECOND);
    }
}

/* A peer that is held for half a minute and more, since its link 8 ended. */
static void hold(struct lone *l, struct lone_peer *peer)
{
    uint8_t truncated[] = {KITH_FRAME_PING, 1};
    for (uint32_t link = 1; link <= 8; link++) {
        lone_connect(l, peer, 1, link, KITH_ROLE_DIALLER, 0);
        lone_greet(l, peer);
        lone_say_raw(l, peer, kith_bytes(truncated, sizeof(truncated)));
        lone_forget(l);
    }
    assert_true(kith_peer_find(l->node, &peer->key.id)->held_until >
                l->now.mono + 29 * KITH_SECOND);
    assert_int_equal(l->dial_count, 0);
}

static void who_comes_by_itself_and_goes_without_a_word_is_dialled_soon(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    hold(l, &peer);
    lone_connect(l, &peer, 1, 9, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_step(l, (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                     .link_down = {9, KITH_ECLOSED}});
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
}

static void mark(struct lone *l, const struct lone_peer *peer, bool is_on)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_BLOCK;
    in.command.token = 4;
    in.command.mark.peer = peer->key.id;
    in.command.mark.is_on = is_on;
    lone_step(l, in);
}

static void by_hand_nobody_is_held(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_input seek = {.type = KITH_INPUT_COMMAND};
    hold(l, &peer);
    mark(l, &peer, true);
    mark(l, &peer, false);
    assert_int_equal(kith_peer_find(l->node, &peer.key.id)->held_until, 0);
    hold(l, &peer);
    seek.command.type = KITH_COMMAND_SEEK;
    seek.command.seek.id = peer.key.id;
    lone_step(l, seek);
    assert_int_equal(kith_peer_find(l->node, &peer.key.id)->held_until, 0);
}

/* As `hold`, of one that says goodbye itself, and is not sought. */
static void hold_leaver(struct lone *l, struct lone_peer *peer)
{
    uint8_t bye[] = {KITH_FRAME_BYE, KITH_BYE_FAULT};
    for (uint32_t link = 1; link <= 8; link++) {
        lone_connect(l, peer, 1, link, KITH_ROLE_DIALLER, 0);
        lone_greet(l, peer);
        lone_say_raw(l, peer, kith_bytes(bye, sizeof(bye)));
        lone_forget(l);
    }
}

/* Heard of meanwhile: it is dialled once the time is over, and not given up before. */
static void is_dialled_afterwards(struct lone *l, const struct lone_peer *peer)
{
    kith_time until = kith_peer_find(l->node, &peer->key.id)->held_until;
    kith_dial_suggest(l->node, &peer->key.id, &ADDRESS, 0, KITH_DIAL_TRY_TIME);
    while (l->now.mono < until - KITH_SECOND)
        lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 0);
    lone_pass(l, 2 * KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
    lone_step(l, (struct kith_input){.type = KITH_INPUT_DIAL_FAILED,
                                     .dial_failed = {l->dial_nos[0], KITH_EREFUSED}});
    lone_pass(l, 2 * KITH_SECOND);
    assert_int_equal(l->dial_count, 2);
}

static void who_is_heard_of_meanwhile_is_dialled_afterwards(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    hold(l, &peer);
    is_dialled_afterwards(l, &peer);
}

static void so_is_one_that_was_not_sought_any_more(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    hold_leaver(l, &peer);
    is_dialled_afterwards(l, &peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_was_disconnected_by_hand_comes_back_after_a_minute),
        TEST(who_is_told_of_a_fault_or_a_limit_comes_back_ever_more_seldom),
        TEST(who_breaks_the_protocol_is_dialled_ever_more_seldom),
        TEST(so_is_who_sends_no_frames_at_all),
        TEST(who_comes_by_itself_and_goes_without_a_word_is_dialled_soon),
        TEST(by_hand_nobody_is_held),
        TEST(who_is_heard_of_meanwhile_is_dialled_afterwards),
        TEST(so_is_one_that_was_not_sought_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
