/* SPDX-License-Identifier: MIT */
/* The process of a host begins and ends, in all the ways there are. */
#include "host.h"
#include "workload.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STOP_AFTER (300 * KITH_MS)

size_t sim_host_end(struct sim_host *host)
{
    if (host->node == NULL)
        return 0;
    kith_node_free(host->node);
    host->node = NULL;
    free(host->links);
    host->links = NULL;
    host->link_capacity = 0;
    host->load_count = 0;
    host->has_commit = false;
    host->timer_at = KITH_TIME_NEVER;
    if (host->heap.size_peak > host->heap_peak)
        host->heap_peak = host->heap.size_peak;
    host->has_run_short |= host->heap.has_failed;
    sim_disk_rollback(&host->disk);
    return host->heap.count;
}

void sim_host_forget_snapshot(struct sim_host *host)
{
    if (host->snapshot != NULL)
        sim_disk_deinit(host->snapshot);
    free(host->snapshot);
    host->snapshot = NULL;
}

static int restore_record(void *ctx, const struct kith_record *record)
{
    return kith_node_restore(ctx, record);
}

static int node_begin(struct sim_host *host)
{
    struct kith_node_config config = {.alloc = &host->heap.alloc,
                                      .rng = sim_rng_source(&host->rng),
                                      .signer = sim_identity_signer(&host->identity),
                                      .id = host->identity.id,
                                      .name_default = host->name};
    if (host->generation == 1 && !host->is_copy)
        config.name = host->name; /* later on the home knows it */
    memcpy(config.network_key, host->network_key, sizeof(config.network_key));
    memcpy(config.marker, host->marker, sizeof(config.marker));
    const int error = kith_node_new(&config, &host->node);
    if (error != 0)
        return error;
    return kith_store_restore(host->disk.store, restore_record, host->node);
}

void sim_host_start(struct sim_world *world, uint32_t host_no)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (sim_host_is_up(host) || host->has_left)
        return;
    host->generation++;
    host->link_next = 0;
    host->store_no = 0;
    host->arrival_last = 0;
    sim_heap_init(&host->heap);
    host->heap.fail_in = host->start_fail_in;
    host->start_fail_in = 0;
    host->is_out_of_memory = false;
    sim_rng_init(&host->rng, sim_rng_next(&world->rng));
    sim_world_say(world, host->no, "+ up %" PRIu32, host->generation);
    const int error = node_begin(host);
    if (sim_host_is_out_of_memory(world, host, error))
        return;
    if (error != 0) {
        sim_world_fail(world, "restart", "host %" PRIu32 " cannot restore its home: %s",
                       host->no, kith_error_text(error));
        return;
    }
    const struct kith_address self = sim_wire_address(&world->wire, host->no);
    struct kith_input listening = {
        .type = KITH_INPUT_COMMAND,
        .command = {.type = KITH_COMMAND_LISTENING,
                    .listening = {.addresses = &self, .count = 1}}};
    sim_host_step(world, host, &listening);
    struct kith_input start = {.type = KITH_INPUT_START};
    sim_host_step(world, host, &start);
    for (size_t i = 0; i < host->peer_count; i++)
        sim_host_keep_dialling(world, host->no, host->peers[i]);
}

/* The process ends, whatever becomes of its connections. False when there is none. */
static bool process_gone(struct sim_world *world, struct sim_host *host, const char *how)
{
    if (host->node == NULL)
        return false;
    sim_world_say(world, host->no, "+ %s", how);
    const size_t left = sim_host_end(host);
    if (left > 0)
        sim_world_fail(world, "memory", "host %" PRIu32 " left %zu blocks allocated",
                       host->no, left);
    return true;
}

void sim_host_crash(struct sim_world *world, uint32_t host_no, bool is_silent)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (process_gone(world, host, is_silent ? "crash silent" : "crash"))
        sim_wire_host_gone(world, host->no, is_silent);
}

void sim_host_kill(struct sim_world *world, uint32_t host_no)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (process_gone(world, host, "kill"))
        sim_wire_host_killed(world, host->no);
}

/* event: a = host */
static void run_start(struct sim_world *world, const struct sim_event *event)
{
    sim_host_start(world, (uint32_t)event->a);
}

void sim_host_start_later(struct sim_world *world, uint32_t host, kith_time after)
{
    sim_world_put(world, after, (struct sim_event){.run = run_start, .a = host});
}

/* event: a = host */
static void run_out_of_memory(struct sim_world *world, const struct sim_event *event)
{
    const struct sim_host *host = sim_world_host(world, (uint32_t)event->a);
    if (!host->is_out_of_memory)
        return; /* it died some other way */
    sim_host_crash(world, host->no, false);
    sim_host_start_later(world, host->no, KITH_SECOND);
}

bool sim_host_is_out_of_memory(struct sim_world *world, struct sim_host *host, int error)
{
    if (error != KITH_ENOMEM || !host->heap.has_failed)
        return false;
    sim_world_say(world, host->no, "+ out of memory");
    host->is_out_of_memory = host->has_run_short = true;
    world->tally[SIM_TALLY_STARVED]++;
    sim_world_put(world, 0, (struct sim_event){.run = run_out_of_memory, .a = host->no});
    return true;
}

void sim_host_run_short(struct sim_world *world, uint32_t host_no, size_t fail_in)
{
    struct sim_host *host = sim_world_host(world, host_no);
    sim_world_say(world, host_no, "x allocation %zu fails", fail_in);
    if (host->node == NULL)
        host->start_fail_in = fail_in;
    else
        host->heap.fail_in = fail_in;
}

void sim_host_crash_at(struct sim_world *world, uint32_t host, unsigned points,
                       uint64_t skipped, kith_time down)
{
    sim_world_host(world, host)->crash =
        (struct sim_crash){.points = points, .skipped = skipped, .down = down};
}

bool sim_host_point(struct sim_world *world, struct sim_host *host, enum sim_point point)
{
    struct sim_crash *crash = &host->crash;
    host->point_count++;
    if ((crash->points & point) == 0 || crash->skipped-- > 0)
        return false;
    crash->points = 0;
    sim_world_say(world, host->no, "+ at point %u", (unsigned)point);
    world->tally[SIM_TALLY_POINTS]++;
    sim_host_start_later(world, host->no, crash->down);
    if (sim_rng_chance(&world->rng, 50))
        sim_host_kill(world, host->no);
    else
        sim_host_crash(world, host->no, sim_rng_chance(&world->rng, 30));
    return true;
}

void sim_host_depart(struct sim_world *world, uint32_t host_no)
{
    struct sim_host *host = sim_world_host(world, host_no);
    host->has_left = true;
    sim_world_say(world, host_no, "+ leaves for good");
    sim_host_crash(world, host_no, sim_rng_chance(&world->rng, 30));
    sim_host_forget_snapshot(host);
    /* Its peers know it by the number of whoever goes on with its identity. */
    struct sim_host *other = sim_host_present(world, host_no);
    if (other != NULL && kith_map_put(&world->by_id, host->identity.id.bytes, other) != 0)
        abort();
}

bool sim_host_snapshot(struct sim_world *world, uint32_t host_no)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (kith_store_is_dirty(host->disk.store))
        return false;
    sim_host_forget_snapshot(host);
    host->snapshot = sim_zeroed(sizeof(*host->snapshot));
    sim_disk_init(host->snapshot, &host->identity.id);
    const int error = sim_disk_copy(host->snapshot, &host->disk);
    if (error != 0)
        sim_world_fail(world, "copy", "copying a home: %s", kith_error_text(error));
    return error == 0;
}

/* What was acknowledged and shown since the snapshot may have gone for good; where others
 * hold it, it comes back and is shown again. */
static void forget_since_snapshot(struct sim_world *world, struct sim_host *host)
{
    for (uint32_t no = 1; no <= world->ledger.count; no++) {
        struct sim_text *text = sim_ledger_text(&world->ledger, no);
        if (sim_disk_text_count(&host->disk, no) > 0)
            continue;
        if (text->author == host->no && text->state == SIM_TEXT_STORED)
            text->state = SIM_TEXT_ASKED;
        if (no < host->shown_capacity)
            host->shown[no] = 0;
    }
    for (size_t i = 0; i < host->shown_log_count; i++) {
        struct sim_shown_log *log = &host->shown_logs[i];
        const uint64_t content =
            sim_disk_seq(&host->disk, &log->author, &log->log, KITH_LOG_CONTENT);
        const uint64_t control =
            sim_disk_seq(&host->disk, &log->author, &log->log, KITH_LOG_CONTROL);
        const uint64_t seq = content > control ? content : control;
        log->seq = seq < log->seq ? seq : log->seq;
        log->text_no = 0;
    }
}

/* What it said it held is still on its way to some. */
static void keep_logs_lost(struct sim_host *host)
{
    free(host->logs_lost);
    host->logs_lost = host->disk.logs;
    host->log_lost_max = host->disk.log_no_max;
    host->disk.logs = NULL;
}

void sim_host_power_cut(struct sim_world *world, uint32_t host_no, bool is_same_boot)
{
    struct sim_host *host = sim_world_host(world, host_no);
    sim_world_say(world, host->no, "+ power cut");
    sim_host_crash(world, host_no, true);
    if (host->snapshot == NULL)
        return;
    keep_logs_lost(host);
    sim_disk_deinit(&host->disk);
    host->disk = *host->snapshot;
    free(host->snapshot);
    host->snapshot = NULL;
    forget_since_snapshot(world, host);
    if (is_same_boot)
        return;
    const struct kith_rng source = sim_rng_source(&world->rng);
    kith_rng_fill(&source, host->marker, sizeof(host->marker));
}

static void run_stopped(struct sim_world *world, const struct sim_event *event)
{
    if (process_gone(world, sim_world_host(world, event->host), "stopped"))
        sim_wire_host_gone(world, event->host, false);
}

void sim_host_stop(struct sim_world *world, uint32_t host_no)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (host->node == NULL)
        return;
    struct kith_input input = {.type = KITH_INPUT_COMMAND,
                               .command = {.type = KITH_COMMAND_STOP}};
    sim_world_say(world, host->no, "+ stop");
    sim_host_step(world, host, &input);
    if (host->node != NULL)
        sim_world_put(world, STOP_AFTER,
                      (struct sim_event){.run = run_stopped,
                                         .host = host->no,
                                         .generation = host->generation});
}
