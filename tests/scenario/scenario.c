/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <string.h>

#define SETTLE_MAX  KITH_MINUTE
#define SETTLE_STEP (500 * KITH_MS)

struct sim_world *scenario_new_with(struct sim_options options)
{
    assert_true(sodium_init() >= 0);
    if (options.seed == 0)
        options.seed = 4747;
    return sim_world_new(&options);
}

struct sim_world *scenario_new(void)
{
    return scenario_new_with((struct sim_options){.has_real_crypto = true});
}

static void assert_sound(const struct sim_world *world)
{
    if (world->failure.is_set)
        fail_msg("%s, at %.6fs: %s", world->failure.checker,
                 (double)world->failure.at / (double)KITH_SECOND, world->failure.text);
}

void scenario_end_unsettled(struct sim_world *world)
{
    assert_sound(world);
    assert_true(sim_world_free(world));
}

void scenario_end(struct sim_world *world)
{
    char why[SIM_WHY_SIZE] = "";
    const struct sim_checker *unsettled = NULL;
    for (kith_time spent = 0; spent < SETTLE_MAX; spent += SETTLE_STEP) {
        sim_world_run(world, SETTLE_STEP);
        assert_sound(world);
        unsettled = sim_check_settled(world, why);
        if (unsettled == NULL)
            break;
    }
    if (unsettled != NULL)
        fail_msg("%s: a minute later %s", unsettled->name, why);
    scenario_end_unsettled(world);
}

uint32_t scenario_start(struct sim_world *world, const char *name, uint32_t peer)
{
    const uint32_t host = sim_host_add(world, name);
    if (peer != 0)
        sim_host_configure(world, host, peer);
    sim_host_start(world, host);
    return host;
}

void stop(struct sim_world *world, uint32_t host)
{
    sim_host_stop(world, host);
    run_seconds(world, 1);
    assert_null(sim_world_host(world, host)->node);
}

void run_seconds(struct sim_world *world, double seconds)
{
    sim_world_run(world, (kith_time)(seconds * (double)KITH_SECOND));
    assert_sound(world);
}

/* What is waited for. */
struct wish {
    uint32_t host;
    uint32_t peer;
    uint64_t no;
    const char *name;
    enum kith_warning warning;
};

static void await(struct sim_world *world, sim_condition *is_done, struct wish wish,
                  double seconds, const char *what)
{
    const bool has_come = sim_world_run_until(
        world, (kith_time)(seconds * (double)KITH_SECOND), is_done, &wish);
    assert_sound(world);
    if (!has_come)
        fail_msg("waited %g s in vain: %s (host %u, peer %u, no %llu)", seconds, what,
                 (unsigned)wish.host, (unsigned)wish.peer, (unsigned long long)wish.no);
}

static bool is_linked(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return sim_host_sees(world, wish->host, wish->peer) &&
           sim_host_sees(world, wish->peer, wish->host);
}

void await_linked(struct sim_world *world, uint32_t a, uint32_t b, double seconds)
{
    await(world, is_linked, (struct wish){.host = a, .peer = b}, seconds, "linked");
}

static bool is_unlinked(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return !sim_host_sees(world, wish->host, wish->peer);
}

void await_unlinked(struct sim_world *world, uint32_t host, uint32_t peer, double seconds)
{
    await(world, is_unlinked, (struct wish){.host = host, .peer = peer}, seconds,
          "peer offline");
}

static bool is_shown(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return sim_host_has_shown(world, wish->host, (uint32_t)wish->no);
}

void await_shown(struct sim_world *world, uint32_t host, uint32_t text, double seconds)
{
    await(world, is_shown, (struct wish){.host = host, .no = text}, seconds,
          "text shown");
}

static bool is_delivered(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return sim_host_is_delivered(world, (uint32_t)wish->no);
}

void await_delivered(struct sim_world *world, uint32_t text, double seconds)
{
    await(world, is_delivered, (struct wish){.no = text}, seconds, "text delivered");
}

static bool is_answered(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return text_state(world, (uint32_t)wish->no) != SIM_TEXT_ASKED;
}

void await_answered(struct sim_world *world, uint32_t text, double seconds)
{
    await(world, is_answered, (struct wish){.no = text}, seconds, "reply to send");
}

static bool has_reply(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return sim_host_reply(world, wish->host, wish->no) != NULL;
}

void await_reply(struct sim_world *world, uint32_t host, uint64_t token, double seconds)
{
    await(world, has_reply, (struct wish){.host = host, .no = token}, seconds, "reply");
}

static bool is_named(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return strcmp(sim_host_name_of(world, wish->host, wish->peer), wish->name) == 0;
}

void await_name(struct sim_world *world, uint32_t host, uint32_t peer, const char *name,
                double seconds)
{
    await(world, is_named, (struct wish){.host = host, .peer = peer, .name = name},
          seconds, "name known");
}

static bool is_warned(void *ctx, struct sim_world *world)
{
    const struct wish *wish = ctx;
    return sim_host_count_warnings(world, wish->host, wish->warning) > 0;
}

void await_warning(struct sim_world *world, uint32_t host, enum kith_warning warning,
                   double seconds)
{
    await(world, is_warned, (struct wish){.host = host, .warning = warning}, seconds,
          "warning");
}

uint32_t say(struct sim_world *world, uint32_t host, uint32_t to, const char *tail)
{
    const uint32_t text = sim_host_say(world, host, to, tail);
    await_answered(world, text, 1);
    assert_int_equal(text_state(world, text), SIM_TEXT_STORED);
    return text;
}

enum sim_text_state text_state(const struct sim_world *world, uint32_t text)
{
    return sim_ledger_text(&world->ledger, text)->state;
}
