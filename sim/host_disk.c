/* SPDX-License-Identifier: MIT */
/* What a host does for STORE and LOAD.
 *
 * Stores of any number of steps share a transaction. Between a commit and its STORED time
 * passes, in which the process may die; loads wait for an open transaction, so that
 * nothing leaves the host which a crash could take back. */
#include "host.h"

#include "world.h"
#include <inttypes.h>
#include <stdlib.h>

#define STORED_AFTER_MAX (200) /* microseconds from the commit to its STORED */
#define COMMIT_SLOW_MAX  (3 * KITH_SECOND)
#define LOAD_AFTER_MAX   (2 * KITH_MS)

static void commit_later(struct sim_world *world, struct sim_host *host);

static struct sim_event event_of(const struct sim_host *host, sim_event_run *run)
{
    return (struct sim_event){
        .run = run, .host = host->no, .generation = host->generation};
}

struct loaded {
    struct kith_stored_run *runs;
    size_t count;
    size_t capacity;
};

static int add_loaded(void *ctx, const struct kith_stored_run *run)
{
    struct loaded *loaded = ctx;
    loaded->runs =
        sim_grown(loaded->runs, &loaded->capacity, loaded->count, sizeof(*loaded->runs));
    struct kith_stored_run *kept = &loaded->runs[loaded->count++];
    *kept = *run;
    kept->bytes =
        kith_bytes(sim_copied(run->bytes.data, run->bytes.size), run->bytes.size);
    return 0;
}

static void serve_load(struct sim_world *world, struct sim_host *host,
                       const struct sim_load *load)
{
    struct loaded loaded = {0};
    const int error =
        kith_store_load(host->disk.store, load->log_no, load->seq_from, load->seq_last,
                        load->bytes_max, add_loaded, &loaded);
    sim_world_say(world, host->no, "$ load log %" PRIu32 " from %" PRIu64 ": %zu runs %s",
                  load->log_no, load->seq_from, loaded.count, kith_error_name(error));
    struct kith_input input = {.type = KITH_INPUT_LOADED,
                               .loaded = {.load_no = load->load_no,
                                          .error = error,
                                          .runs = loaded.runs,
                                          .run_count = loaded.count}};
    sim_host_step(world, host, &input);
    for (size_t i = 0; i < loaded.count; i++)
        free((void *)loaded.runs[i].bytes.data);
    free(loaded.runs);
}

/* event: host; owned = struct sim_load */
static void run_load(struct sim_world *world, const struct sim_event *event)
{
    struct sim_host *host = sim_world_host(world, event->host);
    const struct sim_load *load = event->owned;
    if (!kith_store_is_dirty(host->disk.store)) {
        serve_load(world, host, load);
        return;
    }
    host->loads = sim_grown(host->loads, &host->load_capacity, host->load_count,
                            sizeof(*host->loads));
    host->loads[host->load_count++] = *load;
}

void sim_host_load(struct sim_world *world, struct sim_host *host,
                   const struct sim_load *load)
{
    struct sim_event event = event_of(host, run_load);
    event.owned = sim_copied(load, sizeof(*load));
    sim_world_put(world, sim_rng_time(&world->rng, 0, LOAD_AFTER_MAX), event);
}

/* The loads that waited go through the queue again. */
static void release_loads(struct sim_world *world, struct sim_host *host)
{
    for (size_t i = 0; i < host->load_count; i++) {
        struct sim_event event = event_of(host, run_load);
        event.owned = sim_copied(&host->loads[i], sizeof(host->loads[i]));
        sim_world_put(world, 0, event);
    }
    host->load_count = 0;
}

/* event: host, a = store_no */
static void run_stored(struct sim_world *world, const struct sim_event *event)
{
    struct sim_host *host = sim_world_host(world, event->host);
    host->has_commit = false;
    if (kith_store_is_dirty(host->disk.store))
        commit_later(world, host);
    struct kith_input input = {.type = KITH_INPUT_STORED, .stored = {event->a}};
    sim_host_step(world, host, &input);
}

static void fail_store(struct sim_world *world, struct sim_host *host, int error)
{
    sim_world_say(world, host->no, "$ fail %s", kith_error_name(error));
    sim_disk_rollback(&host->disk);
    world->tally[SIM_TALLY_UNKEPT]++;
    host->has_commit = false;
    release_loads(world, host);
    struct kith_input input = {.type = KITH_INPUT_STORE_FAILED, .store_failed = {error}};
    sim_host_step(world, host, &input);
}

/* Of what is about to be committed: what this process is to tell people of. */
static void note_texts(struct sim_host *host)
{
    for (size_t i = 0; i < host->disk.text_pending_count; i++) {
        const uint32_t no = host->disk.text_pending[i];
        host->committed_in = sim_grown(host->committed_in, &host->committed_in_capacity,
                                       no, sizeof(*host->committed_in));
        host->committed_in[no] = host->generation;
    }
}

/* event: host */
static void run_commit(struct sim_world *world, const struct sim_event *event)
{
    struct sim_host *host = sim_world_host(world, event->host);
    if (world->now < host->disk_full_until || world->now < host->disk_broken_until) {
        fail_store(world, host,
                   world->now < host->disk_full_until ? KITH_EFULL : KITH_EIO);
        return;
    }
    if (sim_host_point(world, host, SIM_POINT_COMMIT))
        return;
    note_texts(host);
    const int error = sim_disk_commit(&host->disk);
    if (error != 0) {
        sim_world_fail(world, "store", "host %" PRIu32 ": commit: %s (%s)", host->no,
                       kith_error_text(error), kith_store_detail(host->disk.store));
        return;
    }
    sim_world_say(world, host->no, "$ commit %" PRIu64, host->store_no);
    if (sim_host_point(world, host, SIM_POINT_COMMITTED))
        return;
    release_loads(world, host);
    struct sim_event stored = event_of(host, run_stored);
    stored.a = host->store_no;
    sim_world_put(world, sim_rng_time(&world->rng, 0, STORED_AFTER_MAX), stored);
}

static void commit_later(struct sim_world *world, struct sim_host *host)
{
    if (host->has_commit)
        return;
    host->has_commit = true;
    const kith_time most =
        world->now < host->disk_slow_until ? COMMIT_SLOW_MAX : world->options.commit_max;
    sim_world_put(world, sim_rng_time(&world->rng, 50, most), event_of(host, run_commit));
}

void sim_host_store(struct sim_world *world, struct sim_host *host, uint64_t store_no,
                    const struct kith_record *record)
{
    if (store_no <= host->store_no)
        sim_world_fail(world, "effects",
                       "host %" PRIu32 ": STORE %" PRIu64 " after STORE %" PRIu64,
                       host->no, store_no, host->store_no);
    host->store_no = store_no;
    if (sim_host_point(world, host, SIM_POINT_PUT))
        return;
    const int error = sim_disk_put(&host->disk, record);
    if (error != 0) {
        sim_world_fail(world, "store", "host %" PRIu32 ": put of record type %d: %s (%s)",
                       host->no, (int)record->type, kith_error_text(error),
                       kith_store_detail(host->disk.store));
        return;
    }
    commit_later(world, host);
}
