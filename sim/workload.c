/* SPDX-License-Identifier: MIT */
#include "workload.h"

#include "checker.h"
#include <inttypes.h>
#include <string.h>

#define START_MAX       (5 * KITH_SECOND)
#define START_LATE_MAX  (KITH_MINUTE) /* some come late */
#define DOWN_MAX        (30 * KITH_SECOND)
#define STALL_MAX       (20 * KITH_SECOND)
#define BLOCK_MAX       (60 * KITH_SECOND)
#define UNSYNCED_MAX    (15 * KITH_SECOND) /* what a power cut may take back */
#define DISK_FULL_MAX   (10 * KITH_SECOND)
#define CUT_NOTICE_MAX  (3 * KITH_SECOND)
#define HEAL_MAX        (10 * KITH_MINUTE)
#define HEAL_ASK        (500 * KITH_MS)
#define REST            (30 * KITH_SECOND) /* settled must stay settled */
#define TEXT_SMALL_MAX  80
#define TEXT_MIDDLE_MAX 4096
#define TEXT_BIG_MAX    (KITH_TEXT_SIZE_MAX - 16) /* the number comes in front */
#define BURST_MAX       32
#define ALLOCATIONS_MAX 300 /* some seconds of a node's */

static const char *const topology_names[] = {"any",  "line", "ring",
                                             "star", "tree", "full"};

const char *sim_topology_name(enum sim_topology topology)
{
    return topology_names[topology];
}

struct sim_workload sim_workload_default(void)
{
    return (struct sim_workload){.host_count = 20,
                                 .duration = 10 * KITH_MINUTE,
                                 .says = 4,
                                 .renames = 1,
                                 .joins = 6,
                                 .cuts = 6,
                                 .stalls = 2,
                                 .blocks = 1,
                                 .crashes = 4,
                                 .shortages = 4,
                                 .power_cuts = 1,
                                 .disk_fulls = 1,
                                 .clock_steps = 1,
                                 .skew_max = 10 * KITH_MINUTE};
}

static uint32_t any_host(struct sim_world *world)
{
    return 1 + (uint32_t)sim_rng_below(&world->rng, world->host_count);
}

static uint32_t other_host(struct sim_world *world, uint32_t than)
{
    const uint32_t host = 1 + (uint32_t)sim_rng_below(&world->rng, world->host_count - 1);
    return host >= than ? host + 1 : host;
}

/* ---- what comes again and again ---- */

typedef void action(struct sim_world *world, struct sim_workload *workload);

struct habit {
    action *act;
    double per_minute;
};

/* event: owned = struct habit */
static void run_habit(struct sim_world *world, const struct sim_event *event);

static void habit_again(struct sim_world *world, const struct habit *habit)
{
    const kith_time wait = sim_rng_wait(&world->rng, habit->per_minute);
    if (wait == KITH_TIME_NEVER || world->now + wait > world->workload->end)
        return;
    sim_world_put(
        world, wait,
        (struct sim_event){.run = run_habit, .owned = sim_copied(habit, sizeof(*habit))});
}

static void run_habit(struct sim_world *world, const struct sim_event *event)
{
    const struct habit *habit = event->owned;
    habit->act(world, world->workload);
    habit_again(world, habit);
}

static size_t text_size(struct sim_world *world)
{
    if (sim_rng_chance(&world->rng, 1))
        return sim_rng_below(&world->rng, TEXT_BIG_MAX);
    if (sim_rng_chance(&world->rng, 5))
        return sim_rng_below(&world->rng, TEXT_MIDDLE_MAX);
    return sim_rng_below(&world->rng, TEXT_SMALL_MAX);
}

/* The only open room besides the lobby: in it are some, and once all heals everybody. */
#define ROOM (SIM_ROOM | 1)

static void act_join(struct sim_world *world, struct sim_workload *workload)
{
    const uint32_t host = any_host(world);
    if (sim_rng_chance(&world->rng, 60))
        sim_host_join(world, host, ROOM);
    else
        sim_host_leave(world, host, ROOM);
}

static uint32_t any_room(struct sim_world *world, uint32_t from)
{
    if (world->host_count > 1 && sim_rng_chance(&world->rng, 30))
        return other_host(world, from);
    return sim_rng_chance(&world->rng, 30) ? ROOM : 0;
}

static void act_say(struct sim_world *world, struct sim_workload *workload)
{
    uint8_t letters[KITH_TEXT_SIZE_MAX];
    memset(letters, 'a' + (int)sim_rng_below(&world->rng, 26), sizeof(letters));
    const uint32_t from = any_host(world);
    const uint32_t to = any_room(world, from);
    struct kith_bytes tails[BURST_MAX];
    const size_t count =
        sim_rng_chance(&world->rng, 10) ? 1 + sim_rng_below(&world->rng, BURST_MAX) : 1;
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        tails[i] = kith_bytes(letters, text_size(world));
        total += tails[i].size;
    }
    if (count == 1 || total < KITH_RUN_SIZE_MAX / 2)
        sim_host_say_many(world, from, to, tails, count);
}

static void act_rename(struct sim_world *world, struct sim_workload *workload)
{
    char name[32];
    snprintf(name, sizeof(name), "name %" PRIu64, sim_rng_below(&world->rng, 1000));
    const uint32_t host = any_host(world);
    if (sim_world_host(world, host)->node != NULL)
        sim_host_rename(world, host, name);
}

static struct sim_conn *any_conn(struct sim_world *world)
{
    for (int tries = 0; tries < 32 && world->wire.conn_count > 0; tries++) {
        struct sim_conn *conn =
            world->wire.conns[1 + sim_rng_below(&world->rng, world->wire.conn_count)];
        if (conn != NULL && !conn->is_cut)
            return conn;
    }
    return NULL;
}

static void act_cut(struct sim_world *world, struct sim_workload *workload)
{
    struct sim_conn *conn = any_conn(world);
    if (conn == NULL)
        return;
    workload->fault_count++;
    sim_wire_cut(world, conn, sim_rng_chance(&world->rng, 25), CUT_NOTICE_MAX);
}

static void act_stall(struct sim_world *world, struct sim_workload *workload)
{
    struct sim_conn *conn = any_conn(world);
    if (conn == NULL)
        return;
    workload->fault_count++;
    sim_wire_stall(world, conn, sim_rng_time(&world->rng, 0, STALL_MAX));
}

/* event: a, b = the two hosts */
static void run_unblock(struct sim_world *world, const struct sim_event *event)
{
    sim_wire_block(world, (uint32_t)event->a, (uint32_t)event->b, false, false);
}

static void act_block(struct sim_world *world, struct sim_workload *workload)
{
    if (world->host_count < 2)
        return;
    const uint32_t a = any_host(world);
    const uint32_t b = other_host(world, a);
    if (sim_wire_is_blocked(world, a, b))
        return;
    workload->fault_count++;
    sim_wire_block(world, a, b, true, sim_rng_chance(&world->rng, 50));
    sim_world_put(world, sim_rng_time(&world->rng, 0, BLOCK_MAX),
                  (struct sim_event){.run = run_unblock, .a = a, .b = b});
}

/* event: a = host */
static void run_start(struct sim_world *world, const struct sim_event *event)
{
    sim_host_start(world, (uint32_t)event->a);
}

static void act_crash(struct sim_world *world, struct sim_workload *workload)
{
    const uint32_t host = any_host(world);
    if (sim_world_host(world, host)->node == NULL)
        return;
    workload->fault_count++;
    if (sim_rng_chance(&world->rng, 20))
        sim_host_stop(world, host);
    else
        sim_host_crash(world, host, sim_rng_chance(&world->rng, 30));
    sim_world_put(world, sim_rng_time(&world->rng, KITH_SECOND / 2, DOWN_MAX),
                  (struct sim_event){.run = run_start, .a = host});
}

static void act_shortage(struct sim_world *world, struct sim_workload *workload)
{
    workload->fault_count++;
    sim_host_run_short(world, any_host(world),
                       1 + sim_rng_below(&world->rng, ALLOCATIONS_MAX));
}

/* event: a = host */
static void run_power_cut(struct sim_world *world, const struct sim_event *event)
{
    if (world->now >= world->workload->end)
        return; /* healing has begun */
    sim_host_power_cut(world, (uint32_t)event->a, false);
    sim_world_put(world, sim_rng_time(&world->rng, KITH_SECOND / 2, DOWN_MAX),
                  (struct sim_event){.run = run_start, .a = event->a});
}

static void act_power_cut(struct sim_world *world, struct sim_workload *workload)
{
    const uint32_t no = any_host(world);
    const struct sim_host *host = sim_world_host(world, no);
    if (host->node == NULL || host->snapshot != NULL || !sim_host_snapshot(world, no))
        return;
    workload->fault_count++;
    sim_world_put(world, sim_rng_time(&world->rng, 0, UNSYNCED_MAX),
                  (struct sim_event){.run = run_power_cut, .a = no});
}

static void act_clock_step(struct sim_world *world, struct sim_workload *workload)
{
    workload->fault_count++;
    const uint32_t host = any_host(world);
    const kith_time step =
        sim_rng_time(&world->rng, -workload->skew_max, workload->skew_max);
    sim_world_say(world, host, "x clock step %" PRId64 " ms", step / KITH_MS);
    sim_world_host(world, host)->wall_base += step;
}

static void act_disk_full(struct sim_world *world, struct sim_workload *workload)
{
    workload->fault_count++;
    const uint32_t host = any_host(world);
    sim_world_say(world, host, "x disk full");
    sim_world_host(world, host)->disk_full_until =
        world->now + sim_rng_time(&world->rng, 0, DISK_FULL_MAX);
}

/* ---- the phases ---- */

/* Who dials is chosen by lot; now and then both do. */
static void join(struct sim_world *world, uint32_t a, uint32_t b)
{
    const uint64_t who = sim_rng_below(&world->rng, 3);
    if (who != 1)
        sim_host_configure(world, a, b);
    if (who != 0)
        sim_host_configure(world, b, a);
}

static void build_topology(struct sim_world *world, struct sim_workload *workload)
{
    const uint32_t count = world->host_count;
    if (workload->topology == SIM_TOPOLOGY_ANY)
        workload->topology = 1 + sim_rng_below(&world->rng, count <= 8 ? 5 : 4);
    for (uint32_t no = 2; no <= count; no++) {
        switch (workload->topology) {
        case SIM_TOPOLOGY_ANY:
        case SIM_TOPOLOGY_LINE:
        case SIM_TOPOLOGY_RING:
            join(world, no - 1, no);
            break;
        case SIM_TOPOLOGY_STAR:
            join(world, 1, no);
            break;
        case SIM_TOPOLOGY_TREE:
            join(world, 1 + (uint32_t)sim_rng_below(&world->rng, no - 1), no);
            break;
        case SIM_TOPOLOGY_FULL:
            for (uint32_t other = 1; other < no; other++)
                join(world, other, no);
            break;
        }
    }
    if (workload->topology == SIM_TOPOLOGY_RING && count > 2)
        join(world, count, 1);
    for (uint32_t i = 0; workload->topology == SIM_TOPOLOGY_TREE && i < count / 3; i++) {
        const uint32_t host = any_host(world);
        join(world, host, other_host(world, host));
    }
}

static void build(struct sim_world *world, struct sim_workload *workload)
{
    for (uint32_t i = 0; i < workload->host_count; i++) {
        const uint32_t host = sim_host_add(world, NULL);
        sim_world_host(world, host)->wall_base +=
            sim_rng_time(&world->rng, -workload->skew_max, workload->skew_max);
        const kith_time start_max =
            sim_rng_chance(&world->rng, 15) ? START_LATE_MAX : START_MAX;
        sim_world_put(world, sim_rng_time(&world->rng, 0, start_max),
                      (struct sim_event){.run = run_start, .a = host});
    }
    build_topology(world, workload);
}

static void begin_habits(struct sim_world *world, const struct sim_workload *workload)
{
    const struct habit habits[] = {
        {act_say, workload->says * workload->host_count},
        {act_rename, workload->renames},
        {act_join, workload->joins},
        {act_cut, workload->cuts},
        {act_stall, workload->stalls},
        {act_block, workload->blocks},
        {act_crash, workload->crashes},
        {act_shortage, workload->shortages},
        {act_power_cut, workload->power_cuts},
        {act_disk_full, workload->disk_fulls},
        {act_clock_step, workload->clock_steps},
    };
    for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
        habit_again(world, &habits[i]);
}

static void heal(struct sim_world *world)
{
    sim_world_say(world, 0, "x heal");
    for (uint32_t a = 1; a <= world->host_count; a++) {
        sim_world_host(world, a)->disk_full_until = 0;
        for (uint32_t b = a + 1; b <= world->host_count; b++)
            sim_wire_block(world, a, b, false, false);
    }
    for (uint32_t no = 1; no <= world->host_count; no++)
        sim_host_start(world, no);
    /* Direct messages need a direct way: whoever said one goes there himself. */
    for (uint32_t no = 1; no <= world->ledger.count; no++) {
        const struct sim_text *text = sim_ledger_text(&world->ledger, no);
        if (sim_text_is_direct(text) &&
            sim_wire_conn(world, text->author, text->to) == NULL) {
            sim_host_configure(world, text->author, text->to);
            sim_host_keep_dialling(world, text->author, text->to);
        }
    }
}

/* A node that stops when healing begins comes back only now. What was said in a room is
 * to be held by all in the end, its author and whoever passes it on among them. */
static void revive(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        sim_host_start(world, no);
        if (!sim_host_is_in(sim_world_host(world, no), ROOM))
            sim_host_join(world, no, ROOM);
    }
}

static void settle(struct sim_world *world, struct sim_workload *workload)
{
    const kith_time begun = world->now;
    char why[SIM_WHY_SIZE] = "";
    const struct sim_checker *unsettled = NULL;
    while (sim_world_run(world, HEAL_ASK)) {
        revive(world);
        unsettled = sim_check_settled(world, why);
        if (unsettled == NULL)
            break;
        if (world->now - begun >= HEAL_MAX) {
            sim_world_fail(world, unsettled->name, "ten minutes after healing %s", why);
            return;
        }
    }
    workload->settled_after = world->now - begun;
    if (!sim_world_run(world, REST))
        return;
    unsettled = sim_check_settled(world, why);
    if (unsettled != NULL)
        sim_world_fail(world, unsettled->name, "after all had settled %s", why);
}

bool sim_workload_run(struct sim_world *world, struct sim_workload *workload)
{
    world->workload = workload;
    workload->end = workload->duration;
    build(world, workload);
    begin_habits(world, workload);
    if (sim_world_run(world, workload->duration)) {
        heal(world);
        settle(world, workload);
    }
    world->workload = NULL;
    return !world->failure.is_set;
}
