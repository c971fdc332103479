/* SPDX-License-Identifier: MIT */
/* Links: who finds whom, which link stands, who is seen. */
#include "scenario.h"

#include <string.h>

static size_t count_online(const struct sim_world *world, uint32_t host, uint32_t peer)
{
    return sim_host_count_peer_notices(world, host, peer, KITH_PEER_ONLINE);
}

static size_t count_offline(const struct sim_world *world, uint32_t host, uint32_t peer)
{
    return sim_host_count_peer_notices(world, host, peer, KITH_PEER_OFFLINE);
}

static void dialler_may_start_first(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = sim_host_add(world, "Alice");
    const uint32_t bob = scenario_start(world, "Bob", alice);
    run_seconds(world, 5);
    sim_host_start(world, alice);
    await_linked(world, alice, bob, 10);
    const uint32_t text = say(world, alice, 0, "late, sorry");
    await_shown(world, bob, text, 1);
    scenario_end(world);
}

static void peer_that_starts_a_minute_late_is_joined(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t bob = sim_host_add(world, "Bob");
    const uint32_t alice = scenario_start(world, "Alice", bob);
    const uint32_t text = say(world, alice, 0, "anyone here?");
    run_seconds(world, 60);
    sim_host_start(world, bob);
    await_linked(world, alice, bob, 10);
    await_shown(world, bob, text, 1);
    scenario_end(world);
}

static void online_and_offline_are_told_once(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    run_seconds(world, 60);
    assert_int_equal(count_online(world, alice, bob), 1);
    assert_int_equal(count_online(world, bob, alice), 1);
    stop(world, bob);
    await_unlinked(world, alice, bob, 1);
    run_seconds(world, 60);
    assert_int_equal(count_offline(world, alice, bob), 1);
    sim_host_start(world, bob);
    await_linked(world, alice, bob, 2);
    run_seconds(world, 5);
    assert_int_equal(count_online(world, alice, bob), 2);
    assert_int_equal(count_offline(world, alice, bob), 1);
    scenario_end(world);
}

static void crossing_dials_leave_one_link(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim_world *world = scenario_new_with(
            (struct sim_options){.seed = seed, .has_real_crypto = true});
        const uint32_t alice = sim_host_add(world, "Alice");
        const uint32_t bob = sim_host_add(world, "Bob");
        sim_host_configure(world, alice, bob);
        sim_host_configure(world, bob, alice);
        sim_host_start(world, alice);
        sim_host_start(world, bob);
        await_linked(world, alice, bob, 2);
        const uint32_t text = say(world, alice, bob, "one will do");
        await_delivered(world, text, 2);
        run_seconds(world, 20);
        assert_int_equal(sim_wire_conn_count(world, alice, bob), 1);
        assert_int_equal(count_online(world, alice, bob), 1);
        assert_int_equal(count_offline(world, alice, bob), 0);
        assert_int_equal(count_online(world, bob, alice), 1);
        scenario_end(world);
    }
}

static void second_dial_replaces_the_first(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    const uint64_t token = sim_host_connect(world, bob, alice);
    await_reply(world, bob, token, 2);
    assert_int_equal(sim_host_reply(world, bob, token)->error, 0);
    run_seconds(world, 5);
    assert_int_equal(sim_wire_conn_count(world, alice, bob), 1);
    assert_int_equal(count_offline(world, alice, bob), 0);
    scenario_end(world);
}

/* Each end notices at a time of its own. */
static void who_notices_first_that_a_link_is_cut_has_another_at_once(void **state)
{
    unsigned shown = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim_world *world = scenario_new_with(
            (struct sim_options){.seed = seed, .has_real_crypto = true});
        const uint32_t alice = scenario_start(world, "Alice", 0);
        const uint32_t bob = scenario_start(world, "Bob", alice);
        await_linked(world, alice, bob, 1);
        sim_wire_cut(world, sim_wire_conn(world, alice, bob), false, 30 * KITH_SECOND);
        while (count_offline(world, alice, bob) + count_offline(world, bob, alice) == 0)
            run_seconds(world, 0.1);
        const uint32_t text = say(world, alice, bob, "still there?");
        run_seconds(world, 0.3); /* a dial and a handshake take as long */
        const bool have_both_noticed =
            count_offline(world, alice, bob) + count_offline(world, bob, alice) == 2;
        await_delivered(world, text, 1);
        run_seconds(world, 60);
        assert_int_equal(sim_wire_conn_count(world, alice, bob), 1);
        if (!have_both_noticed)
            assert_int_equal(
                count_offline(world, alice, bob) + count_offline(world, bob, alice), 1);
        shown += !have_both_noticed;
        scenario_end(world);
    }
    assert_in_range(shown, 15, 20);
}

/* The network goes before the process, so Alice believes in the old link for long. */
static void restarted_peer_replaces_its_link_at_once(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    sim_host_crash(world, bob, true);
    sim_host_start(world, bob);
    run_seconds(world, 1);
    const uint32_t text = say(world, alice, bob, "still there?");
    await_delivered(world, text, 1);
    assert_int_equal(sim_wire_conn_count(world, alice, bob), 1);
    scenario_end(world);
}

static void silent_link_is_dead_after_45_seconds(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    run_seconds(world, 100);
    assert_int_equal(count_offline(world, alice, bob), 0);
    sim_wire_block(world, alice, bob, true, true);
    run_seconds(world, 20);
    assert_true(sim_host_sees(world, alice, bob));
    await_unlinked(world, alice, bob, 30);
    sim_wire_block(world, alice, bob, false, false);
    await_linked(world, alice, bob, 30);
    scenario_end(world);
}

static void silent_lan_link_is_dead_within_10_seconds(void **state)
{
    struct sim_world *world =
        scenario_new_with((struct sim_options){.has_real_crypto = true, .is_lan = true});
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    run_seconds(world, 30);
    assert_int_equal(count_offline(world, alice, bob), 0);
    sim_wire_block(world, alice, bob, true, true);
    await_unlinked(world, alice, bob, 10);
    await_unlinked(world, bob, alice, 10);
    sim_wire_block(world, alice, bob, false, false);
    await_linked(world, alice, bob, 30);
    scenario_end(world);
}

static void other_network_is_never_linked(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t mallory = sim_host_add(world, "Mallory");
    memset(sim_world_host(world, mallory)->network_key, 0x66, KITH_NETWORK_KEY_SIZE);
    sim_host_configure(world, mallory, alice);
    sim_host_start(world, mallory);
    const uint32_t text = say(world, alice, 0, "among ourselves");
    run_seconds(world, 60);
    assert_false(sim_host_sees(world, alice, mallory));
    assert_false(sim_host_sees(world, mallory, alice));
    assert_string_equal(sim_host_name_of(world, mallory, alice), "");
    assert_string_equal(sim_host_name_of(world, alice, mallory), "");
    assert_false(sim_host_has_text(world, mallory, text));
    assert_int_equal(count_online(world, alice, 0), 0);
    scenario_end_unsettled(world);
}

static void disconnect_by_hand_keeps_the_others(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    const uint32_t carol = scenario_start(world, "Carol", alice);
    await_linked(world, alice, bob, 1);
    await_linked(world, alice, carol, 1);
    const uint64_t token = sim_host_disconnect(world, alice, bob);
    await_reply(world, alice, token, 1);
    assert_int_equal(sim_host_reply(world, alice, token)->error, 0);
    await_unlinked(world, alice, bob, 1);
    await_unlinked(world, bob, alice, 1);
    run_seconds(world, 180); /* however often Bob dials */
    assert_false(sim_host_sees(world, alice, bob));
    assert_true(sim_host_sees(world, alice, carol));
    assert_int_equal(count_offline(world, alice, carol), 0);
    const uint32_t text = say(world, alice, 0, "Bob is gone");
    await_shown(world, carol, text, 1);
    run_seconds(world, 5);
    assert_false(sim_host_has_text(world, bob, text));

    const uint64_t again = sim_host_connect(world, alice, bob);
    await_reply(world, alice, again, 5);
    assert_int_equal(sim_host_reply(world, alice, again)->error, 0);
    await_linked(world, alice, bob, 5);
    await_shown(world, bob, text, 2);
    scenario_end(world);
}

static void connecting_where_nobody_listens_says_so(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = sim_host_add(world, "Bob");
    const uint64_t token = sim_host_connect(world, alice, bob);
    await_reply(world, alice, token, 10);
    assert_int_equal(sim_host_reply(world, alice, token)->error, KITH_EREFUSED);
    scenario_end_unsettled(world);
}

static void connecting_to_oneself_says_so(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint64_t token = sim_host_connect(world, alice, alice);
    await_reply(world, alice, token, 10);
    assert_int_equal(sim_host_reply(world, alice, token)->error, KITH_ESELF);
    run_seconds(world, 10);
    assert_int_equal(sim_host_count_warnings(world, alice, KITH_WARNING_COPIED_HOME), 0);
    assert_int_equal(sim_wire_conn_count(world, alice, alice), 0);
    scenario_end(world);
}

static void copied_home_is_warned_of(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t bob = scenario_start(world, "Bob", 0);
    const uint32_t alice = scenario_start(world, "Alice", bob);
    await_linked(world, alice, bob, 1);
    const uint32_t before = say(world, alice, 0, "before the copy");
    await_shown(world, bob, before, 1);
    run_seconds(world, 1);

    const uint32_t copy = sim_host_add_copy(world, alice);
    sim_host_configure(world, copy, bob);
    sim_host_start(world, copy);
    await_warning(world, bob, KITH_WARNING_COPIED_HOME, 120);
    const uint32_t by_copy = say(world, copy, 0, "which of us am I?");
    const uint32_t by_alice = say(world, alice, 0, "the first");
    await_shown(world, bob, by_copy, 120);
    await_shown(world, bob, by_alice, 120);
    scenario_end_unsettled(world);
}

static void copies_of_a_home_take_turns_ever_more_seldom(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t bob = scenario_start(world, "Bob", 0);
    const uint32_t alice = scenario_start(world, "Alice", bob);
    await_linked(world, alice, bob, 1);
    const uint32_t copy = sim_host_add_copy(world, alice);
    sim_host_configure(world, copy, bob);
    sim_host_start(world, copy);
    await_warning(world, alice, KITH_WARNING_COPIED_HOME, 60);
    await_warning(world, copy, KITH_WARNING_COPIED_HOME, 60);
    run_seconds(world, 600);
    const size_t before = count_online(world, alice, bob);
    run_seconds(world, 600);
    const size_t turns = count_online(world, alice, bob) - before;
    assert_in_range(turns, 3, 12); /* each waits a minute for the other */

    stop(world, copy);
    await_linked(world, alice, bob, 61);
    run_seconds(world, 600);
    assert_true(count_online(world, alice, bob) <= before + turns + 1);
    scenario_end_unsettled(world);
}

static void copied_home_that_is_met_is_warned_of(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t copy = sim_host_add_copy(world, alice);
    sim_host_configure(world, copy, alice);
    sim_host_start(world, copy);
    await_warning(world, alice, KITH_WARNING_COPIED_HOME, 5);
    await_warning(world, copy, KITH_WARNING_COPIED_HOME, 5);
    scenario_end_unsettled(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialler_may_start_first),
        cmocka_unit_test(peer_that_starts_a_minute_late_is_joined),
        cmocka_unit_test(online_and_offline_are_told_once),
        cmocka_unit_test(crossing_dials_leave_one_link),
        cmocka_unit_test(second_dial_replaces_the_first),
        cmocka_unit_test(who_notices_first_that_a_link_is_cut_has_another_at_once),
        cmocka_unit_test(restarted_peer_replaces_its_link_at_once),
        cmocka_unit_test(silent_link_is_dead_after_45_seconds),
        cmocka_unit_test(silent_lan_link_is_dead_within_10_seconds),
        cmocka_unit_test(other_network_is_never_linked),
        cmocka_unit_test(disconnect_by_hand_keeps_the_others),
        cmocka_unit_test(connecting_where_nobody_listens_says_so),
        cmocka_unit_test(connecting_to_oneself_says_so),
        cmocka_unit_test(copied_home_is_warned_of),
        cmocka_unit_test(copies_of_a_home_take_turns_ever_more_seldom),
        cmocka_unit_test(copied_home_that_is_met_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
