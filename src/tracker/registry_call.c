/* SPDX-License-Identifier: MIT */
/* CALL: have two peers of one network meet, or be relayed. */
#include "tracker/registry_state.h"

#include <string.h>

#include "proto/frame.h"

static int refuse(struct kith_registry *r, struct kith_registry_link *link,
                  uint64_t token, enum kith_refused_reason reason)
{
    struct kith_frame_refused refused = {token, (uint8_t)reason};
    size_t from = r->bytes.size;
    kith_frame_refused_encode(&r->bytes, &refused);
    kith_registry_link_send(r, link, from);
    return 0;
}

/* The lower id begins the handshake, whoever called. */
static uint8_t role_of(const struct kith_id *self, const struct kith_id *other)
{
    return kith_id_compare(self, other) < 0 ? 'd' : 'l';
}

/* Whom it was not told of it would not want to meet. */
static void ring(struct kith_registry *r, struct kith_registry_link *link,
                 const struct kith_id *other, struct kith_frame_ring frame)
{
    const struct kith_entry *entry = kith_registry_entry(r, other);
    if (entry != NULL)
        kith_news_tell_of(r, link->entry, entry);
    size_t from = r->bytes.size;
    frame.id = *other;
    frame.role = role_of(&link->peer, other);
    kith_frame_ring_encode(&r->bytes, &frame);
    kith_registry_link_send(r, link, from);
}

/* ---- meeting ---- */

static void ring_to_meet(struct kith_registry *r, struct kith_registry_link *link,
                         const struct kith_registry_link *other, uint64_t token)
{
    char text[KITH_ADDRESS_TEXT_SIZE];
    struct kith_address remote = kith_ip_port_address(&other->remote);
    kith_address_format(&remote, text);
    ring(r, link, &other->peer,
         (struct kith_frame_ring){.token = token,
                                  .how = KITH_CALL_MEET,
                                  .address = kith_bytes(text, strlen(text))});
}

static int meet(struct kith_registry *r, struct kith_registry_link *caller,
                struct kith_registry_link *called, uint64_t token)
{
    r->counts.calls++;
    ring_to_meet(r, caller, called, token);
    ring_to_meet(r, called, caller, 0);
    return 0;
}

/* ---- relaying ---- */

static struct kith_pair *free_pair(struct kith_registry *r)
{
    for (size_t i = 0; i < KITH_REGISTRY_PAIRS_MAX; i++)
        if (r->pairs[i].no == 0)
            return &r->pairs[i];
    return NULL;
}

static int relay(struct kith_registry *r, struct kith_registry_link *caller,
                 struct kith_registry_link *called, uint64_t token)
{
    struct kith_pair *pair = free_pair(r);
    if (!r->config.has_relay)
        return refuse(r, caller, token, KITH_REFUSED_NEVER);
    if (pair == NULL)
        return refuse(r, caller, token, KITH_REFUSED_LIMIT);
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_PAIR);
    if (effect == NULL)
        return KITH_ENOMEM;
    *pair = (struct kith_pair){.links = {caller->no, called->no},
                               .ids = {caller->peer, called->peer},
                               .token = token};
    r->pair_no_last += r->pair_no_last == UINT32_MAX ? 2 : 1; /* 0 is none */
    pair->no = r->pair_no_last;
    kith_rng_fill(&r->config.rng, pair->tickets, sizeof pair->tickets);
    effect->pair.pair = pair->no;
    memcpy(effect->pair.ids, pair->ids, sizeof pair->ids);
    effect->pair.households[0] = caller->household->ip;
    effect->pair.households[1] = called->household->ip;
    memcpy(effect->pair.tickets, pair->tickets, sizeof pair->tickets);
    return 0;
}

static void ring_to_relay(struct kith_registry *r, const struct kith_pair *pair,
                          size_t which)
{
    ring(r, kith_registry_link(r, pair->links[which]), &pair->ids[1 - which],
         (struct kith_frame_ring){
             .token = which == 0 ? pair->token : 0,
             .how = KITH_CALL_RELAY,
             .ticket = kith_bytes(pair->tickets[which], KITH_TICKET_SIZE)});
}

/* Either may have gone meanwhile, or to another network. */
static bool are_together(const struct kith_registry_link *caller,
                         const struct kith_registry_link *called)
{
    return called != NULL && called->entry != NULL && caller->entry != NULL &&
           called->entry->network == caller->entry->network;
}

static void answer(struct kith_registry *r, const struct kith_pair *pair, int error)
{
    struct kith_registry_link *caller = kith_registry_link(r, pair->links[0]);
    if (caller == NULL)
        return;
    if (error == 0 && are_together(caller, kith_registry_link(r, pair->links[1]))) {
        r->counts.relays++;
        ring_to_relay(r, pair, 0);
        ring_to_relay(r, pair, 1);
    } else {
        refuse(r, caller, pair->token,
               error != 0 ? KITH_REFUSED_LIMIT : KITH_REFUSED_AWAY);
    }
}

void kith_registry_paired(struct kith_registry *r, uint32_t no, int error)
{
    for (size_t i = 0; i < KITH_REGISTRY_PAIRS_MAX; i++) {
        struct kith_pair *pair = &r->pairs[i];
        if (pair->no != no || no == 0)
            continue;
        answer(r, pair, error);
        *pair = (struct kith_pair){0};
    }
}

/* ---- the frame ---- */

/* Of its id, and of its household: ids cost nothing. */
static bool may_call(struct kith_registry *r, struct kith_entry *caller)
{
    size_t burst = kith_registry_household_share(r, KITH_REGISTRY_HOUSEHOLD_CALL_BURST);
    kith_time every = KITH_REGISTRY_HOUSEHOLD_CALL_EVERY *
                      KITH_REGISTRY_HOUSEHOLD_CALL_BURST / (kith_time)burst;
    return kith_registry_token(&caller->call_at, r->now.mono, KITH_REGISTRY_CALL_EVERY,
                               KITH_REGISTRY_CALL_BURST) &&
           kith_registry_token(&caller->household->call_at, r->now.mono, every, burst);
}

int kith_registry_call(struct kith_registry *r, struct kith_registry_link *link,
                       struct kith_bytes fields)
{
    struct kith_frame_call call;
    struct kith_entry *caller = link->entry;
    int error = kith_frame_call_decode(fields, &call);
    if (error != 0)
        return error;
    if (!may_call(r, caller))
        return refuse(r, link, call.token, KITH_REFUSED_LIMIT);
    struct kith_entry *called = kith_registry_entry(r, &call.id);
    if (called == NULL || called == caller || called->network != caller->network ||
        called->link == NULL || called->link->error != 0)
        return refuse(r, link, call.token, KITH_REFUSED_AWAY);
    if (call.how == KITH_CALL_MEET)
        return meet(r, link, called->link, call.token);
    if (call.how == KITH_CALL_RELAY)
        return relay(r, link, called->link, call.token);
    return refuse(r, link, call.token, KITH_REFUSED_NEVER);
}
