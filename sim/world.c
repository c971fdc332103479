/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "checker.h"
#include "memory.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_MIN_DEFAULT  (1 * KITH_MS)
#define DELAY_MAX_DEFAULT  (5 * KITH_MS)
#define COMMIT_MAX_DEFAULT (2 * KITH_MS)

struct sim_world *sim_world_new(const struct sim_options *options)
{
    struct sim_world *world = sim_zeroed(sizeof(*world));
    world->options = *options;
    if (world->options.delay_max == 0) {
        world->options.delay_min = DELAY_MIN_DEFAULT;
        world->options.delay_max = DELAY_MAX_DEFAULT;
    }
    if (world->options.commit_max == 0)
        world->options.commit_max = COMMIT_MAX_DEFAULT;
    sim_rng_init(&world->rng, options->seed);
    sim_trace_init(&world->trace, options->trace_out);
    static const uint8_t hash_key[16] = {0}; /* nobody floods this map */
    kith_map_init(&world->by_id, &kith_alloc_heap, hash_key, KITH_ID_SIZE);
    world->wire.delay_min = world->options.delay_min;
    world->wire.delay_max = world->options.delay_max;
    world->wire.rate = options->rate;
    world->wire.is_lan = options->is_lan;
    world->wire.delay = options->delay;
    world->wire.loss_percent = options->loss_percent;
    world->wire.has_addresses =
        options->exchange == SIM_EXCHANGE_ON ||
        (options->exchange == SIM_EXCHANGE_ANY && sim_rng_chance(&world->rng, 25));
    world->wire.groups = sim_zeroed(SIM_HOSTS_MAX);
    world->wire.blocked = sim_zeroed((size_t)SIM_HOSTS_MAX * SIM_HOSTS_MAX);
    return world;
}

bool sim_world_free(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        if (world->hosts[no]->node != NULL)
            sim_host_crash(world, no, false);
    }
    const bool is_clean =
        !world->failure.is_set || strcmp(world->failure.checker, "memory") != 0;
    sim_wire_deinit(&world->wire);
    sim_queue_deinit(&world->queue);
    for (uint32_t no = 1; no <= world->host_count; no++)
        sim_host_free(world->hosts[no]);
    free(world->hosts);
    kith_map_deinit(&world->by_id);
    sim_ledger_deinit(&world->ledger);
    free(world);
    return is_clean;
}

void sim_world_put(struct sim_world *world, kith_time after, struct sim_event event)
{
    event.at = world->now + after;
    sim_queue_put(&world->queue, &event);
}

static void run_event(struct sim_world *world, const struct sim_event *event)
{
    const struct sim_host *host = sim_world_host(world, event->host);
    if (event->generation != 0 &&
        (!sim_host_is_up(host) || host->generation != event->generation))
        return;
    event->run(world, event);
}

bool sim_world_run_until(struct sim_world *world, kith_time limit, sim_condition *is_done,
                         void *ctx)
{
    const kith_time end = world->now + limit;
    bool has_met = is_done != NULL && is_done(ctx, world);
    while (!has_met && !world->failure.is_set && sim_queue_next(&world->queue) <= end) {
        struct sim_event event;
        if (!sim_queue_take(&world->queue, &event))
            break;
        world->now = event.at;
        run_event(world, &event);
        free(event.owned);
        has_met = is_done != NULL && is_done(ctx, world);
    }
    if (world->failure.is_set)
        return false;
    if (!has_met)
        world->now = end;
    return has_met;
}

bool sim_world_run(struct sim_world *world, kith_time duration)
{
    sim_world_run_until(world, duration, NULL, NULL);
    return !world->failure.is_set;
}

void sim_world_fail(struct sim_world *world, const char *checker, const char *format, ...)
{
    if (world->failure.is_set)
        return;
    world->failure =
        (struct sim_failure){.is_set = true, .checker = checker, .at = world->now};
    va_list args;
    va_start(args, format);
    vsnprintf(world->failure.text, sizeof(world->failure.text), format, args);
    va_end(args);
    sim_world_say(world, 0, "FAILED %s: %s", checker, world->failure.text);
}

struct sim_host *sim_world_host(const struct sim_world *world, uint32_t no)
{
    return no == 0 || no > world->host_count ? NULL : world->hosts[no];
}

struct sim_host *sim_world_host_of(const struct sim_world *world,
                                   const struct kith_id *id)
{
    return kith_map_get(&world->by_id, id->bytes);
}
