/* SPDX-License-Identifier: MIT */
/* What people do: talk, take other names, join rooms and leave them. */
#include "habit.h"
#include "workload.h"
#include <inttypes.h>
#include <string.h>

#define TEXT_SMALL_MAX  80
#define TEXT_MIDDLE_MAX 4096
#define TEXT_BIG_MAX    (KITH_TEXT_SIZE_MAX - 16) /* the number comes in front */
#define BURST_MAX       32
#define POUR_TEXT       (TEXT_BIG_MAX - 1024)
#define POUR_RUN        4 /* texts of a run: a quarter of a MiB */
#define POUR_RUNS_MAX   48

static size_t text_size(struct sim_world *world)
{
    if (sim_rng_chance(&world->rng, 1))
        return sim_rng_below(&world->rng, TEXT_BIG_MAX);
    if (sim_rng_chance(&world->rng, 5))
        return sim_rng_below(&world->rng, TEXT_MIDDLE_MAX);
    return sim_rng_below(&world->rng, TEXT_SMALL_MAX);
}

/* Direct messages go mostly to those that are linked just now: to the others they are on
 * their way only once all has healed. */
static uint32_t any_room(struct sim_world *world, uint32_t from)
{
    if (sim_rng_chance(&world->rng, 30)) {
        const uint32_t partner =
            sim_rng_chance(&world->rng, 70) ? sim_habit_partner(world, from) : 0;
        /* the lobby when there is no other */
        return partner != 0 && !sim_host_is_same(world, from, partner)
                   ? partner
                   : sim_habit_host(world, from);
    }
    return sim_rng_chance(&world->rng, 30) ? SIM_HABIT_ROOM : 0;
}

static bool say(struct sim_world *world)
{
    uint8_t letters[KITH_TEXT_SIZE_MAX];
    memset(letters, 'a' + (int)sim_rng_below(&world->rng, 26), sizeof(letters));
    const uint32_t from = sim_habit_host(world, 0);
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
    return true;
}

/* A file's worth at once, more than queues take, on links of which one may be slow, or
 * lead to a slow disk. */
static bool pour(struct sim_world *world)
{
    static uint8_t letters[POUR_TEXT];
    memset(letters, 'a' + (int)sim_rng_below(&world->rng, 26), sizeof(letters));
    const uint32_t from = sim_habit_host(world, 0);
    const uint32_t to = any_room(world, from);
    if (sim_world_host(world, from)->node == NULL)
        return false;
    const uint32_t partner = sim_habit_partner(world, from);
    if (partner != 0 && sim_rng_chance(&world->rng, 50))
        sim_habit_slow_disk(world, partner);
    else
        sim_habit_slow_links.act(world);
    struct kith_bytes tails[POUR_RUN];
    for (size_t i = 0; i < POUR_RUN; i++)
        tails[i] = kith_bytes(letters, sizeof(letters));
    for (uint64_t runs = 1 + sim_rng_below(&world->rng, POUR_RUNS_MAX); runs > 0; runs--)
        sim_host_say_many(world, from, to, tails, POUR_RUN);
    return true;
}

static bool take_name(struct sim_world *world)
{
    char name[32];
    snprintf(name, sizeof(name), "name %" PRIu64, sim_rng_below(&world->rng, 1000));
    const uint32_t host = sim_habit_host(world, 0);
    if (sim_world_host(world, host)->node == NULL)
        return false;
    sim_host_rename(world, host, name);
    return true;
}

static bool join(struct sim_world *world)
{
    const uint32_t host = sim_habit_host(world, 0);
    if (sim_rng_chance(&world->rng, 60))
        sim_host_join(world, host, SIM_HABIT_ROOM);
    else
        sim_host_leave(world, host, SIM_HABIT_ROOM);
    return true;
}

const struct sim_habit sim_habit_says = {
    .name = "says",
    .help = "messages a minute and node",
    .per_minute = 4,
    .is_per_host = true,
    .is_load = true,
    .act = say,
};

const struct sim_habit sim_habit_pours = {
    .name = "pours",
    .help = "up to 12 MiB that one says at once",
    .per_minute = 0.04,
    .is_load = true,
    .act = pour,
};

const struct sim_habit sim_habit_renames = {
    .name = "renames",
    .help = "nodes that take another name",
    .per_minute = 1,
    .is_load = true,
    .act = take_name,
};

const struct sim_habit sim_habit_joins = {
    .name = "joins",
    .help = "nodes that join or leave a room",
    .per_minute = 6,
    .is_load = true,
    .act = join,
};
