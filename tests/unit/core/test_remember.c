/* SPDX-License-Identifier: MIT */
/* Peers met before are dialled where they were last, again and again and ever more
 * seldom. */
#include "lone.h"

#include <stdlib.h>

#include "core/engine.h"

static struct lone *make(void)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    return l;
}

/* Started, and one contact is known. */
static struct lone *make_with_contact(void)
{
    struct lone *l = make();
    lone_restore_counts(l, 1);
    lone_restore_peer(l, 1, "10.0.0.1", true);
    lone_start(l);
    return l;
}

static void done(struct lone *l)
{
    assert_int_equal(l->error, 0);
    lone_deinit(l);
    free(l);
}

/* Time passes, and every dial fails within a tenth of a second. How many there were. */
static size_t pass_in_vain(struct lone *l, kith_time duration)
{
    size_t before = l->dial_count;
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.error = KITH_EUNREACHABLE;
    for (kith_time end = l->now.mono + duration; l->now.mono < end;) {
        size_t failed = l->dial_count;
        lone_pass(l, 100 * KITH_MS);
        for (; failed < l->dial_count; failed++) {
            in.dial_failed.dial = l->dial_nos[failed % LONE_DIALS_MAX];
            lone_step(l, in);
        }
    }
    return l->dial_count - before;
}

static bool is_dialled(const struct lone *l, uint32_t no)
{
    for (size_t i = 0; i < l->dial_count && i < LONE_DIALS_MAX; i++)
        if (l->dials[i].port == 5000 + no)
            return true;
    return false;
}

static void before_the_start_nobody_is_dialled(void **state)
{
    struct lone *l = make();
    (void)state;
    lone_restore_counts(l, 1);
    lone_restore_peer(l, 1, "10.0.0.1", true);
    lone_step(l, (struct kith_input){.type = KITH_INPUT_TIMEOUT});
    assert_int_equal(kith_node_deadline(l->node), KITH_TIME_NEVER);
    assert_int_equal(l->dial_count, 0);
    lone_start(l);
    lone_pass(l, 100 * KITH_MS);
    assert_true(is_dialled(l, 1));
    done(l);
}

static void the_last_peers_are_dialled_at_start_where_they_were(void **state)
{
    (void)state;
    struct lone *l = make();
    lone_restore_counts(l, 80);
    for (uint32_t no = 1; no <= 80; no++) /* one never worked */
        lone_restore_peer(l, no, no == 80 ? "" : "127.0.0.1", no <= 40);
    lone_start(l);
    assert_int_equal(l->dial_count, 0); /* those asked for go first */
    lone_pass(l, 100 * KITH_MS);
    assert_int_equal(l->dial_count, 2 * KITH_REMEMBER_MAX);
    for (uint32_t no = 1; no <= 80; no++) /* contacts, and others */
        assert_int_equal(is_dialled(l, no),
                         (no >= 9 && no <= 40) || (no >= 48 && no < 80));
    done(l);
}

static void who_is_not_there_is_dialled_ever_more_seldom_and_for_ever(void **state)
{
    (void)state;
    struct lone *l = make_with_contact();
    assert_in_range(pass_in_vain(l, KITH_REMEMBER_PAUSE_MIN), 4, 16);
    for (kith_time pause = 2 * KITH_REMEMBER_PAUSE_MIN; pause < KITH_HOUR; pause *= 2) {
        kith_time most =
            pause < KITH_REMEMBER_PAUSE_MAX ? pause : KITH_REMEMBER_PAUSE_MAX;
        kith_time began = l->now.mono;
        size_t before = l->dial_count;
        while (l->dial_count == before)
            pass_in_vain(l, 100 * KITH_MS);
        if (pause > 2 * KITH_REMEMBER_PAUSE_MIN) /* the first began earlier */
            assert_in_range(l->now.mono - began, most / 2, most + KITH_SECOND);
    }
    assert_in_range(pass_in_vain(l, 8 * KITH_HOUR), 30, 60);
    done(l);
}

static void another_address_of_ours_is_a_reason_to_try_again(void **state)
{
    (void)state;
    struct lone *l = make_with_contact();
    lone_listen(l, "192.168.1.2");
    pass_in_vain(l, KITH_HOUR);
    lone_listen(l, "192.168.1.2");
    assert_int_equal(pass_in_vain(l, 10 * KITH_SECOND), 0);
    lone_listen(l, "192.168.7.2");
    assert_in_range(pass_in_vain(l, 10 * KITH_SECOND), 4, 16);
    done(l);
}

/* It restarts, and does not reach us. */
static void who_says_goodbye_is_looked_for_soon(void **state)
{
    (void)state;
    struct lone *l = make();
    struct lone_peer peer;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    lone_start(l);
    pass_in_vain(l, KITH_HOUR);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    kith_frame_bye_encode(&w, &(struct kith_frame_bye){.reason = KITH_BYE_LEAVING});
    lone_say(l, &peer, &w);
    kith_writer_deinit(&w);
    assert_int_equal(pass_in_vain(l, KITH_REMEMBER_PAUSE_MIN / 2 - KITH_SECOND), 0);
    assert_int_equal(pass_in_vain(l, KITH_REMEMBER_PAUSE_MIN / 2 + 2 * KITH_SECOND), 1);
    done(l);
}

static void who_is_linked_or_unwanted_is_left_alone(void **state)
{
    (void)state;
    struct lone *l = make();
    struct lone_peer peer;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    lone_restore_counts(l, 2);
    lone_restore_peer(l, 1, "10.0.0.1", true);
    lone_restore_peer(l, 2, "10.0.0.2", true);
    lone_start(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    in.command.type = KITH_COMMAND_BLOCK;
    lone_key_make(&peer.key, 2);
    in.command.mark.peer = peer.key.id;
    in.command.mark.is_on = true;
    lone_step(l, in);
    assert_int_equal(pass_in_vain(l, 5 * KITH_SECOND), 0);
    done(l);
}

static void strangers_of_long_ago_are_forgotten_and_contacts_are_not(void **state)
{
    (void)state;
    struct lone *l = make();
    lone_restore_counts(l, 2);
    lone_restore_peer(l, 1, "10.0.0.1", true);
    lone_restore_peer(l, 2, "10.0.0.2", false);
    l->now.wall += KITH_REMEMBER_STRANGERS;
    lone_start(l);
    assert_true(pass_in_vain(l, KITH_HOUR) > 8);
    assert_true(is_dialled(l, 1));
    assert_false(is_dialled(l, 2));
    done(l);
}

/* The address of the configuration is dead; it is where it was last. */
static void another_address_that_fails_hides_nobody(void **state)
{
    (void)state;
    struct lone *l = make();
    struct lone_peer peer;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    lone_start(l);
    in.command.type = KITH_COMMAND_CONNECT;
    in.command.connect = (struct kith_address){.host = "10.9.9.9", .port = 1};
    lone_step(l, in);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, l->dial_nos[0]);
    lone_greet(l, &peer);
    lone_step(l, (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                     .link_down = {1, KITH_ECLOSED}});
    size_t others = 0;
    for (int i = 0; i < 36000; i++) {
        size_t before = l->dial_count;
        pass_in_vain(l, 100 * KITH_MS);
        for (; before < l->dial_count; before++)
            others += l->dials[before % LONE_DIALS_MAX].port != 1;
    }
    assert_in_range(others, 3, 20);
    done(l);
}

static void ten_thousand_stale_addresses_cost_a_few_dials(void **state)
{
    (void)state;
    struct lone *l = make();
    lone_restore_counts(l, 10000);
    for (uint32_t no = 1; no <= 10000; no++)
        lone_restore_peer(l, no, "10.0.0.7", no % 2 == 0);
    lone_start(l);
    assert_in_range(pass_in_vain(l, 10 * KITH_SECOND), 4 * KITH_REMEMBER_MAX,
                    32 * KITH_REMEMBER_MAX);
    pass_in_vain(l, KITH_HOUR);
    assert_in_range(pass_in_vain(l, KITH_HOUR), 6 * KITH_REMEMBER_MAX,
                    16 * KITH_REMEMBER_MAX);
    done(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_start_nobody_is_dialled),
        cmocka_unit_test(the_last_peers_are_dialled_at_start_where_they_were),
        cmocka_unit_test(who_is_not_there_is_dialled_ever_more_seldom_and_for_ever),
        cmocka_unit_test(another_address_of_ours_is_a_reason_to_try_again),
        cmocka_unit_test(who_says_goodbye_is_looked_for_soon),
        cmocka_unit_test(who_is_linked_or_unwanted_is_left_alone),
        cmocka_unit_test(strangers_of_long_ago_are_forgotten_and_contacts_are_not),
        cmocka_unit_test(another_address_that_fails_hides_nobody),
        cmocka_unit_test(ten_thousand_stale_addresses_cost_a_few_dials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
