/* SPDX-License-Identifier: MIT */
#include "core/mutual.h"

#include <string.h>

#include "core/dial.h"
#include "core/link.h"
#include "core/peer.h"

static bool is_direct(const struct kith_link *link)
{
    return link != NULL && link->state == KITH_LINK_LIVE && !link->is_relayed;
}

static bool has_other_way(const struct kith_node *node, const struct kith_id *id)
{
    const struct kith_peer *peer = kith_peer_find(node, id);
    return peer != NULL && (is_direct(peer->link) || kith_peer_is_unwanted(peer));
}

/* ---- who wants to be relayed ---- */

static void ask(struct kith_node *node, struct kith_link *link, const struct kith_id *id)
{
    struct kith_frame_call frame = {.token = 1, .id = *id, .how = KITH_CALL_RELAY};
    kith_frame_call_encode(&node->scratch, &frame);
    kith_link_send_scratch(node, link);
}

/* Others each time, for most may not relay: a few in a row, beginning anywhere. */
void kith_mutual_call(struct kith_node *node, const struct kith_id *id)
{
    const struct kith_peer *wanted = kith_peer_find(node, id);
    size_t asked = 0;
    if (wanted == NULL || !kith_peer_is_contact(wanted))
        return;
    struct kith_list *last = kith_link_draw(node), *item = last;
    do {
        item = item->next;
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (item == &node->links || !is_direct(link) || !kith_peer_is_contact(link->peer))
            continue;
        ask(node, link, id);
        asked++;
    } while (item != last && asked < KITH_MUTUAL_ASKED_MAX);
}

/* Where it listens: the far end of an accepted link had told that in its HELLO. */
int kith_mutual_rung(struct kith_node *node, struct kith_link *link,
                     const struct kith_frame_ring *frame)
{
    if (frame->how != KITH_CALL_RELAY || !kith_peer_is_contact(link->peer) ||
        !is_direct(link) || has_other_way(node, &frame->id) ||
        kith_id_equal(&frame->id, &node->self->id) ||
        !kith_tokens_take(&link->calls, node->now.mono, KITH_MUTUAL_CALLS_PER_S,
                          KITH_MUTUAL_CALLS_MOST))
        return 0;
    struct kith_effect *effect = kith_dial_emit(node, &link->remote, 1, &frame->id);
    effect->dial.role = frame->role == 'd' ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER;
    effect->dial.ticket = kith_outbox_copy(&node->out, frame->ticket).data;
    effect->dial.relay = link->peer->id;
    return 0;
}

/* ---- who relays ---- */

static bool is_served(const struct kith_node *node, const struct kith_peer *peer)
{
    return node->relays_for_contacts && peer != NULL && kith_peer_is_contact(peer);
}

static void refuse(struct kith_node *node, struct kith_link *link,
                   const struct kith_frame_call *frame, enum kith_refused_reason reason)
{
    struct kith_frame_refused refused = {.token = frame->token, .reason = reason};
    kith_frame_refused_encode(&node->scratch, &refused);
    kith_link_send_scratch(node, link);
}

static void ring(struct kith_node *node, struct kith_link *link, uint64_t token,
                 const struct kith_id *other, const uint8_t *ticket)
{
    struct kith_frame_ring frame = {
        .token = token,
        .id = *other,
        .how = KITH_CALL_RELAY,
        .role = kith_id_compare(&link->id, other) < 0 ? 'd' : 'l',
        .ticket = kith_bytes(ticket, KITH_TICKET_SIZE),
    };
    kith_frame_ring_encode(&node->scratch, &frame);
    kith_link_send_scratch(node, link);
}

/* Both are told at once: a relay that has no place left lets neither in, and they try
 * again later. */
static void join(struct kith_node *node, struct kith_link *caller,
                 struct kith_link *called, uint64_t token)
{
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_RELAY);
    uint8_t tickets[2][KITH_TICKET_SIZE];
    kith_rng_fill(&node->rng, tickets, sizeof(tickets));
    memcpy(effect->relay.tickets, tickets, sizeof(tickets));
    ring(node, caller, token, &called->id, tickets[0]);
    ring(node, called, 0, &caller->id, tickets[1]);
}

int kith_mutual_called(struct kith_node *node, struct kith_link *link,
                       const struct kith_frame_call *frame)
{
    const struct kith_peer *other = kith_peer_find(node, &frame->id);
    if (frame->how != KITH_CALL_RELAY || !is_served(node, link->peer))
        refuse(node, link, frame, KITH_REFUSED_NEVER);
    else if (!is_served(node, other) || !is_direct(other->link) || other->link == link ||
             !is_direct(link))
        refuse(node, link, frame, KITH_REFUSED_AWAY);
    else if (!kith_tokens_take(&link->calls, node->now.mono, KITH_MUTUAL_CALLS_PER_S,
                               KITH_MUTUAL_CALLS_MOST))
        refuse(node, link, frame, KITH_REFUSED_LIMIT);
    else
        join(node, link, other->link, frame->token);
    return 0;
}
