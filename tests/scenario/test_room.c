/* SPDX-License-Identifier: MIT */
/* Open rooms: who is in them has what was said there, and nobody else. */
#include "scenario.h"

#define GARDEN (SIM_ROOM | 1)
#define ATTIC  (SIM_ROOM | 2)

static void join(struct sim_world *world, uint32_t host, uint32_t room)
{
    const uint64_t token = sim_host_join(world, host, room);
    await_reply(world, host, token, 1);
    assert_int_equal(sim_host_reply(world, host, token)->error, 0);
}

static void leave(struct sim_world *world, uint32_t host, uint32_t room)
{
    const uint64_t token = sim_host_leave(world, host, room);
    await_reply(world, host, token, 1);
    assert_int_equal(sim_host_reply(world, host, token)->error, 0);
}

/* Alice, Bob, Carol and Dave, each linked with each. */
struct four {
    struct sim_world *world;
    uint32_t alice, bob, carol, dave;
};

static struct four start_four(void)
{
    struct four f = {.world = scenario_new()};
    f.alice = scenario_start(f.world, "Alice", 0);
    f.bob = scenario_start(f.world, "Bob", f.alice);
    f.carol = scenario_start(f.world, "Carol", f.alice);
    f.dave = scenario_start(f.world, "Dave", f.alice);
    await_linked(f.world, f.alice, f.bob, 1);
    await_linked(f.world, f.alice, f.carol, 1);
    await_linked(f.world, f.alice, f.dave, 1);
    return f;
}

static void two_who_join_late_have_all_that_was_said_and_nobody_outside_has_any(
    void **state)
{
    struct four f = start_four();
    uint32_t text = 0;
    join(f.world, f.alice, GARDEN);
    for (int i = 0; i < 300; i++)
        text = sim_host_say(f.world, f.alice, GARDEN, "roses");
    await_answered(f.world, text, 5);
    join(f.world, f.bob, GARDEN);
    await_shown(f.world, f.bob, text, 5);
    const uint32_t of_bob = say(f.world, f.bob, GARDEN, "and tulips");
    join(f.world, f.carol, GARDEN);
    await_shown(f.world, f.carol, of_bob, 5);
    await_shown(f.world, f.carol, text, 5);
    const uint32_t of_carol = say(f.world, f.carol, GARDEN, "and weeds");
    await_shown(f.world, f.alice, of_carol, 2);
    await_shown(f.world, f.bob, of_carol, 2);
    assert_false(sim_host_has_text(f.world, f.dave, of_carol));
    scenario_end(f.world); /* where the checkers compare and look for what leaked */
}

static void who_left_gets_no_more_until_the_return(void **state)
{
    struct four f = start_four();
    join(f.world, f.alice, GARDEN);
    join(f.world, f.bob, GARDEN);
    const uint32_t before = say(f.world, f.alice, GARDEN, "before");
    await_shown(f.world, f.bob, before, 2);
    leave(f.world, f.bob, GARDEN);
    const uint32_t meanwhile = say(f.world, f.alice, GARDEN, "meanwhile");
    const uint32_t lobby = say(f.world, f.alice, 0, "in the lobby");
    await_shown(f.world, f.bob, lobby, 2);
    run_seconds(f.world, 10);
    assert_false(sim_host_has_text(f.world, f.bob, meanwhile));
    assert_true(sim_host_has_text(f.world, f.bob, before));
    join(f.world, f.bob, GARDEN);
    await_shown(f.world, f.bob, meanwhile, 1); /* on the link there is, without a stall */
    const uint32_t of_bob = say(f.world, f.bob, GARDEN, "I am back");
    await_shown(f.world, f.alice, of_bob, 1);
    scenario_end(f.world);
}

static void nothing_can_be_said_where_one_is_not(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    uint32_t text = sim_host_say(world, alice, GARDEN, "hello?");
    await_answered(world, text, 1);
    assert_int_equal(sim_ledger_text(&world->ledger, text)->error, KITH_ENOTFOUND);
    join(world, alice, GARDEN);
    say(world, alice, GARDEN, "hello");
    leave(world, alice, GARDEN);
    text = sim_host_say(world, alice, GARDEN, "hello?");
    await_answered(world, text, 1);
    assert_int_equal(sim_ledger_text(&world->ledger, text)->error, KITH_ENOTFOUND);
    scenario_end(world);
}

static void rooms_are_joined_still_after_crashes(void **state)
{
    struct four f = start_four();
    join(f.world, f.alice, GARDEN);
    join(f.world, f.bob, GARDEN);
    join(f.world, f.bob, ATTIC);
    leave(f.world, f.bob, ATTIC);
    sim_host_crash(f.world, f.alice, false);
    sim_host_crash(f.world, f.bob, false);
    sim_host_start(f.world, f.alice);
    sim_host_start(f.world, f.bob);
    const uint32_t text = say(f.world, f.alice, GARDEN, "still here");
    await_shown(f.world, f.bob, text, 15);
    assert_false(sim_host_is_in(sim_world_host(f.world, f.bob), ATTIC));
    scenario_end(f.world);
}

static void joining_and_leaving_over_and_over_loses_nothing(void **state)
{
    struct four f = start_four();
    uint32_t text = 0;
    join(f.world, f.alice, GARDEN);
    join(f.world, f.carol, GARDEN);
    for (int i = 0; i < 30; i++) {
        for (int j = 0; j < 20; j++)
            text = sim_host_say(f.world, i % 2 ? f.alice : f.carol, GARDEN, "again");
        /* Without waiting for answers: frames of the time before are on their way. */
        sim_host_join(f.world, f.bob, GARDEN);
        run_seconds(f.world, 0.003 * i);
        sim_host_leave(f.world, f.bob, GARDEN);
        run_seconds(f.world, 0.001 * (i % 3));
    }
    join(f.world, f.bob, GARDEN);
    await_shown(f.world, f.bob, text, 10);
    scenario_end(f.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            two_who_join_late_have_all_that_was_said_and_nobody_outside_has_any),
        cmocka_unit_test(who_left_gets_no_more_until_the_return),
        cmocka_unit_test(nothing_can_be_said_where_one_is_not),
        cmocka_unit_test(rooms_are_joined_still_after_crashes),
        cmocka_unit_test(joining_and_leaving_over_and_over_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
