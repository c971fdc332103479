/* SPDX-License-Identifier: MIT */
#include "core/dial.h"

#include <string.h>

#include "core/command.h"
#include "core/exchange.h"
#include "core/link.h"
#include "core/mutual.h"
#include "core/peer.h"

/* What has not led to a link yet. */
static struct kith_dial *find(const struct kith_node *node, uint32_t no)
{
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (dial->state == KITH_DIAL_DIALLING && dial->link == 0 && dial->no == no)
            return dial;
    }
    return NULL;
}

static struct kith_dial *find_address(const struct kith_node *node,
                                      const struct kith_address *address)
{
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (!dial->is_suggested && kith_address_equal(&dial->address, address))
            return dial;
    }
    return NULL;
}

static struct kith_dial *find_suggested(const struct kith_node *node,
                                        const struct kith_id *id)
{
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (dial->is_suggested && kith_id_equal(&dial->expected, id))
            return dial;
    }
    return NULL;
}

/* No link came from it, or that is lost. */
static void forget(struct kith_node *node, struct kith_dial *dial)
{
    kith_list_remove(&dial->item);
    kith_release(node->alloc, dial);
}

static struct kith_dial *add(struct kith_node *node, const struct kith_address *address)
{
    struct kith_dial *dial = kith_alloc_zero(node->alloc, sizeof(*dial));
    if (dial == NULL) {
        kith_node_break(node);
        return NULL;
    }
    dial->address = *address;
    kith_list_push(&node->dials, &dial->item);
    return dial;
}

/* Those asked for, or those suggested that have led nowhere yet. */
static size_t count(const struct kith_node *node, bool is_suggested)
{
    size_t found = 0;
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        found += dial->is_suggested == is_suggested &&
                 !(is_suggested && dial->state == KITH_DIAL_LINKED);
    }
    return found;
}

struct kith_effect *kith_dial_emit(struct kith_node *node,
                                   const struct kith_address *addresses, size_t count,
                                   const struct kith_id *expected)
{
    struct kith_bytes copy =
        kith_outbox_copy(&node->out, kith_bytes(addresses, count * sizeof(*addresses)));
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_DIAL);
    effect->dial.dial = ++node->dial_no_next;
    effect->dial.addresses = (const struct kith_address *)copy.data;
    effect->dial.address_count = copy.data != NULL ? count : 0;
    effect->dial.has_expected = expected != NULL;
    effect->dial.expected = expected != NULL ? *expected : (struct kith_id){0};
    effect->dial.role = KITH_ROLE_DIALLER;
    effect->dial.is_meeting = false;
    effect->dial.ticket = NULL;
    effect->dial.relay = (struct kith_id){0};
    effect->dial.is_in_tls = false;
    return effect;
}

/* Where it was heard of, and all else that is known: raced. */
static void start(struct kith_node *node, struct kith_dial *dial)
{
    struct kith_address addresses[KITH_RECORD_ADDRESSES_MAX];
    size_t count = 0;
    if (dial->is_suggested)
        count = kith_exchange_addresses(node, &dial->expected, addresses,
                                        KITH_RECORD_ADDRESSES_MAX);
    size_t at = 0;
    while (at < count && !kith_address_equal(&addresses[at], &dial->address))
        at++;
    if (at == count && count < KITH_RECORD_ADDRESSES_MAX)
        count++;
    else if (at == count)
        at = 0;
    addresses[at] = dial->address;
    struct kith_effect *effect = kith_dial_emit(
        node, addresses, count, dial->is_suggested ? &dial->expected : NULL);
    dial->no = effect->dial.dial;
    dial->state = KITH_DIAL_DIALLING;
}

static kith_time held_until(const struct kith_node *node, const struct kith_dial *dial)
{
    const struct kith_peer *peer =
        dial->is_suggested ? kith_peer_find(node, &dial->expected) : dial->peer;
    return peer != NULL ? peer->held_until : 0;
}

static void wait(struct kith_node *node, struct kith_dial *dial, kith_time delay)
{
    kith_time held = held_until(node, dial);
    dial->state = KITH_DIAL_WAITING;
    dial->link = 0;
    dial->next_at = node->now.mono + delay;
    if (dial->next_at < held) {
        dial->next_at = held;
        if (dial->until < held + KITH_DIAL_TRY_TIME)
            dial->until = held + KITH_DIAL_TRY_TIME;
    }
    kith_node_wake_at(node, dial->next_at);
}

/* Not to be dialled until something changes: its peer is linked, or not wanted. */
static void park(struct kith_dial *dial)
{
    dial->state = KITH_DIAL_WAITING;
    dial->link = 0;
    dial->next_at = KITH_TIME_NEVER;
}

/* Half to all of the capped double: many nodes do not come back in one instant. */
static kith_time backoff(struct kith_node *node, unsigned failures)
{
    kith_time most =
        failures > KITH_DIAL_EAGER ? KITH_DIAL_RETRY_LATE : KITH_DIAL_RETRY_MAX;
    kith_time delay = KITH_DIAL_RETRY_MIN;
    for (unsigned i = 1; i < failures && delay < most; i++)
        delay *= 2; /* and so exactly to the most */
    return delay / 2 + (kith_time)kith_rng_below(&node->rng, (uint64_t)delay / 2 + 1);
}

/* Its link comes or goes: an address asked for by a command is dialled for a while from
 * then on, one of the configuration for ever. */
static void prolong(const struct kith_node *node, struct kith_dial *dial)
{
    if (!dial->is_suggested && dial->until != KITH_TIME_NEVER)
        dial->until = node->now.mono + KITH_DIAL_ASKED_TIME;
}

/* The link is lost: soon again, and on for a while. */
static void redial(struct kith_node *node, struct kith_dial *dial)
{
    prolong(node, dial);
    if (dial->is_suggested)
        dial->until = node->now.mono + KITH_DIAL_KEEP_TIME;
    wait(node, dial, backoff(node, 1));
}

static void answer(struct kith_node *node, struct kith_dial *dial, int error)
{
    uint64_t token = dial->token;
    dial->token = 0;
    if (token != 0)
        kith_command_reply(node, token, error, error == 0 ? dial->peer->no : 0);
}

void kith_dial_add(struct kith_node *node, const struct kith_address *address,
                   uint64_t token)
{
    struct kith_dial *dial = find_address(node, address);
    if (dial == NULL) {
        if (count(node, false) >= KITH_TARGETS_MAX) {
            kith_command_reply(node, token, KITH_ELIMIT, 0);
            return;
        }
        dial = add(node, address);
        if (dial == NULL)
            return;
    } else if (dial->token != 0) {
        answer(node, dial, KITH_EREPLACED);
    }
    if (token == 0)
        dial->until = KITH_TIME_NEVER; /* a command may have asked for it before */
    dial->token = token;
    if (dial->peer != NULL && token != 0 && dial->peer->is_refused) {
        dial->peer->is_refused = false;
        kith_dial_peer_lost(node, dial->peer); /* its other addresses, too */
    }
    if (dial->peer != NULL && dial->peer->link != NULL)
        answer(node, dial, 0);
    else if (dial->state == KITH_DIAL_WAITING && node->is_started)
        start(node, dial);
}

/* Is the first attempt still to come? */
static bool is_awaited(const struct kith_dial *dial)
{
    return dial->state == KITH_DIAL_WAITING && dial->failures == 0 && dial->next_at != 0;
}

/* Who was only suggested may have found us meanwhile. */
static const struct kith_link *find_link(const struct kith_node *node,
                                         const struct kith_id *id)
{
    kith_list_each (item, &node->links) {
        const struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (link->state != KITH_LINK_CLOSING && kith_id_equal(&link->id, id))
            return link;
    }
    return NULL;
}

bool kith_dial_is_trying(const struct kith_node *node, const struct kith_id *id,
                         const struct kith_address *address)
{
    const struct kith_link *link = find_link(node, id);
    if (link != NULL)
        return strcmp(link->remote.host, address->host) == 0;
    const struct kith_dial *dial = find_suggested(node, id);
    return dial != NULL && dial->failures == 0 &&
           kith_address_equal(&dial->address, address);
}

bool kith_dial_seeks(const struct kith_node *node, const struct kith_peer *peer)
{
    kith_list_each (item, &node->dials) {
        const struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        bool may_lead =
            dial->failures == 0 || kith_address_equal(&dial->address, &peer->address);
        if (dial->peer == peer && may_lead)
            return true;
    }
    return find_suggested(node, &peer->id) != NULL;
}

/* Two dials to one another cost two handshakes, and one of them is thrown away. */
static bool is_yielding(const struct kith_node *node, const struct kith_dial *dial)
{
    return node->now.mono < dial->yields_until && node->link_up_at != 0 &&
           node->now.mono - node->link_up_at < KITH_DIAL_YIELD;
}

bool kith_dial_is_awaited(const struct kith_node *node, const struct kith_id *id)
{
    const struct kith_dial *dial = find_suggested(node, id);
    return dial != NULL && is_awaited(dial);
}

static void start_suggested(struct kith_node *node, struct kith_dial *dial)
{
    const struct kith_peer *peer = kith_peer_find(node, &dial->expected);
    const struct kith_link *link = find_link(node, &dial->expected);
    if (peer != NULL && kith_peer_is_unwanted(peer))
        forget(node, dial);
    else if (link == NULL && is_yielding(node, dial))
        wait(node, dial, KITH_DIAL_YIELD);
    else if (link == NULL)
        start(node, dial);
    else if (link->state == KITH_LINK_LIVE && link->is_relayed)
        start(node, dial);
    else if (link->state == KITH_LINK_LIVE)
        forget(node, dial);
    else
        wait(node, dial, KITH_DIAL_RETRY_MIN); /* until it is greeted, or fails */
}

static void check(struct kith_node *node, struct kith_dial *dial)
{
    if (dial->state != KITH_DIAL_WAITING || dial->next_at == KITH_TIME_NEVER)
        return;
    if (dial->next_at > node->now.mono)
        kith_node_wake_at(node, dial->next_at);
    else if (held_until(node, dial) > node->now.mono)
        wait(node, dial, 0);
    else if (dial->is_suggested)
        start_suggested(node, dial);
    else
        start(node, dial);
}

/* Do those who were linked once, and are no contacts, take more places than strangers? */
static bool is_crowded(const struct kith_node *node)
{
    size_t met = 0, strangers = 0;
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        const struct kith_peer *peer = kith_peer_find(node, &dial->expected);
        if (!dial->is_suggested || dial->state == KITH_DIAL_LINKED)
            continue;
        strangers += peer == NULL;
        met += peer != NULL && !kith_peer_is_contact(peer);
    }
    return met > strangers;
}

/* May it go for a newcomer? It is not being tried, and no contact; for one that is no
 * contact either, it has failed or is held, too. */
static bool may_go(const struct kith_node *node, const struct kith_dial *dial,
                   bool is_for_contact, bool is_met)
{
    const struct kith_peer *peer = kith_peer_find(node, &dial->expected);
    if (!dial->is_suggested || dial->state != KITH_DIAL_WAITING ||
        (peer != NULL && kith_peer_is_contact(peer)))
        return false;
    bool was_tried = dial->failures > 0 || held_until(node, dial) > node->now.mono;
    return is_for_contact || (was_tried && (peer != NULL) == is_met);
}

/* Whoever makes identities up fills all places with strangers who never answer, or with
 * those who were linked for a moment. The oldest goes: of those who take most places. */
static bool make_room(struct kith_node *node, bool is_for_contact)
{
    struct kith_dial *least = NULL;
    if (count(node, true) < KITH_SUGGESTED_MAX)
        return true;
    bool is_met = is_crowded(node);
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (may_go(node, dial, is_for_contact, is_met) &&
            (least == NULL || dial->until < least->until))
            least = dial;
    }
    if (least != NULL)
        forget(node, least);
    return least != NULL;
}

static void suggest(struct kith_node *node, const struct kith_id *id,
                    const struct kith_address *address, kith_time delay,
                    kith_time duration, kith_time yields_for)
{
    const struct kith_peer *peer = kith_peer_find(node, id);
    if (node->is_stopping || peer == node->self ||
        (peer != NULL && ((peer->link != NULL && !peer->link->is_relayed) ||
                          kith_peer_is_unwanted(peer))))
        return;
    struct kith_dial *dial = find_suggested(node, id);
    if (dial == NULL) {
        if (!make_room(node, peer != NULL && kith_peer_is_contact(peer)))
            return;
        dial = add(node, address);
        if (dial == NULL)
            return;
        dial->is_suggested = true;
        dial->expected = *id;
    } else if (dial->state != KITH_DIAL_WAITING) {
        /* At it already: the next time there. */
        dial->address = *address;
        if (dial->until < node->now.mono + duration)
            dial->until = node->now.mono + duration;
        return;
    } else {
        dial->address = *address;
    }
    if (is_awaited(dial) && dial->next_at < node->now.mono + delay)
        delay = dial->next_at - node->now.mono; /* what is heard again puts nothing off */
    dial->failures = 0;
    dial->yields_until = node->now.mono + yields_for;
    if (dial->until < node->now.mono + duration)
        dial->until = node->now.mono + duration;
    wait(node, dial, delay);
    kith_dial_check_all(node);
}

void kith_dial_suggest(struct kith_node *node, const struct kith_id *id,
                       const struct kith_address *address, kith_time delay,
                       kith_time duration)
{
    suggest(node, id, address, delay, duration, 0);
}

void kith_dial_expect(struct kith_node *node, const struct kith_id *id,
                      const struct kith_address *address, kith_time delay,
                      kith_time duration)
{
    suggest(node, id, address, delay, duration, KITH_DIAL_YIELD_MAX);
}

void kith_dial_check_all(struct kith_node *node)
{
    if (node->is_stopping || !node->is_started)
        return;
    kith_list_each_safe (item, &node->dials)
        check(node, kith_list_item(item, struct kith_dial, item));
}

struct kith_dial *kith_dial_reached(struct kith_node *node, uint32_t dial_no,
                                    struct kith_link *link)
{
    struct kith_dial *dial = dial_no == 0 ? NULL : find(node, dial_no);
    if (dial != NULL)
        dial->link = link->no;
    return dial;
}

static bool is_contact(const struct kith_node *node, const struct kith_id *id)
{
    const struct kith_peer *peer = kith_peer_find(node, id);
    return peer != NULL && kith_peer_is_contact(peer) && peer->link == NULL &&
           !kith_peer_is_unwanted(peer);
}

static void fail(struct kith_node *node, struct kith_dial *dial, int error)
{
    answer(node, dial, error);
    dial->error = error;
    dial->failures++;
    const struct kith_peer *wanted =
        dial->is_suggested ? kith_peer_find(node, &dial->expected) : dial->peer;
    if (wanted != NULL && is_contact(node, &wanted->id))
        kith_mutual_call(node, &wanted->id);
    if (node->now.mono >= dial->until) {
        if (dial->is_suggested && dial->failures > 1) /* else it was only remembered */
            node->dial_lost = (struct kith_dial_lost){
                dial->expected, dial->address, error, dial->failures, node->now.mono};
        forget(node, dial);
        return;
    }
    wait(node, dial, backoff(node, dial->failures));
}

void kith_dial_failed(struct kith_node *node, uint32_t dial_no, int error)
{
    struct kith_dial *dial = find(node, dial_no);
    if (dial != NULL)
        fail(node, dial, error);
}

void kith_dial_succeeded(struct kith_node *node, struct kith_link *link)
{
    struct kith_dial *dial = link->dial;
    if (dial == NULL)
        return;
    dial->state = KITH_DIAL_LINKED;
    dial->leads_home = false;
    dial->peer = link->peer;
    dial->failures = 0;
    dial->error = 0;
    prolong(node, dial);
    answer(node, dial, 0);
}

void kith_dial_lost(struct kith_node *node, struct kith_link *link, int error)
{
    struct kith_dial *dial = link->dial;
    if (dial == NULL)
        return;
    link->dial = NULL;
    dial->link = 0;
    bool is_linked_anyhow =
        dial->peer != NULL && dial->peer->link != NULL && !dial->peer->link->is_relayed;
    bool leads_home =
        error == KITH_ESELF || (link->has_left && link->bye_reason == KITH_BYE_SELF);
    bool is_over = dial->is_suggested ? leads_home || is_linked_anyhow
                                      : leads_home && node->now.mono >= dial->until;
    if (is_over && dial->token == 0)
        forget(node, dial);
    else if (leads_home && dial->token == 0) {
        /* Our own address among the configured ones is no mistake, and may be another's
         * where we are next. */
        dial->leads_home = true;
        wait(node, dial, KITH_DIAL_HOME_RETRY);
    } else if (error == KITH_EBLOCKED && dial->token != 0)
        fail(node, dial, error);
    else if (is_linked_anyhow ||
             (dial->peer != NULL && kith_peer_is_unwanted(dial->peer))) {
        answer(node, dial, is_linked_anyhow ? 0 : error != 0 ? error : KITH_ECLOSED);
        park(dial);
    } else if (link->has_left && link->bye_reason == KITH_BYE_DISCONNECTED)
        wait(node, dial, KITH_DIAL_REFUSED_RETRY);
    else if (dial->state == KITH_DIAL_LINKED && dial->is_suggested &&
             kith_link_is_farewell(link))
        forget(node, dial); /* it comes back with a beacon */
    else if (dial->state == KITH_DIAL_LINKED)
        redial(node, dial);
    else
        fail(node, dial, error != 0 ? error : KITH_ECLOSED);
}

void kith_dial_moved(struct kith_node *node)
{
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (dial->leads_home && dial->state == KITH_DIAL_WAITING)
            wait(node, dial, 0);
        dial->leads_home = false;
    }
}

void kith_dial_peer_lost(struct kith_node *node, const struct kith_peer *peer)
{
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        bool is_parked =
            dial->state == KITH_DIAL_WAITING && dial->next_at == KITH_TIME_NEVER;
        if (dial->peer != peer || !is_parked || kith_peer_is_unwanted(peer))
            continue;
        prolong(node, dial);
        wait(node, dial, backoff(node, 1));
    }
}

void kith_dial_refuse(struct kith_node *node, const struct kith_peer *peer)
{
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (dial->peer == peer && dial->state != KITH_DIAL_DIALLING)
            park(dial);
    }
}

void kith_dial_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->dials)
        kith_release(node->alloc, kith_list_item(item, struct kith_dial, item));
}
