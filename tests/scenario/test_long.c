/* SPDX-License-Identifier: MIT */
/* Much, and for long: a link that loses a tenth of all segments, and a day of coming and
 * going. `make soak` runs them in their whole length. */
#include "scenario.h"

#include <stdlib.h>

static bool is_soak(void)
{
    return getenv("KITH_SOAK") != NULL;
}

/* ---- a bad link ---- */

#define LOSS_PERCENT 10
#define BURST        100 /* texts said at once */

static uint32_t say_burst(struct sim_world *world, uint32_t from, uint32_t to)
{
    struct kith_bytes tails[BURST];
    for (size_t i = 0; i < BURST; i++)
        tails[i] = kith_bytes("over a bad link", 15);
    return sim_host_say_many(world, from, to, tails, BURST) + BURST - 1;
}

/* That nothing is shown twice or out of order the checkers see to. */
static void a_link_that_loses_a_tenth_loses_doubles_and_mixes_up_nothing(void **state)
{
    const uint32_t count = is_soak() ? 1000000 : 20000;
    struct sim_world *world =
        scenario_new_with((struct sim_options){.loss_percent = LOSS_PERCENT});
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 10);
    uint32_t last = 0;
    for (uint32_t said = 0; said < count; said += BURST) {
        last = say_burst(world, alice, bob);
        await_answered(world, last, 1);
    }
    await_delivered(world, last, 600);
    assert_int_equal(last, count);
    for (uint32_t text = 1; text <= count; text++) {
        assert_int_equal(text_state(world, text), SIM_TEXT_STORED);
        assert_true(sim_host_has_shown(world, bob, text));
    }
    assert_true(world->tally[SIM_TALLY_RESENT] * 100 >=
                world->wire.frame_count * LOSS_PERCENT / 2);
    scenario_end(world);
}

/* ---- a day ---- */

#define SAYS_A_MINUTE 3

/* Of a node that is up, on average. */
static size_t memory_of_one(const struct sim_world *world)
{
    size_t size = 0, count = 0;
    for (uint32_t no = 1; no <= world->host_count; no++) {
        if (sim_world_host(world, no)->node == NULL)
            continue;
        size += sim_world_host(world, no)->heap.size;
        count++;
    }
    assert_int_not_equal(count, 0);
    return size / count;
}

/* Nodes of which one dies or stops each minute, and is back half a minute later. */
static struct sim_world *churning_world(struct sim_workload *workload, uint32_t nodes)
{
    struct sim_world *world = scenario_new_with((struct sim_options){0});
    workload->host_count = nodes;
    world->workload = workload;
    for (uint32_t no = 1; no <= nodes; no++)
        scenario_start(world, NULL, no / 2); /* a tree: most have three links */
    run_seconds(world, 10);
    return world;
}

static void churn(struct sim_world *world, kith_time duration)
{
    for (kith_time spent = 0; spent < duration; spent += KITH_MINUTE) {
        for (int i = 0; i < SAYS_A_MINUTE; i++)
            sim_host_say(world, sim_habit_host(world, 0), 0, "how is the day?");
        sim_habit_crashes.act(world);
        sim_habit_points.act(world);
        sim_habit_cuts.act(world);
        run_seconds(world, 60);
    }
}

/* What nodes keep in memory does not grow with what was said, nor with who came and went:
 * when everybody has met, it stays what it is. */
static void memory_is_flat_through_a_day_of_churn(void **state)
{
    const uint32_t nodes = is_soak() ? 50 : 10;
    const kith_time day = is_soak() ? 24 * KITH_HOUR : 3 * KITH_HOUR;
    struct sim_workload workload = sim_workload_default();
    struct sim_world *world = churning_world(&workload, nodes);
    churn(world, day / 4);
    const size_t before = memory_of_one(world);
    churn(world, day - day / 4);
    const size_t after = memory_of_one(world);
    print_message("# %u nodes: %zu bytes a node after a quarter of the day, %zu at its "
                  "end; %u messages\n",
                  (unsigned)nodes, before, after, (unsigned)world->ledger.count);
    assert_true(after <= before + before / 10);
    for (uint32_t no = 1; no <= nodes; no++) {
        sim_world_host(world, no)->crash.points = 0;
        sim_host_start(world, no);
    }
    world->workload = NULL;
    scenario_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_loses_a_tenth_loses_doubles_and_mixes_up_nothing),
        cmocka_unit_test(memory_is_flat_through_a_day_of_churn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
