/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation of a talk, one after the other, with either of two:
 * the process ends or goes on, another one takes its place, and nothing is lost. */
#include "scenario.h"

#define ROOM_OF_OWN 1
#define COUNT_MAX   1000

/* Whose allocations fail, and those of which of its processes. */
struct victim {
    uint32_t host;
    uint32_t generation;
};

static void start(struct sim_world *world, uint32_t host, const struct victim *victim,
                  size_t fail_in)
{
    if (victim->host == host &&
        victim->generation == sim_world_host(world, host)->generation + 1)
        sim_host_run_short(world, host, fail_in);
    sim_host_start(world, host);
}

static bool is_running(struct sim_world *world, uint32_t host)
{
    return sim_world_host(world, host)->node != NULL;
}

/* Both say things in the lobby, in a room and to each other, one takes another name, is
 * away, and hears what he missed. */
static void talk(struct sim_world *world, uint32_t alice, uint32_t bob,
                 const struct victim *victim, size_t fail_in)
{
    sim_host_configure(world, bob, alice);
    start(world, alice, victim, fail_in);
    start(world, bob, victim, fail_in);
    run_seconds(world, 5);
    sim_host_say(world, alice, 0, "hello all");
    sim_host_say(world, bob, alice, "hello Alice");
    sim_host_join(world, alice, ROOM_OF_OWN);
    sim_host_join(world, bob, ROOM_OF_OWN);
    run_seconds(world, 2);
    if (is_running(world, bob))
        sim_host_rename(world, bob, "Robert");
    sim_host_say(world, bob, 0, "call me Robert");
    run_seconds(world, 2);
    if (is_running(world, bob))
        sim_host_stop(world, bob);
    run_seconds(world, 2);
    for (int i = 0; i < 3; i++)
        sim_host_say(world, alice, i == 0 ? bob : 0, "while you were away");
    run_seconds(world, 2);
    start(world, bob, victim, fail_in);
    run_seconds(world, 5);
    sim_host_say(world, bob, alice, "I am back");
    run_seconds(world, 2);
    start(world, alice, victim, fail_in);
    start(world, bob, victim, fail_in);
}

static void every_allocation_fails(struct victim victim)
{
    size_t ends = 0, n = 0;
    bool is_over = false;
    while (!is_over) {
        assert_true(++n < COUNT_MAX);
        struct sim_world *world = scenario_new_with((struct sim_options){.seed = 1});
        const uint32_t alice = sim_host_add(world, "Alice");
        const uint32_t bob = sim_host_add(world, "Bob");
        talk(world, alice, bob, &victim, n);
        struct sim_host *host = sim_world_host(world, victim.host);
        ends += host->generation > (victim.host == bob ? 2 : 1);
        is_over = !host->has_run_short && !host->heap.has_failed;
        host->heap.fail_in = 0;
        scenario_end(world);
    }
    print_message("%zu allocations, %zu ended the process\n", n - 1, ends);
    assert_true(ends > 20);
}

static void of_one_who_is_dialled(void **state)
{
    every_allocation_fails((struct victim){.host = 1, .generation = 1});
}

static void of_one_who_dials(void **state)
{
    every_allocation_fails((struct victim){.host = 2, .generation = 1});
}

static void of_one_who_comes_back(void **state)
{
    every_allocation_fails((struct victim){.host = 2, .generation = 2});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_one_who_is_dialled),
        cmocka_unit_test(of_one_who_dials),
        cmocka_unit_test(of_one_who_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
