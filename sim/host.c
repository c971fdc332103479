/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "liar.h"
#include "workload.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WALL_EPOCH (INT64_C(1700000000) * KITH_SECOND) /* worlds begin here */
#define STOP_AFTER (300 * KITH_MS)

static struct sim_host *host_new(struct sim_world *world, const char *name)
{
    struct sim_host *host = sim_zeroed(sizeof(*host));
    host->no = ++world->host_count;
    world->hosts =
        sim_grown(world->hosts, &world->host_capacity, host->no, sizeof(*world->hosts));
    world->hosts[host->no] = host;
    if (name != NULL)
        snprintf(host->name.text, sizeof(host->name.text), "%s", name);
    else
        snprintf(host->name.text, sizeof(host->name.text), "host %" PRIu32, host->no);
    host->wall_base = WALL_EPOCH;
    host->mono_base = sim_rng_time(&world->rng, KITH_SECOND, 1000 * KITH_HOUR);
    host->timer_at = KITH_TIME_NEVER;
    memset(host->network_key, 0x17, sizeof(host->network_key));
    const struct kith_rng source = sim_rng_source(&world->rng);
    kith_rng_fill(&source, host->marker, sizeof(host->marker));
    return host;
}

uint32_t sim_host_add(struct sim_world *world, const char *name)
{
    struct sim_host *host = host_new(world, name);
    sim_identity_init(&host->identity, &world->rng, world->options.has_real_crypto);
    sim_disk_init(&host->disk, &host->identity.id);
    if (kith_map_put(&world->by_id, host->identity.id.bytes, host) != 0)
        abort();
    return host->no;
}

uint32_t sim_host_add_copy(struct sim_world *world, uint32_t of)
{
    struct sim_host *from = sim_world_host(world, of);
    struct sim_host *host = host_new(world, from->name.text);
    host->identity = from->identity;
    host->is_copy = from->is_copy = true;
    sim_disk_init(&host->disk, &host->identity.id);
    const int error = sim_disk_copy(&host->disk, &from->disk);
    if (error != 0)
        sim_world_fail(world, "copy", "copying a home: %s", kith_error_text(error));
    return host->no;
}

void sim_host_free(struct sim_host *host)
{
    sim_host_end(host);
    sim_host_forget_snapshot(host);
    sim_liar_free(host->liar);
    sim_disk_deinit(&host->disk);
    free(host->logs_lost);
    free(host->links);
    free(host->loads);
    free(host->shown);
    free(host->committed_in);
    free(host->shown_logs);
    free(host->notices);
    free(host);
}

bool sim_host_is_configured(const struct sim_host *host, uint32_t peer)
{
    for (size_t i = 0; i < host->peer_count; i++)
        if (host->peers[i] == peer)
            return true;
    return false;
}

void sim_host_configure(struct sim_world *world, uint32_t host_no, uint32_t peer)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (!sim_host_is_configured(host, peer) && host->peer_count < SIM_PEERS_MAX)
        host->peers[host->peer_count++] = peer;
}

struct sim_host *sim_host_present(const struct sim_world *world, uint32_t host_no)
{
    struct sim_host *host = sim_world_host(world, host_no);
    for (uint32_t no = 1; no <= world->host_count && host->has_left; no++)
        if (!world->hosts[no]->has_left && sim_host_is_same(world, no, host_no))
            host = world->hosts[no];
    return host->has_left ? NULL : host;
}

bool sim_host_is_same(const struct sim_world *world, uint32_t a, uint32_t b)
{
    return a == b || kith_id_equal(&sim_world_host(world, a)->identity.id,
                                   &sim_world_host(world, b)->identity.id);
}
