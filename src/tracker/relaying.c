/* SPDX-License-Identifier: MIT */
#include "tracker/relaying.h"

#include <stdlib.h>

#include "kith/error.h"

struct place {
    uint32_t pair;         /* 0: free */
    bool is_joined;        /* both came */
    struct kith_id ids[2]; /* the caller's first */
    struct kith_ip households[2];
};

struct kith_relaying {
    struct kith_relay *relay;
    size_t per_peer_max;
    size_t per_household_max;
    size_t per_peer_spare_max;
    size_t count;
    struct place places[];
};

static struct place *find(struct kith_relaying *relaying, uint32_t pair)
{
    for (size_t i = 0; i < relaying->count; i++)
        if (relaying->places[i].pair == pair)
            return &relaying->places[i];
    return NULL;
}

static void on_joined(void *ctx, uint64_t pair)
{
    find(ctx, (uint32_t)pair)->is_joined = true;
}

static void on_ended(void *ctx, uint64_t pair, uint64_t bytes_a, uint64_t bytes_b,
                     int error)
{
    struct place *place = find(ctx, (uint32_t)pair);
    if (place != NULL)
        place->pair = 0;
}

int kith_relaying_new(const struct kith_relaying_config *config,
                      struct kith_relaying **out)
{
    struct kith_relaying *relaying =
        calloc(1, sizeof *relaying + config->pairs_max * sizeof relaying->places[0]);
    if (relaying == NULL)
        return KITH_ENOMEM;
    struct kith_relay_config relay = {.pairs_max = config->pairs_max,
                                      .bytes_per_s = config->bytes_per_s,
                                      .joined = on_joined,
                                      .ended = on_ended,
                                      .ctx = relaying};
    relaying->count = config->pairs_max;
    relaying->per_peer_max = config->per_peer_max;
    relaying->per_household_max = config->per_household_max;
    relaying->per_peer_spare_max = config->per_peer_spare_max;
    int error = kith_relay_new(config->loop, &relay, &relaying->relay);
    if (error != 0) {
        free(relaying);
        return error;
    }
    *out = relaying;
    return 0;
}

void kith_relaying_shutdown(struct kith_relaying *relaying, void (*done)(void *ctx),
                            void *ctx)
{
    kith_relay_shutdown(relaying->relay, done, ctx);
}

void kith_relaying_free(struct kith_relaying *relaying)
{
    if (relaying == NULL)
        return;
    kith_relay_free(relaying->relay);
    free(relaying);
}

/* A pair is the caller's from the beginning, and the other's once both came: by calling,
 * strangers take nothing of somebody's share. */
static bool is_of(const struct place *place, const struct kith_id *id)
{
    return kith_id_equal(&place->ids[0], id) ||
           (place->is_joined && kith_id_equal(&place->ids[1], id));
}

static bool is_of_household(const struct place *place, const struct kith_ip *household)
{
    return kith_ip_equal(&place->households[0], household) ||
           (place->is_joined && kith_ip_equal(&place->households[1], household));
}

/* Has the caller asked for the same already, and the two have yet to come? */
static bool is_awaited(const struct kith_relaying *relaying,
                       const struct kith_registry_pair *pair)
{
    for (size_t i = 0; i < relaying->count; i++) {
        const struct place *place = &relaying->places[i];
        if (place->pair != 0 && !place->is_joined &&
            kith_id_equal(&place->ids[0], &pair->ids[0]) &&
            kith_id_equal(&place->ids[1], &pair->ids[1]))
            return true;
    }
    return false;
}

/* Is there something left for this side of the pair? */
static bool has_share(const struct kith_relaying *relaying,
                      const struct kith_registry_pair *pair, size_t side)
{
    const struct kith_ip *household = &pair->households[side];
    size_t of_peer = 0, of_household = 0, taken = 0;
    for (size_t i = 0; i < relaying->count; i++) {
        const struct place *place = &relaying->places[i];
        if (place->pair == 0)
            continue;
        taken++;
        of_peer += is_of(place, &pair->ids[side]);
        of_household += is_of_household(place, household);
    }
    size_t peer_max = taken < relaying->count / 2 ? relaying->per_peer_spare_max
                                                  : relaying->per_peer_max;
    return of_peer < peer_max && of_household < relaying->per_household_max;
}

int kith_relaying_expect(struct kith_relaying *relaying,
                         const struct kith_registry_pair *pair)
{
    struct place *place = find(relaying, 0);
    if (place == NULL || is_awaited(relaying, pair) || !has_share(relaying, pair, 0) ||
        !has_share(relaying, pair, 1))
        return KITH_ELIMIT;
    int error = kith_relay_expect(relaying->relay, pair->pair, pair->tickets[0],
                                  pair->tickets[1]);
    if (error == 0)
        *place = (struct place){.pair = pair->pair,
                                .ids = {pair->ids[0], pair->ids[1]},
                                .households = {pair->households[0], pair->households[1]}};
    return error;
}

void kith_relaying_take(struct kith_relaying *relaying, const uint8_t *ticket,
                        int take_fd)
{
    kith_relay_take(relaying->relay, ticket, take_fd);
}

struct kith_relay_counts kith_relaying_counts(const struct kith_relaying *relaying)
{
    return kith_relay_counts(relaying->relay);
}
