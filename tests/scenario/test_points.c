/* SPDX-License-Identifier: MIT */
/* A process dies at every point in turn where something is stored or sent: after each
 * death all must come to the same end. */
#include "scenario.h"

#define DOWN         (300 * KITH_MS)
#define POINTS_LEAST 60 /* fewer, and this run does not store and send what it should */

struct play {
    uint32_t alice;
    uint32_t bob;
};

/* Alice and Bob meet and talk, in both rooms that they share, whoever is up. */
static void talk(struct sim_world *world, const struct play *play)
{
    run_seconds(world, 1);
    for (int i = 0; i < 3; i++) {
        sim_host_say(world, play->alice, 0, "to all, from Alice");
        sim_host_say(world, play->bob, play->alice, "from Bob");
        run_seconds(world, 0.02);
        sim_host_say(world, play->alice, play->bob, "from Alice");
        sim_host_say(world, play->bob, 0, "to all, from Bob");
        run_seconds(world, 0.3);
    }
    sim_host_rename(world, play->alice, "Alicia");
    run_seconds(world, 1);
}

/* Alice or Bob dies at point `no` of all that it passes. False when it passes fewer. */
static bool die_at(uint64_t no, bool is_alice, uint64_t seed)
{
    struct sim_world *world = scenario_new_with((struct sim_options){.seed = seed});
    const struct play play = {.alice = sim_host_add(world, "Alice"),
                              .bob = sim_host_add(world, "Bob")};
    const uint32_t victim = is_alice ? play.alice : play.bob;
    sim_host_configure(world, play.bob, play.alice);
    sim_host_crash_at(world, victim, SIM_POINT_ANY, no, DOWN);
    sim_host_start(world, play.alice);
    sim_host_start(world, play.bob);
    talk(world, &play);
    const bool has_died = sim_world_host(world, victim)->crash.points == 0;
    sim_world_host(world, victim)->crash.points = 0;
    scenario_end(world);
    return has_died;
}

static void check_every_point(bool is_alice)
{
    uint64_t no = 0;
    while (die_at(no, is_alice, 1 + no))
        no++;
    assert_in_range(no, POINTS_LEAST, 10 * POINTS_LEAST);
}

static void who_listens_may_die_at_any_point(void **state)
{
    check_every_point(true);
}

static void who_dials_may_die_at_any_point(void **state)
{
    check_every_point(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_listens_may_die_at_any_point),
        cmocka_unit_test(who_dials_may_die_at_any_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
