/* SPDX-License-Identifier: MIT */
#include "churn.h"

#include <math.h>
#include <stdlib.h>

#define START_S        UINT64_C(1704067200)
#define SESSION_MEDIAN (20 * KITH_MINUTE)
#define ACTION_MEAN_S  600 /* of each peer */
#define REFRESH        (25 * KITH_SECOND)
#define AFTER_EACH     (KITH_MS / 10) /* two things do not happen at one instant */

/* 1,000 places in one network, of whom each is told of 200; 300 in one where all are told
 * of all; the others in networks of ten. */
#define LARGE  1000
#define MEDIUM 300
#define SMALL  10

/* ---- chance ---- */

static size_t below(struct churn *churn, size_t bound)
{
    return (size_t)kith_rng_below(&churn->rng.rng, bound);
}

static kith_time stay(struct churn *churn)
{
    double chance = (1.0 + (double)below(churn, 1u << 30)) / (double)(1u << 30);
    return (kith_time)(-log2(chance) * (double)SESSION_MEDIAN);
}

/* ---- life ---- */

static uint16_t network_of(size_t who)
{
    if (who < LARGE)
        return 0;
    return who < LARGE + MEDIUM ? 1 : (uint16_t)(2 + (who - LARGE - MEDIUM) / SMALL);
}

static void settle_in(struct churn *churn, size_t who)
{
    struct churn_peer *peer = &churn->peers[who];
    *peer = (struct churn_peer){.generation = peer->generation + 1,
                                .links = peer->links,
                                .network = network_of(who),
                                .network_before = network_of(who),
                                .name = (uint16_t)below(churn, CHURN_NAMES),
                                .record = 1,
                                .is_slow = below(churn, 20) == 0,
                                .turn_at = churn->now.mono + stay(churn)};
}

void churn_init(struct churn *churn, uint64_t seed)
{
    *churn = (struct churn){.now = {KITH_HOUR, (kith_time)START_S * KITH_SECOND}};
    alloc_failing_init(&churn->memory);
    rng_seeded_init(&churn->rng, seed);
    churn->frame = kith_writer(&kith_alloc_heap);
    churn->sights = calloc((size_t)CHURN_PLACES * CHURN_PLACES, sizeof *churn->sights);
    assert_non_null(churn->sights);
    struct kith_registry_config config = {
        .alloc = &churn->memory.alloc,
        .rng = churn->rng.rng,
        .peers_max = CHURN_PEERS_MAX,
        .per_address_max = KITH_REGISTRY_PER_ADDRESS_MAX,
        .has_relay = true,
    };
    assert_int_equal(kith_registry_new(&config, &churn->registry), 0);
    for (size_t i = 0; i < CHURN_PLACES; i++) {
        settle_in(churn, i);
        if (i % 2 == 0)
            churn->peers[i].turn_at = churn->now.mono + (kith_time)i * KITH_SECOND / 40;
    }
}

void churn_deinit(struct churn *churn)
{
    kith_registry_free(churn->registry);
    assert_int_equal(churn->memory.live_blocks, 0);
    kith_writer_deinit(&churn->frame);
    free(churn->sights);
}

/* ---- what they do ---- */

void churn_left(struct churn *churn, size_t who)
{
    struct churn_peer *peer = &churn->peers[who];
    peer->link = 0;
    peer->is_leaving = peer->is_silent = false;
    peer->owed = 0;
    peer->turn_at = churn->now.mono + stay(churn);
    churn->left++;
    if (below(churn, 10) != 0)
        return;
    churn->replaced++;
    settle_in(churn, who);
}

/* Of those who fall silent half are back before anybody has noticed. */
static void go(struct churn *churn, size_t who)
{
    struct churn_peer *peer = &churn->peers[who];
    size_t way = below(churn, 10);
    if (way >= 8) {
        peer->is_silent = true;
        peer->turn_at =
            way == 8 ? churn->now.mono + (5 + (kith_time)below(churn, 25)) * KITH_SECOND
                     : KITH_TIME_NEVER;
    } else if (way % 2 == 0) {
        churn_hang_up(churn, who);
    } else {
        churn_say_bye(churn, who);
    }
}

static void come(struct churn *churn, size_t who)
{
    churn->peers[who].turn_at = churn->now.mono + stay(churn);
    churn->peers[who].ping_at = churn->now.mono + REFRESH;
    churn_come(churn, who);
}

static void move(struct churn *churn, size_t who)
{
    struct churn_peer *peer = &churn->peers[who];
    uint16_t network = network_of(below(churn, CHURN_PLACES));
    peer->network_before = peer->network;
    peer->network = network;
    if (network != peer->network_before)
        memset(churn_sight(churn, who, 0), 0, CHURN_PLACES * sizeof *churn->sights);
    churn_register(churn, who);
    churn->moved++;
}

static void act(struct churn *churn, size_t who)
{
    struct churn_peer *peer = &churn->peers[who];
    size_t whom = below(churn, 2) != 0 ? below(churn, CHURN_PLACES)
                                       : who - who % SMALL + below(churn, SMALL);
    switch (below(churn, 8)) {
    case 0:
    case 1:
        peer->name = (uint16_t)below(churn, CHURN_NAMES);
        churn_register(churn, who);
        churn->renamed++;
        break;
    case 2:
        peer->record++;
        churn_register(churn, who);
        break;
    case 3:
        if (below(churn, 10) == 0)
            move(churn, who);
        break;
    case 4:
        churn_look_up_id(churn, who, whom);
        break;
    case 5:
        churn_look_up_name(churn, who, below(churn, CHURN_NAMES));
        break;
    case 6:
        churn_call(churn, who, whom, KITH_CALL_MEET);
        break;
    default:
        churn_call(churn, who, whom, KITH_CALL_RELAY);
        break;
    }
}

static bool live(struct churn *churn, size_t who)
{
    struct churn_peer *peer = &churn->peers[who];
    bool is_active = peer->link != 0 && !peer->is_silent;
    if (!churn->is_calm && peer->turn_at <= churn->now.mono) {
        if (is_active)
            go(churn, who);
        else
            come(churn, who);
        return true;
    }
    if (!is_active)
        return false;
    if (!peer->is_slow)
        churn_drain(churn, who);
    if (peer->ping_at <= churn->now.mono) {
        peer->ping_at += REFRESH;
        churn_ping(churn, who);
        churn_drain(churn, who);
        return true;
    }
    if (churn->is_calm || below(churn, ACTION_MEAN_S) != 0)
        return false;
    act(churn, who);
    return true;
}

/* ---- time ---- */

static void advance(struct churn *churn, kith_time to)
{
    struct kith_registry_input timeout = {.type = KITH_REGISTRY_TIMEOUT};
    kith_time due;
    while ((due = kith_registry_deadline(churn->registry)) <= to) {
        kith_time step = due > churn->now.mono ? due - churn->now.mono : 0;
        churn->now.mono += step;
        churn->now.wall += step;
        churn_input(churn, &timeout);
    }
    churn->now.wall += to - churn->now.mono;
    churn->now.mono = to;
}

/* A second: each has its turn. Renumbered by a step that has no factor in common with the
 * places, so that not always the same ones come first. */
static void second(struct churn *churn)
{
    kith_time end = churn->now.mono + KITH_SECOND;
    size_t who = below(churn, CHURN_PLACES);
    for (size_t i = 0; i < CHURN_PLACES; i++) {
        who = (who + 777) % CHURN_PLACES;
        if (live(churn, who))
            advance(churn, churn->now.mono + AFTER_EACH);
    }
    advance(churn, churn->now.mono > end ? churn->now.mono : end);
}

void churn_pass(struct churn *churn, kith_time time)
{
    kith_time end = churn->now.mono + time;
    while (churn->now.mono < end)
        second(churn);
}

/* ---- claims ---- */

size_t churn_here_count(const struct churn *churn, uint16_t network)
{
    size_t count = 0;
    for (size_t i = 0; i < CHURN_PLACES; i++)
        count += churn->peers[i].link != 0 && churn->peers[i].network == network;
    return count;
}

void churn_here_are_exactly_those_who_should_be(struct churn *churn)
{
    struct kith_registry_counts counts = kith_registry_counts(churn->registry);
    struct kith_registry_view view;
    size_t wanted = 0, found = 0;
    for (size_t i = 0; i < CHURN_PLACES; i++)
        wanted += churn->peers[i].link != 0;
    for (size_t i = 0; i < kith_registry_slots(churn->registry); i++) {
        if (!kith_registry_at(churn->registry, i, &view) || view.here_since == 0)
            continue;
        size_t who = view.row.id.bytes[0] | (size_t)view.row.id.bytes[1] << 8;
        struct kith_id id = churn_id(churn, who);
        assert_true(kith_id_equal(&view.row.id, &id));
        assert_int_not_equal(churn->peers[who].link, 0);
        found++;
    }
    assert_int_equal(found, wanted);
    assert_int_equal(counts.here, wanted);
    assert_int_equal(counts.links, wanted);
    assert_true(counts.here + counts.away <= CHURN_PEERS_MAX);
    assert_int_equal(counts.faults, 0);
    assert_int_equal(counts.refused, 0);
}

static void view_has_converged(struct churn *churn, size_t who)
{
    const struct churn_peer *peer = &churn->peers[who];
    size_t others = churn_here_count(churn, peer->network) - 1, seen = 0;
    for (size_t of = 0; of < CHURN_PLACES; of++) {
        const struct churn_sight *sight = churn_sight(churn, who, of);
        const struct churn_peer *other = &churn->peers[of];
        if (!sight->is_here || sight->is_called)
            continue;
        seen++;
        if (other->link == 0 || sight->generation != other->generation ||
            other->network != peer->network)
            fail_msg("%zu takes %zu to be here, who is not", who, of);
        assert_int_equal(sight->name, other->name);
        assert_int_equal(sight->record, other->record);
        assert_int_equal(sight->has_record, churn_is_told_public(churn, of));
    }
    assert_int_equal(
        seen, others < KITH_REGISTRY_WATCHED_MAX ? others : KITH_REGISTRY_WATCHED_MAX);
}

void churn_every_view_has_converged(struct churn *churn)
{
    for (size_t i = 0; i < CHURN_PLACES; i++)
        if (churn->peers[i].link != 0)
            view_has_converged(churn, i);
}
