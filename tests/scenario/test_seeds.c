/* SPDX-License-Identifier: MIT */
/* Random worlds: the same seed is the same run, and no seed breaks a claim. */
#include "scenario.h"

#include <string.h>

#define SEEDS   20
#define NODES   8
#define MINUTES 3

/* Runs a seed; false, told on stderr, when a checker failed. */
static bool run_seed(struct sim_options options, struct sim_workload workload,
                     char out_hash[static SIM_TRACE_TEXT_SIZE])
{
    assert_true(sodium_init() >= 0);
    struct sim_world *world = sim_world_new(&options);
    sim_workload_run(world, &workload);
    sim_trace_hash(&world->trace, out_hash);
    const bool is_ok = !world->failure.is_set;
    if (!is_ok)
        print_error("seed %llu: %s: %s\n", (unsigned long long)options.seed,
                    world->failure.checker, world->failure.text);
    return sim_world_free(world) && is_ok;
}

static struct sim_options options_of(uint64_t seed)
{
    return (struct sim_options){.seed = seed,
                                .delay_min = KITH_MS,
                                .delay_max = 80 * KITH_MS,
                                .commit_max = 5 * KITH_MS};
}

static struct sim_workload workload_of(uint32_t nodes, unsigned minutes)
{
    struct sim_workload workload = sim_workload_default();
    workload.host_count = nodes;
    workload.duration = minutes * KITH_MINUTE;
    return workload;
}

static void one_seed_is_one_run(void **state)
{
    char first[SIM_TRACE_TEXT_SIZE], again[SIM_TRACE_TEXT_SIZE],
        other[SIM_TRACE_TEXT_SIZE];
    assert_true(run_seed(options_of(11), workload_of(5, 1), first));
    assert_true(run_seed(options_of(11), workload_of(5, 1), again));
    assert_true(run_seed(options_of(12), workload_of(5, 1), other));
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
}

static void no_seed_breaks_a_claim(void **state)
{
    char hash[SIM_TRACE_TEXT_SIZE];
    unsigned failed = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        failed += !run_seed(options_of(seed), workload_of(NODES, MINUTES), hash);
    assert_int_equal(failed, 0);
}

static void no_seed_breaks_a_claim_with_real_keys(void **state)
{
    char hash[SIM_TRACE_TEXT_SIZE];
    struct sim_options options = options_of(101);
    options.has_real_crypto = true;
    assert_true(run_seed(options, workload_of(5, 1), hash));
}

/* `count` nodes in a line: what the first says the last is shown, and back. */
static void check_chain(uint32_t count, bool is_ring)
{
    struct sim_world *world = scenario_new_with((struct sim_options){.seed = count});
    for (uint32_t no = 1; no <= count; no++)
        scenario_start(world, NULL, no - 1);
    if (is_ring)
        sim_host_keep_dialling(world, 1, count);
    for (uint32_t no = 2; no <= count; no++)
        await_linked(world, no - 1, no, 10);
    const uint32_t there = say(world, 1, 0, "there");
    await_shown(world, count, there, 60);
    const uint32_t back = say(world, count, 0, "and back again");
    await_shown(world, 1, back, 60);
    scenario_end(world);
}

static void two_hundred_nodes_in_a_line_hear_one_another(void **state)
{
    check_chain(200, false);
}

static void fifty_nodes_in_a_ring_hear_one_another(void **state)
{
    check_chain(50, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_is_one_run),
        cmocka_unit_test(no_seed_breaks_a_claim),
        cmocka_unit_test(no_seed_breaks_a_claim_with_real_keys),
        cmocka_unit_test(two_hundred_nodes_in_a_line_hear_one_another),
        cmocka_unit_test(fifty_nodes_in_a_ring_hear_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
