/* SPDX-License-Identifier: MIT */
/* A message from one to another, and to all. */
#include "scenario.h"

#include <string.h>

static void alice_greets_bob_and_knows_that_he_has_it(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    await_name(world, alice, bob, "Bob", 1);
    await_name(world, bob, alice, "Alice", 1);

    const uint32_t text = say(world, alice, bob, "hello Bob");
    await_shown(world, bob, text, 1);
    await_delivered(world, text, 1);
    assert_true(sim_host_has_shown(world, alice, text));
    scenario_end(world);
}

static void lobby_message_reaches_everyone(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    const uint32_t carol = scenario_start(world, "Carol", alice);
    await_linked(world, alice, bob, 1);
    await_linked(world, alice, carol, 1);
    const uint32_t text = say(world, bob, 0, "hello all");
    await_shown(world, alice, text, 1);
    await_shown(world, carol, text, 1);
    scenario_end(world);
}

static void message_to_one_who_is_away_is_delivered_after_he_returns(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    stop(world, bob);
    await_unlinked(world, alice, bob, 1);

    const uint32_t direct = say(world, alice, bob, "are you there?");
    const uint32_t lobby = say(world, alice, 0, "Bob is away");
    run_seconds(world, 30);
    assert_false(sim_host_is_delivered(world, direct));

    sim_host_start(world, bob);
    await_shown(world, bob, direct, 10);
    await_shown(world, bob, lobby, 10);
    await_delivered(world, direct, 1);
    scenario_end(world);
}

static void message_written_before_they_ever_met_is_delivered(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = sim_host_add(world, "Bob");
    const uint32_t text = say(world, alice, bob, "welcome");
    sim_host_configure(world, bob, alice);
    sim_host_start(world, bob);
    await_delivered(world, text, 2);
    assert_true(sim_host_has_shown(world, bob, text));
    scenario_end(world);
}

static void pending_message_survives_the_death_of_its_author(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    stop(world, bob);
    await_unlinked(world, alice, bob, 1);
    const uint32_t text = say(world, alice, bob, "my last words");
    sim_host_crash(world, alice, false);
    sim_host_start(world, bob);
    run_seconds(world, 5);
    sim_host_start(world, alice);
    await_shown(world, bob, text, 15);
    await_delivered(world, text, 1);
    scenario_end(world);
}

static void delivered_stays_delivered_over_restarts(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    const uint32_t text = say(world, alice, bob, "note this");
    await_delivered(world, text, 2);
    run_seconds(world, 1);
    sim_host_crash(world, bob, false);
    sim_host_crash(world, alice, false);
    sim_host_start(world, alice);
    run_seconds(world, 1);
    assert_true(sim_host_is_delivered(world, text));
    sim_host_start(world, bob);
    scenario_end(world);
}

static void longest_text_arrives_whole(void **state)
{
    static char longest[KITH_TEXT_SIZE_MAX];
    memset(longest, 'x', sizeof(longest));
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    /* "1:" comes in front. */
    struct kith_bytes tail = kith_bytes(longest, KITH_TEXT_SIZE_MAX - 2);
    const uint32_t fits = sim_host_say_many(world, alice, bob, &tail, 1);
    await_delivered(world, fits, 2);
    tail.size++;
    const uint32_t too_long = sim_host_say_many(world, alice, bob, &tail, 1);
    await_answered(world, too_long, 1);
    assert_int_equal(sim_ledger_text(&world->ledger, too_long)->error, KITH_ETEXTSIZE);
    scenario_end(world);
}

static void message_to_oneself_is_refused(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t text = sim_host_say(world, alice, alice, "dear diary");
    await_answered(world, text, 1);
    assert_int_equal(text_state(world, text), SIM_TEXT_REFUSED);
    scenario_end(world);
}

static void line_forwards_the_lobby_and_keeps_direct_messages_to_the_two(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    const uint32_t carol = scenario_start(world, "Carol", bob);
    await_linked(world, alice, bob, 1);
    await_linked(world, bob, carol, 1);
    const uint32_t lobby = say(world, alice, 0, "pass it on");
    await_shown(world, carol, lobby, 2);
    const uint32_t direct = say(world, alice, carol, "between us");
    run_seconds(world, 10);
    assert_false(sim_host_has_text(world, bob, direct));
    assert_false(sim_host_has_text(world, carol, direct));
    sim_host_keep_dialling(world, carol, alice);
    await_delivered(world, direct, 2);
    assert_false(sim_host_has_text(world, bob, direct));
    scenario_end(world);
}

static void burst_is_shown_in_order(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    uint32_t last = 0;
    for (int i = 0; i < 500; i++) /* the checker of what is shown knows the order */
        last = sim_host_say(world, i % 3 == 0 ? bob : alice, 0, "on and on");
    await_shown(world, bob, last, 5);
    scenario_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alice_greets_bob_and_knows_that_he_has_it),
        cmocka_unit_test(lobby_message_reaches_everyone),
        cmocka_unit_test(message_to_one_who_is_away_is_delivered_after_he_returns),
        cmocka_unit_test(message_written_before_they_ever_met_is_delivered),
        cmocka_unit_test(pending_message_survives_the_death_of_its_author),
        cmocka_unit_test(delivered_stays_delivered_over_restarts),
        cmocka_unit_test(longest_text_arrives_whole),
        cmocka_unit_test(message_to_oneself_is_refused),
        cmocka_unit_test(line_forwards_the_lobby_and_keeps_direct_messages_to_the_two),
        cmocka_unit_test(burst_is_shown_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
