/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "checker.h"
#include "world.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WALL_EPOCH         (INT64_C(1700000000) * KITH_SECOND) /* worlds begin here */
#define STEPS_A_SECOND_MAX 200000 /* more is a livelock: no load here comes near */
#define STOP_AFTER         (300 * KITH_MS)

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

/* The process is no more; returns what it left allocated. */
static size_t process_end(struct sim_host *host)
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

static void drop_snapshot(struct sim_host *host)
{
    if (host->snapshot != NULL)
        sim_disk_deinit(host->snapshot);
    free(host->snapshot);
    host->snapshot = NULL;
}

void sim_host_free(struct sim_host *host)
{
    process_end(host);
    drop_snapshot(host);
    sim_disk_deinit(&host->disk);
    free(host->loads);
    free(host->shown);
    free(host->shown_logs);
    free(host->notices);
    free(host);
}

void sim_host_configure(struct sim_world *world, uint32_t host_no, uint32_t peer)
{
    struct sim_host *host = sim_world_host(world, host_no);
    for (size_t i = 0; i < host->peer_count; i++) {
        if (host->peers[i] == peer)
            return;
    }
    if (host->peer_count < SIM_PEERS_MAX)
        host->peers[host->peer_count++] = peer;
}

static struct kith_now host_now(const struct sim_world *world,
                                const struct sim_host *host)
{
    return (struct kith_now){.mono = host->mono_base + world->now,
                             .wall = host->wall_base + world->now};
}

/* ---- memory that runs out ---- */

/* event: a = host */
static void run_again(struct sim_world *world, const struct sim_event *event)
{
    sim_host_start(world, (uint32_t)event->a);
}

/* event: a = host */
static void run_out_of_memory(struct sim_world *world, const struct sim_event *event)
{
    const struct sim_host *host = sim_world_host(world, (uint32_t)event->a);
    if (!host->is_out_of_memory)
        return; /* it died some other way */
    sim_host_crash(world, host->no, false);
    sim_world_put(world, KITH_SECOND,
                  (struct sim_event){.run = run_again, .a = event->a});
}

/* Did it run out, as it was told to? Then it ends, after all that is under way now. */
static bool is_out_of_memory(struct sim_world *world, struct sim_host *host, int error)
{
    if (error != KITH_ENOMEM || !host->heap.has_failed)
        return false;
    sim_world_say(world, host->no, "+ out of memory");
    host->is_out_of_memory = host->has_run_short = true;
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

/* ---- the process begins and ends ---- */

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
    if (host->generation == 1)
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
    if (host->node != NULL)
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
    if (is_out_of_memory(world, host, error))
        return;
    if (error != 0) {
        sim_world_fail(world, "restart", "host %" PRIu32 " cannot restore its home: %s",
                       host->no, kith_error_text(error));
        return;
    }
    const struct kith_address self = sim_wire_address(host->no);
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

static void host_gone(struct sim_world *world, struct sim_host *host, bool is_silent)
{
    const size_t left = process_end(host);
    if (left > 0)
        sim_world_fail(world, "memory", "host %" PRIu32 " left %zu blocks allocated",
                       host->no, left);
    sim_wire_host_gone(world, host->no, is_silent);
}

void sim_host_crash(struct sim_world *world, uint32_t host_no, bool is_silent)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (host->node == NULL)
        return;
    sim_world_say(world, host->no, "+ crash%s", is_silent ? " silent" : "");
    host_gone(world, host, is_silent);
}

bool sim_host_snapshot(struct sim_world *world, uint32_t host_no)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (kith_store_is_dirty(host->disk.store))
        return false;
    drop_snapshot(host);
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

void sim_host_power_cut(struct sim_world *world, uint32_t host_no, bool is_same_boot)
{
    struct sim_host *host = sim_world_host(world, host_no);
    sim_world_say(world, host->no, "+ power cut");
    sim_host_crash(world, host_no, true);
    if (host->snapshot == NULL)
        return;
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
    sim_world_say(world, event->host, "+ stopped");
    host_gone(world, sim_world_host(world, event->host), false);
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
    sim_world_put(world, STOP_AFTER,
                  (struct sim_event){.run = run_stopped,
                                     .host = host->no,
                                     .generation = host->generation});
}

/* ---- stepping ---- */

/* event: host. Timers are not taken back: a late one asks again. */
static void run_timer(struct sim_world *world, const struct sim_event *event)
{
    struct sim_host *host = sim_world_host(world, event->host);
    if (host->timer_at != event->at)
        return;
    host->timer_at = KITH_TIME_NEVER;
    struct kith_input input = {.type = KITH_INPUT_TIMEOUT};
    sim_host_step(world, host, &input);
}

static void arm_timer(struct sim_world *world, struct sim_host *host)
{
    const kith_time deadline = kith_node_deadline(host->node);
    if (deadline == KITH_TIME_NEVER) {
        host->timer_at = KITH_TIME_NEVER;
        return;
    }
    kith_time at = deadline - host->mono_base;
    if (at < world->now)
        at = world->now;
    if (at == host->timer_at)
        return;
    host->timer_at = at;
    sim_world_put(world, at - world->now,
                  (struct sim_event){.run = run_timer,
                                     .host = host->no,
                                     .generation = host->generation});
}

/* event: host, a = verify_no, b = whether it is valid */
static void run_verified(struct sim_world *world, const struct sim_event *event)
{
    struct kith_input input = {
        .type = KITH_INPUT_VERIFIED,
        .verified = {.verify_no = event->a, .is_valid = event->b != 0}};
    sim_host_step(world, sim_world_host(world, event->host), &input);
}

static void carry_verify(struct sim_world *world, struct sim_host *host,
                         const struct kith_effect *effect)
{
    const bool is_valid = sim_identity_verify(
        world->options.has_real_crypto, &effect->verify.author, effect->verify.message,
        sizeof(effect->verify.message), effect->verify.signature);
    if (!is_valid)
        sim_world_say(world, host->no, "< forged %" PRIu64, effect->verify.verify_no);
    sim_world_put(world, sim_rng_time(&world->rng, 10, 2 * KITH_MS),
                  (struct sim_event){.run = run_verified,
                                     .host = host->no,
                                     .generation = host->generation,
                                     .a = effect->verify.verify_no,
                                     .b = is_valid});
}

static void carry_send(struct sim_world *world, struct sim_host *host,
                       const struct kith_effect *effect)
{
    const struct kith_bytes frame = effect->send.bytes;
    sim_world_say(world, host->no,
                  "> SEND link %" PRIu32 " type %02x size %zu %016" PRIx64,
                  effect->send.link, frame.size > 4 ? frame.data[4] : 0u, frame.size,
                  sim_trace_print(frame));
    const size_t claimed =
        frame.size < 5 ? 0
                       : (size_t)frame.data[0] << 24 | (size_t)frame.data[1] << 16 |
                             (size_t)frame.data[2] << 8 | frame.data[3];
    if (frame.size < 5 || claimed != frame.size - 4) {
        sim_world_fail(world, "effects",
                       "host %" PRIu32 " sends %zu bytes as one frame of "
                       "length %zu",
                       host->no, frame.size, claimed);
        return;
    }
    sim_wire_send(world, host, effect->send.link, frame);
}

static void carry_dial(struct sim_world *world, struct sim_host *host,
                       const struct kith_effect *effect)
{
    char text[KITH_ADDRESS_TEXT_SIZE];
    snprintf(text, sizeof(text), "%s:%u", effect->dial.addresses[0].host,
             effect->dial.addresses[0].port);
    sim_world_say(world, host->no, "> DIAL %" PRIu32 " %s%s", effect->dial.dial, text,
                  effect->dial.has_expected ? " expected" : "");
    sim_wire_dial(world, host, effect->dial.dial, effect->dial.addresses,
                  effect->dial.has_expected ? &effect->dial.expected : NULL);
}

static void carry_load(struct sim_world *world, struct sim_host *host,
                       const struct kith_effect *effect)
{
    const struct sim_load load = {.load_no = effect->load.load_no,
                                  .log_no = effect->load.log_no,
                                  .seq_from = effect->load.seq_from,
                                  .bytes_max = effect->load.bytes_max};
    sim_host_load(world, host, &load);
}

static void carry_out(struct sim_world *world, struct sim_host *host,
                      const struct kith_effect *effect)
{
    switch (effect->type) {
    case KITH_EFFECT_SEND:
        carry_send(world, host, effect);
        break;
    case KITH_EFFECT_DIAL:
        carry_dial(world, host, effect);
        break;
    case KITH_EFFECT_CLOSE:
        sim_world_say(world, host->no, "> CLOSE link %" PRIu32 " %s", effect->close.link,
                      kith_error_name(effect->close.error));
        sim_wire_close(world, host, effect->close.link, effect->close.error);
        break;
    case KITH_EFFECT_TRUST:
        sim_wire_trust(world, host, effect->trust.link);
        break;
    case KITH_EFFECT_PAUSE:
        sim_world_say(world, host->no, "> PAUSE link %" PRIu32 " %d", effect->pause.link,
                      effect->pause.is_paused);
        sim_wire_pause(world, host, effect->pause.link, effect->pause.is_paused);
        break;
    case KITH_EFFECT_STORE:
        sim_host_store(world, host, effect->store.store_no, &effect->store.record);
        break;
    case KITH_EFFECT_LOAD:
        carry_load(world, host, effect);
        break;
    case KITH_EFFECT_VERIFY:
        carry_verify(world, host, effect);
        break;
    case KITH_EFFECT_DATAGRAM:
        break; /* hosts here have no LAN: their nodes are told to send no beacons */
    case KITH_EFFECT_RELAY:
    case KITH_EFFECT_TRACKER_DIAL:
    case KITH_EFFECT_TRACKER_SEND:
    case KITH_EFFECT_TRACKER_CLOSE:
        break; /* nor trackers */
    case KITH_EFFECT_TELL:
        sim_host_tell(world, host, &effect->tell);
        break;
    }
}

static void count_step(struct sim_world *world, struct sim_host *host)
{
    world->step_count++;
    const kith_time second = world->now / KITH_SECOND;
    if (second != host->second) {
        host->second = second;
        host->second_steps = 0;
    }
    if (++host->second_steps > STEPS_A_SECOND_MAX)
        sim_world_fail(world, "livelock", "host %" PRIu32 " took %d steps in a second",
                       host->no, STEPS_A_SECOND_MAX);
}

void sim_host_step(struct sim_world *world, struct sim_host *host,
                   struct kith_input *input)
{
    if (host->node == NULL || host->is_out_of_memory || world->failure.is_set)
        return;
    count_step(world, host);
    input->now = host_now(world, host);
    struct kith_effects effects = {0};
    const int error = kith_node_step(host->node, input, &effects);
    if (is_out_of_memory(world, host, error))
        return;
    if (error != 0) {
        sim_world_fail(world, "step", "host %" PRIu32 ": input %d: %s", host->no,
                       (int)input->type, kith_error_text(error));
        return;
    }
    for (size_t i = 0; i < effects.count && !world->failure.is_set; i++)
        carry_out(world, host, &effects.items[i]);
    if (!world->failure.is_set)
        sim_check_step(world, host);
    arm_timer(world, host);
}
