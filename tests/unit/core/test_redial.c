/* SPDX-License-Identifier: MIT */
/* Who is dialled again after a link or a word by hand, how soon, and by which way. */
#include "tracked.h"

#include <stdio.h>
#include <stdlib.h>

static int setup_tracked(void **state)
{
    lone_setup(state);
    tracked_join(*state, 1);
    return 0;
}

static void link_down(struct lone *l, uint32_t link, int error)
{
    lone_step(l, (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                     .link_down = {.link = link, .error = error}});
}

static void connect_to(struct lone *l, const char *host, uint64_t token)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_CONNECT;
    in.command.token = token;
    in.command.connect = (struct kith_address){.port = 4747};
    snprintf(in.command.connect.host, sizeof(in.command.connect.host), "%s", host);
    lone_step(l, in);
}

static void say_of(struct lone *l, enum kith_command_type type, uint8_t seed)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = type;
    in.command.token = 5;
    if (type == KITH_COMMAND_SEEK)
        in.command.seek.id = tracked_peer_id(seed);
    else
        in.command.disconnect = tracked_peer_id(seed);
    lone_step(l, in);
}

/* It is reached each time, greets and says goodbye: how often in a minute? */
static void who_says_that_we_are_disconnected_is_left_alone_for_a_minute(void **state)
{
    struct lone *l = *state;
    struct tracked_peer told = tracked_person(tracked_higher_seed(l));
    uint8_t bye[] = {KITH_FRAME_BYE, KITH_BYE_DISCONNECTED};
    size_t dials = 0;
    tracked_tell(l, 1, &told);
    for (kith_time end = l->now.mono + KITH_MINUTE; l->now.mono < end && dials < 100;) {
        lone_pass(l, 50 * KITH_MS);
        if (l->dial_count == dials)
            continue;
        struct lone_peer peer;
        dials = l->dial_count;
        lone_forget(l);
        tracked_link_up(l, &peer, told.seed, (uint32_t)dials, false, true);
        lone_say_raw(l, &peer, kith_bytes(bye, sizeof(bye)));
    }
    assert_in_range(dials, 1, 2);
}

/* As through a firewall that ends what it let begin. */
static void a_link_that_breaks_each_time_is_sought_less_and_less(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint32_t link = 0;
    connect_to(l, "10.0.0.9", 0);
    for (kith_time end = l->now.mono + KITH_MINUTE; l->now.mono < end && link < 100;) {
        if (l->dial_count > link) {
            lone_connect(l, &peer, 1, ++link, KITH_ROLE_LISTENER,
                         tracked_last_dial(l)->no);
            lone_greet(l, &peer);
            link_down(l, link, KITH_ECLOSED);
            lone_forget(l);
        }
        lone_pass(l, 50 * KITH_MS);
    }
    assert_in_range(link, 8, 20);
}

/* How often is an address dialled in a minute, a week after its link was lost? */
static size_t dials_after_a_week(struct lone *l, uint64_t token)
{
    struct lone_peer peer;
    connect_to(l, "10.0.0.9", token);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, tracked_last_dial(l)->no);
    lone_greet(l, &peer);
    lone_pass(l, 5 * KITH_SECOND);
    link_down(l, 1, KITH_ECLOSED);
    size_t week_over = 0;
    for (int second = 0; second < 180; second++) {
        size_t before = l->dial_count;
        lone_pass(l, KITH_SECOND);
        if (l->dial_count > before)
            tracked_fail_dial(l, tracked_last_dial(l)->no);
        if (second == 60) {
            assert_true(l->dial_count > 2);
            l->now.mono += 7 * 24 * KITH_HOUR;
        }
        if (second == 120)
            week_over = l->dial_count;
    }
    return l->dial_count - week_over;
}

static void an_address_asked_for_by_a_command_is_given_up_after_a_week(void **state)
{
    assert_int_equal(dials_after_a_week(*state, 7), 0);
}

static void one_that_is_configured_is_dialled_for_ever(void **state)
{
    assert_true(dials_after_a_week(*state, 0) > 5);
}

/* It found us before its address answered. */
static void an_address_of_whom_we_disconnected_is_not_dialled_on_and_on(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    connect_to(l, "10.0.0.9", 0);
    tracked_fail_dial(l, l->dialled[0].no);
    tracked_link_up(l, &peer, 1, 1, false, false);
    say_of(l, KITH_COMMAND_DISCONNECT, 1);
    link_down(l, 1, KITH_EDISCONNECTED);
    size_t dials = 1;
    uint32_t link = 1;
    for (kith_time end = l->now.mono + KITH_MINUTE; l->now.mono < end && link < 100;) {
        lone_pass(l, 50 * KITH_MS);
        if (l->dial_count == dials)
            continue;
        dials = l->dial_count;
        lone_forget(l);
        lone_connect(l, &peer, 1, ++link, KITH_ROLE_LISTENER, tracked_last_dial(l)->no);
        lone_prove(l, &peer);
        lone_hello(l, &peer, "bob");
        assert_int_equal(l->closed[link], KITH_EDISCONNECTED);
    }
    assert_int_equal(link, 2);
}

/* A peer that we dialled and disconnected by hand, which is left alone. */
static void part_from(struct lone *l, uint64_t token)
{
    struct lone_peer peer;
    connect_to(l, "10.0.0.9", token);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, tracked_last_dial(l)->no);
    lone_greet(l, &peer);
    say_of(l, KITH_COMMAND_DISCONNECT, 1);
    link_down(l, 1, KITH_EDISCONNECTED);
    lone_pass(l, 20 * KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
}

static void whom_we_seek_after_disconnecting_it_is_dialled_where_it_was(void **state)
{
    struct lone *l = *state;
    part_from(l, 0);
    say_of(l, KITH_COMMAND_SEEK, 1);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 2);
}

static void so_it_is_when_we_connect_to_its_address_again(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    part_from(l, 7);
    connect_to(l, "10.0.0.9", 8);
    assert_int_equal(l->dial_count, 2);
    lone_connect(l, &peer, 1, 2, KITH_ROLE_LISTENER, tracked_last_dial(l)->no);
    lone_greet(l, &peer);
    assert_int_equal(l->closed[2], 1);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.token, 8);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, 0);
}

static void a_relay_that_was_reached_in_the_clear_is_reached_so_again(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct tracked_peer told = {.seed = tracked_higher_seed(l)};
    tracked_tell(l, 1, &told);
    tracked_ring(l, 1, told.seed, 'l', NULL);
    assert_false(tracked_last_dial(l)->is_in_tls);
    tracked_link_up(l, &peer, told.seed, 1, true, true);
    link_down(l, 1, KITH_ECLOSED);
    tracked_ring(l, 1, told.seed, 'l', NULL);
    assert_int_equal(l->dial_count, 2);
    assert_false(tracked_last_dial(l)->is_in_tls);
}

/* The peer links by itself, and our own link ends before it is greeted. */
static void connect_is_answered_when_another_link_took_over(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, ours, theirs;
    connect_to(l, "10.0.0.9", 0);
    lone_connect(l, &first, 1, 1, KITH_ROLE_LISTENER, tracked_last_dial(l)->no);
    lone_greet(l, &first);
    link_down(l, 1, KITH_ECLOSED);
    lone_forget(l);
    connect_to(l, "10.0.0.9", 7);
    lone_connect(l, &ours, 1, 2, KITH_ROLE_LISTENER, tracked_last_dial(l)->no);
    lone_connect(l, &theirs, 1, 3, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &theirs);
    link_down(l, 2, KITH_ECLOSED);
    assert_non_null(lone_last_told(l, KITH_NOTICE_REPLY));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.token, 7);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, 0);
}

static void a_configured_address_is_kept_though_a_command_waits_for_it(void **state)
{
    struct lone *l = *state;
    connect_to(l, "10.0.0.9", 7);
    connect_to(l, "10.0.0.9", 0);
    tracked_fail_dial(l, tracked_last_dial(l)->no);
    lone_pass(l, 5 * KITH_SECOND);
    assert_int_equal(l->dial_count, 2);
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
#define TRACKED(name) cmocka_unit_test_setup_teardown(name, setup_tracked, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRACKED(who_says_that_we_are_disconnected_is_left_alone_for_a_minute),
        TEST(an_address_asked_for_by_a_command_is_given_up_after_a_week),
        TEST(one_that_is_configured_is_dialled_for_ever),
        TEST(a_link_that_breaks_each_time_is_sought_less_and_less),
        TEST(an_address_of_whom_we_disconnected_is_not_dialled_on_and_on),
        TEST(whom_we_seek_after_disconnecting_it_is_dialled_where_it_was),
        TEST(so_it_is_when_we_connect_to_its_address_again),
        TRACKED(a_relay_that_was_reached_in_the_clear_is_reached_so_again),
        TEST(connect_is_answered_when_another_link_took_over),
        TEST(a_configured_address_is_kept_though_a_command_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
