/* SPDX-License-Identifier: MIT */
/* A process takes its steps: inputs in, effects out and carried out. */
#include "checker.h"
#include "host.h"
#include "liar.h"
#include "world.h"
#include <inttypes.h>

#define STEPS_A_SECOND_MAX 200000 /* more is a livelock: no load here comes near */

static struct kith_now host_now(const struct sim_world *world,
                                const struct sim_host *host)
{
    return (struct kith_now){.mono = host->mono_base + world->now,
                             .wall = host->wall_base + world->now};
}

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
    const bool is_busy = sim_rng_chance(&world->rng, 10);
    sim_world_put(world, sim_rng_time(&world->rng, 10, (is_busy ? 500 : 2) * KITH_MS),
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
    if (sim_host_point(world, host, SIM_POINT_SEND))
        return;
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
                                  .seq_last = effect->load.seq_last,
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
    if (host->liar != NULL && !world->failure.is_set)
        sim_liar_take(world, host, input);
    if (host->node == NULL || host->is_out_of_memory || world->failure.is_set)
        return;
    count_step(world, host);
    input->now = host_now(world, host);
    struct kith_effects effects = {0};
    const int error = kith_node_step(host->node, input, &effects);
    if (sim_host_is_out_of_memory(world, host, error))
        return;
    if (error != 0) {
        sim_world_fail(world, "step", "host %" PRIu32 ": input %d: %s", host->no,
                       (int)input->type, kith_error_text(error));
        return;
    }
    /* At any of them the process may die, and `effects` with it. */
    for (size_t i = 0; host->node != NULL && i < effects.count && !world->failure.is_set;
         i++)
        carry_out(world, host, &effects.items[i]);
    if (host->node == NULL)
        return;
    if (!world->failure.is_set)
        sim_check_step(world, host);
    arm_timer(world, host);
}
