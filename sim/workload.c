/* SPDX-License-Identifier: MIT */
#include "workload.h"

#include "checker.h"
#include "liar.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

#define START_MAX      (5 * KITH_SECOND)
#define START_LATE_MAX (KITH_MINUTE) /* some come late */
#define HEAL_MAX       (10 * KITH_MINUTE)
#define HEAL_ASK       (500 * KITH_MS)
#define REST           (30 * KITH_SECOND) /* settled must stay settled */

static const char *const topology_names[] = {"any",  "line", "ring",
                                             "star", "tree", "full"};

const char *sim_topology_name(enum sim_topology topology)
{
    return topology_names[topology];
}

struct sim_workload sim_workload_default(void)
{
    struct sim_workload workload = {.host_count = 20,
                                    .duration = 10 * KITH_MINUTE,
                                    .skew_max = 10 * KITH_MINUTE,
                                    .liar_count = 2,
                                    .flooder_count = 1,
                                    .acts_max = UINT64_MAX};
    for (size_t i = 0; i < sim_habit_count; i++)
        workload.rates[i] = sim_habits[i]->per_minute;
    return workload;
}

double *sim_workload_rate(struct sim_workload *workload, const char *habit)
{
    for (size_t i = 0; i < sim_habit_count; i++)
        if (strcmp(sim_habits[i]->name, habit) == 0)
            return &workload->rates[i];
    abort();
}

uint64_t sim_workload_fault_count(const struct sim_workload *workload)
{
    uint64_t count = 0;
    for (size_t i = 0; i < sim_habit_count; i++)
        if (!sim_habits[i]->is_load)
            count += workload->done[i];
    return count;
}

/* ---- what comes again and again ---- */

/* event: a = which habit */
static void run_habit(struct sim_world *world, const struct sim_event *event);

static void habit_again(struct sim_world *world, uint64_t index)
{
    const struct sim_workload *workload = world->workload;
    const double rate = workload->rates[index] *
                        (sim_habits[index]->is_per_host ? workload->host_count : 1);
    const kith_time wait = sim_rng_wait(&world->rng, rate);
    if (wait != KITH_TIME_NEVER && world->now + wait <= workload->duration)
        sim_world_put(world, wait, (struct sim_event){.run = run_habit, .a = index});
}

static void run_habit(struct sim_world *world, const struct sim_event *event)
{
    struct sim_workload *workload = world->workload;
    if (workload->is_over)
        return;
    if (workload->act_count == workload->acts_max) {
        workload->is_over = true;
        return;
    }
    const struct sim_habit *habit = sim_habits[event->a];
    workload->act_count++;
    if (workload->progress != NULL)
        *workload->progress = workload->act_count;
    workload->done[event->a] += habit->act(world);
    habit_again(world, event->a);
}

/* ---- the phases ---- */

static void build_topology(struct sim_world *world, struct sim_workload *workload)
{
    const uint32_t count = workload->host_count;
    if (workload->topology == SIM_TOPOLOGY_ANY)
        workload->topology = 1 + sim_rng_below(&world->rng, count <= 8 ? 5 : 4);
    for (uint32_t no = 2; no <= count; no++) {
        switch (workload->topology) {
        case SIM_TOPOLOGY_ANY:
        case SIM_TOPOLOGY_LINE:
        case SIM_TOPOLOGY_RING:
            sim_habit_acquaint(world, no - 1, no);
            break;
        case SIM_TOPOLOGY_STAR:
            sim_habit_acquaint(world, 1, no);
            break;
        case SIM_TOPOLOGY_TREE:
            sim_habit_acquaint(world, 1 + (uint32_t)sim_rng_below(&world->rng, no - 1),
                               no);
            break;
        case SIM_TOPOLOGY_FULL:
            for (uint32_t other = 1; other < no; other++)
                sim_habit_acquaint(world, other, no);
            break;
        }
    }
    if (workload->topology == SIM_TOPOLOGY_RING && count > 2)
        sim_habit_acquaint(world, count, 1);
    for (uint32_t i = 0; workload->topology == SIM_TOPOLOGY_TREE && i < count / 3; i++) {
        const uint32_t host = sim_habit_host(world, 0);
        sim_habit_acquaint(world, host, sim_habit_host(world, host));
    }
}

static void build(struct sim_world *world, struct sim_workload *workload)
{
    if (world->wire.delay == SIM_DELAY_ANY)
        world->wire.delay = 1 + sim_rng_below(&world->rng, SIM_DELAY_PARETO);
    for (uint32_t i = 0; i < workload->host_count; i++) {
        const uint32_t host = sim_host_add(world, NULL);
        sim_habit_skew(world, host);
        const kith_time start_max =
            sim_rng_chance(&world->rng, 15) ? START_LATE_MAX : START_MAX;
        sim_host_start_later(world, host, sim_rng_time(&world->rng, 0, start_max));
    }
    build_topology(world, workload);
    for (uint32_t i = 0; i < workload->liar_count + workload->flooder_count; i++)
        sim_liar_add(world, i >= workload->liar_count);
    for (size_t i = 0; i < sim_habit_count; i++)
        habit_again(world, i);
}

/* Direct messages need a direct way: whoever said one goes there himself. */
static void lead_together(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->ledger.count; no++) {
        const struct sim_text *text = sim_ledger_text(&world->ledger, no);
        if (!sim_text_is_direct(text))
            continue;
        const struct sim_host *from = sim_host_present(world, text->author);
        const struct sim_host *to = sim_host_present(world, text->to);
        if (from == NULL || to == NULL || sim_wire_conn(world, from->no, to->no) != NULL)
            continue;
        sim_host_configure(world, from->no, to->no);
        sim_host_keep_dialling(world, from->no, to->no);
    }
}

static void heal(struct sim_world *world)
{
    sim_world_say(world, 0, "x heal");
    world->workload->is_over = true;
    sim_habit_unite(world);
    sim_habit_end_copies(world);
    for (uint32_t a = 1; a <= world->host_count; a++) {
        struct sim_host *host = sim_world_host(world, a);
        host->disk_full_until = host->disk_broken_until = host->disk_slow_until = 0;
        host->crash.points = 0;
        for (uint32_t b = a + 1; b <= world->host_count; b++)
            sim_wire_block(world, a, b, false, false);
    }
    for (size_t i = 0; i < world->wire.live_count; i++)
        sim_wire_set_rate(world, world->wire.live[i], 0);
    for (uint32_t no = 1; no <= world->host_count; no++)
        sim_host_start(world, no);
    lead_together(world);
}

/* A node that stops when healing begins comes back only now. What was said in a room is
 * to be held by all in the end, its author and whoever passes it on among them. */
static void revive(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        sim_host_start(world, no);
        if (!sim_host_is_in(sim_world_host(world, no), SIM_HABIT_ROOM))
            sim_host_join(world, no, SIM_HABIT_ROOM);
    }
}

/* False when ten minutes do not suffice. */
static bool wait_settled(struct sim_world *world)
{
    const kith_time begun = world->now;
    char why[SIM_WHY_SIZE] = "";
    while (sim_world_run(world, HEAL_ASK)) {
        revive(world);
        const struct sim_checker *unsettled = sim_check_settled(world, why);
        if (unsettled == NULL)
            return true;
        if (world->now - begun >= HEAL_MAX)
            sim_world_fail(world, unsettled->name, "ten minutes after healing %s", why);
    }
    return false;
}

static void settle(struct sim_world *world, struct sim_workload *workload)
{
    const kith_time begun = world->now;
    if (!wait_settled(world))
        return;
    workload->settled_after = world->now - begun;
    if (!sim_world_run(world, REST))
        return;
    workload->is_truthful = true;
    if (!wait_settled(world) || !sim_world_run(world, REST))
        return;
    char why[SIM_WHY_SIZE] = "";
    const struct sim_checker *unsettled = sim_check_settled(world, why);
    if (unsettled != NULL)
        sim_world_fail(world, unsettled->name, "after all had settled %s", why);
}

static bool is_over(void *ctx, struct sim_world *world)
{
    return world->workload->is_over;
}

bool sim_workload_run(struct sim_world *world, struct sim_workload *workload)
{
    world->workload = workload;
    build(world, workload);
    sim_world_run_until(world, workload->duration, is_over, NULL);
    if (!world->failure.is_set) {
        heal(world);
        settle(world, workload);
    }
    world->workload = NULL;
    return !world->failure.is_set;
}
