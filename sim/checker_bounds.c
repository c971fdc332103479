/* SPDX-License-Identifier: MIT */
/* Memory and queues stay bounded, however slow the other side. */
#include "checker.h"

#include "core/limits.h"
#include "proto/event.h"
#include "world.h"
#include <inttypes.h>
#include <stdio.h>

/* A node with as many links as there are nodes, in the middle of a fetch, each at the
 * brim of its queue: twice what was ever seen. */
#define HEAP_SIZE_BUSY_MAX ((size_t)64 * 1024 * 1024)
/* One that is at rest: what it knows of peers, rooms and logs. */
#define HEAP_SIZE_REST_MAX ((size_t)4 * 1024 * 1024)
/* One flow at its sender: what was loaded, and a run, go on it just below the brim. */
#define QUEUE_SIZE_MAX (KITH_QUEUE_HIGH + KITH_LOAD_SIZE + KITH_RUN_SIZE_MAX)

static void on_step(struct sim_world *world, struct sim_host *host)
{
    if (host->heap.size > HEAP_SIZE_BUSY_MAX)
        sim_world_fail(world, "bounds", "host %" PRIu32 " has %zu bytes allocated",
                       host->no, host->heap.size);
    if (world->wire.waiting_size_max > QUEUE_SIZE_MAX)
        sim_world_fail(world, "bounds", "host %" PRIu32 " queued %zu bytes on one link",
                       host->no, world->wire.waiting_size_max);
}

static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        const struct sim_host *host = world->hosts[no];
        if (host->node != NULL && host->heap.size > HEAP_SIZE_REST_MAX) {
            snprintf(why, SIM_WHY_SIZE,
                     "host %" PRIu32 " has %zu bytes allocated while at rest", no,
                     host->heap.size);
            return false;
        }
    }
    return true;
}

const struct sim_checker sim_checker_bounds = {
    .name = "bounds",
    .claim = "memory and send queues stay within their limits",
    .step = on_step,
    .settled = settled,
};
