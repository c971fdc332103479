/* SPDX-License-Identifier: MIT */
/* Random worlds: the same seed is the same run, and no seed breaks a claim. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS      20
#define REAL_SEEDS 3
#define NODES      8
#define MINUTES    3

/* Worlds that once broke a claim, up to the act with which they did. Each fault that was
 * added since makes another world of the same seed: what these once showed has tests of
 * its own, and they go on as worlds like others. */
struct kept {
    uint64_t seed;
    uint64_t acts;
    unsigned minutes;
    double forks; /* a minute */
};
static const struct kept kept_seeds[] = {
    {17, 34, 10, 0}, /* a run stored twice, behind a branch that nothing came of */
    {22, 91, 10, 0},
    {30, 51, 10, 0},
    {18, 484, 5, 0.3}, /* the shorter history of a fork that stayed unknown */
    {76, 400, 5, 0.3},
    {3, 108, 10, 0.3},     /* a branch stored while its run was compared a second time */
    {145, 68, 10, 0.3},    /* a rename that a power cut took back, and a HELLO had told */
    {122, 183, 10, 0.3},   /* a forked run that reached further than ours was dropped */
    {137, 413, 10, 0.3},   /* the places of forgotten rumours were kept, on each link */
    {1946, 1158, 10, 0.3}, /* a branch that a full disk refused kept it out for good */
    {117, 1027, 10, 0.3},  /* a history that leaves a branch longer than the first */
};

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

/* As kith-sim has them by default. */
static struct sim_options options_of(uint64_t seed)
{
    return (struct sim_options){.seed = seed,
                                .loss_percent = 1,
                                .delay_min = KITH_MS,
                                .delay_max = 80 * KITH_MS,
                                .commit_max = 5 * KITH_MS,
                                .exchange = SIM_EXCHANGE_ANY};
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

static void no_seed_that_broke_a_claim_does_so_again(void **state)
{
    char hash[SIM_TRACE_TEXT_SIZE];
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof(kept_seeds) / sizeof(kept_seeds[0]); i++) {
        const struct kept *kept = &kept_seeds[i];
        struct sim_workload workload = workload_of(20, kept->minutes);
        workload.acts_max = kept->acts;
        *sim_workload_rate(&workload, "forks") = kept->forks;
        failed += !run_seed(options_of(kept->seed), workload, hash);
    }
    assert_int_equal(failed, 0);
}

static void no_seed_breaks_a_claim_with_real_keys(void **state)
{
    char hash[SIM_TRACE_TEXT_SIZE];
    for (uint64_t seed = 101; seed < 101 + REAL_SEEDS; seed++) {
        struct sim_options options = options_of(seed);
        options.has_real_crypto = true;
        assert_true(run_seed(options, workload_of(5, 1), hash));
    }
}

/* The trace of a world that heals after so many acts, up to where it does. */
static char *trace_of(uint64_t acts, size_t *size)
{
    char *trace = NULL, hash[SIM_TRACE_TEXT_SIZE];
    FILE *out = open_memstream(&trace, size);
    assert_non_null(out);
    struct sim_options options = options_of(21);
    options.trace_out = out;
    struct sim_workload workload = workload_of(5, 1);
    workload.acts_max = acts;
    assert_true(run_seed(options, workload, hash));
    fclose(out);
    const char *heal = strstr(trace, "x heal");
    assert_non_null(heal);
    while (heal > trace && heal[-1] != '\n')
        heal--;
    *size = (size_t)(heal - trace);
    return trace;
}

/* So the shortest prefix that fails can be sought. */
static void a_world_cut_short_is_the_same_up_to_there(void **state)
{
    size_t size = 0, size_cut = 0;
    char *whole = trace_of(UINT64_MAX, &size);
    char *cut = trace_of(20, &size_cut);
    assert_true(size_cut > 0 && size_cut < size);
    assert_memory_equal(whole, cut, size_cut);
    free(whole);
    free(cut);
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
        cmocka_unit_test(no_seed_that_broke_a_claim_does_so_again),
        cmocka_unit_test(a_world_cut_short_is_the_same_up_to_there),
        cmocka_unit_test(no_seed_breaks_a_claim_with_real_keys),
        cmocka_unit_test(two_hundred_nodes_in_a_line_hear_one_another),
        cmocka_unit_test(fifty_nodes_in_a_ring_hear_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
