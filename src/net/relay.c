/* SPDX-License-Identifier: MIT */
#include "net/relay.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/map.h"
#include "kith/error.h"
#include "net/relay_pair.h"

struct kith_relay {
    struct kith_relay_shared shared;
    struct kith_relay_config config;
    struct kith_list pairs;
    size_t pair_count;
    size_t joined_count;
    struct kith_map tickets; /* to sides of pairs that are not joined */
    struct kith_expiry awaited;
    unsigned timers_open;
    bool is_stopping;
    void (*done)(void *ctx);
    void *done_ctx;
};

static struct kith_relay *relay_of(struct kith_relay_pair *pair)
{
    return kith_list_item(pair->shared, struct kith_relay, shared);
}

/* ---- the end of a pair ---- */

static void finish_when_idle(struct kith_relay *relay)
{
    if (relay->is_stopping && relay->timers_open == 0 && relay->pair_count == 0)
        relay->done(relay->done_ctx);
}

static void forget_tickets(struct kith_relay *relay, const struct kith_relay_pair *pair)
{
    for (int i = 0; i < 2; i++)
        kith_map_remove(&relay->tickets, pair->sides[i].ticket);
}

static void on_over(struct kith_relay_pair *pair)
{
    struct kith_relay *relay = relay_of(pair);
    const struct kith_relay_config *config = &relay->config;
    kith_list_remove(&pair->node);
    kith_expiry_remove(&relay->awaited, &pair->awaited);
    if (!pair->is_joined)
        forget_tickets(relay, pair);
    relay->pair_count--;
    relay->joined_count -= pair->is_joined;
    if (config->ended)
        config->ended(config->ctx, pair->number, pair->sides[0].bytes,
                      pair->sides[1].bytes, pair->error);
    kith_relay_pair_free(pair);
    finish_when_idle(relay);
}

/* From the loop only. */
static void end(struct kith_relay_pair *pair, int error)
{
    if (!kith_relay_pair_end(pair, error))
        on_over(pair);
}

static void on_awaited_expired(struct kith_expiry_item *item)
{
    end(kith_list_item(item, struct kith_relay_pair, awaited), KITH_ETIMEDOUT);
}

/* ---- pairs ---- */

static int await_sides(struct kith_relay *relay, struct kith_relay_pair *pair)
{
    struct kith_relay_side *sides = pair->sides;
    int error = kith_map_put(&relay->tickets, sides[0].ticket, &sides[0]);
    if (error)
        return error;
    error = kith_map_put(&relay->tickets, sides[1].ticket, &sides[1]);
    if (error)
        kith_map_remove(&relay->tickets, sides[0].ticket);
    return error;
}

int kith_relay_expect(struct kith_relay *relay, uint64_t pair,
                      const uint8_t ticket_a[static KITH_TICKET_SIZE],
                      const uint8_t ticket_b[static KITH_TICKET_SIZE])
{
    if (relay->pair_count >= relay->config.pairs_max || relay->is_stopping)
        return KITH_ELIMIT;
    if (memcmp(ticket_a, ticket_b, KITH_TICKET_SIZE) == 0 ||
        kith_map_get(&relay->tickets, ticket_a) ||
        kith_map_get(&relay->tickets, ticket_b))
        return KITH_EINVALID;
    struct kith_relay_pair *expected = kith_relay_pair_new(&relay->shared, pair);
    if (!expected)
        return KITH_ENOMEM;
    memcpy(expected->sides[0].ticket, ticket_a, KITH_TICKET_SIZE);
    memcpy(expected->sides[1].ticket, ticket_b, KITH_TICKET_SIZE);
    if (await_sides(relay, expected) != 0) {
        kith_relay_pair_free(expected);
        return KITH_ENOMEM;
    }
    kith_list_push(&relay->pairs, &expected->node);
    kith_expiry_add(&relay->awaited, &expected->awaited);
    relay->pair_count++;
    return 0;
}

/* A side that cannot be opened is hung up on, and awaited until the time is up. */
void kith_relay_take(struct kith_relay *relay,
                     const uint8_t ticket[static KITH_TICKET_SIZE], int take_fd)
{
    struct kith_relay_side *side = kith_map_get(&relay->tickets, ticket);
    if (!side || side->pair->is_over || relay->is_stopping) {
        close(take_fd);
        return;
    }
    struct kith_relay_pair *pair = side->pair;
    if (kith_relay_pair_open(side, take_fd) != 0)
        return;
    if (!pair->is_joined)
        return;
    forget_tickets(relay, pair);
    kith_expiry_remove(&relay->awaited, &pair->awaited);
    relay->joined_count++;
    if (relay->config.joined)
        relay->config.joined(relay->config.ctx, pair->number);
}

struct kith_relay_counts kith_relay_counts(const struct kith_relay *relay)
{
    return (struct kith_relay_counts){
        .pairs = relay->pair_count,
        .joined = relay->joined_count,
        .bytes = relay->shared.bytes,
        .waiting_size = relay->shared.waiting_size,
    };
}

/* ---- life ---- */

int kith_relay_new(uv_loop_t *loop, const struct kith_relay_config *config,
                   struct kith_relay **out)
{
    /* Nobody but the owner picks tickets: no key is needed against flooding. */
    static const uint8_t hash_key[16];
    assert(config->share_size <= KITH_RELAY_SHARE_SIZE_MAX);
    struct kith_relay *relay = calloc(1, sizeof *relay);
    if (!relay)
        return KITH_ENOMEM;
    relay->config = *config;
    kith_list_init(&relay->pairs);
    kith_map_init(&relay->tickets, &kith_alloc_heap, hash_key, KITH_TICKET_SIZE);
    relay->shared.share_size =
        config->share_size ? config->share_size : KITH_RELAY_SHARE_SIZE_MAX;
    relay->shared.bytes_per_s = config->bytes_per_s;
    relay->shared.over = on_over;
    kith_relay_shared_init(&relay->shared, loop);
    kith_expiry_init(&relay->awaited, loop,
                     config->wait_ms ? config->wait_ms : KITH_RELAY_WAIT_MS,
                     on_awaited_expired);
    *out = relay;
    return 0;
}

/* `ended` must not come from inside the call that stops: the pairs end only when the
 * timers have gone, which the loop tells. */
static void on_timer_closed(uv_handle_t *handle)
{
    struct kith_expiry *expiry = handle->data;
    struct kith_relay *relay = expiry->owner;
    if (relay->timers_open == 1)
        kith_list_each_safe (node, &relay->pairs)
            end(kith_list_item(node, struct kith_relay_pair, node), KITH_ECLOSED);
    relay->timers_open--;
    finish_when_idle(relay);
}

void kith_relay_shutdown(struct kith_relay *relay, void (*done)(void *ctx), void *ctx)
{
    assert(!relay->is_stopping);
    struct kith_expiry *const all[] = {&relay->awaited, &relay->shared.halves,
                                       &relay->shared.brakes};
    relay->is_stopping = true;
    relay->done = done;
    relay->done_ctx = ctx;
    relay->timers_open = 3;
    for (size_t i = 0; i < 3; i++) {
        all[i]->owner = relay;
        kith_expiry_close(all[i], on_timer_closed);
    }
}

void kith_relay_free(struct kith_relay *relay)
{
    if (!relay)
        return;
    assert(relay->is_stopping && relay->pair_count == 0 && relay->timers_open == 0);
    kith_map_deinit(&relay->tickets);
    free(relay);
}
