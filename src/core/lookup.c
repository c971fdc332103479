/* SPDX-License-Identifier: MIT */
#include "core/lookup.h"

#include <string.h>

#include "core/candidate.h"
#include "core/command.h"
#include "core/peer.h"
#include "core/tracker.h"

#define KITH_LOOKUP_NOBODYS 2 /* a token that no command has: those are odd */

static uint8_t bit(const struct kith_tracker *tracker)
{
    return (uint8_t)(1u << (tracker->no - 1));
}

static void finish(struct kith_node *node, struct kith_lookup *lookup)
{
    int error = lookup->count > 0     ? 0
                : lookup->is_answered ? KITH_ENOTFOUND
                                      : KITH_EUNREACHABLE;
    struct kith_notice *tell = kith_command_reply(node, lookup->token, error, 0);
    struct kith_bytes found = kith_outbox_copy(
        &node->out, kith_bytes(lookup->found, lookup->count * sizeof(lookup->found[0])));
    tell->reply.found = (const struct kith_found *)found.data;
    tell->reply.count = found.data != NULL ? lookup->count : 0;
    kith_list_remove(&lookup->item);
    kith_release(node->alloc, lookup);
    node->tracking.lookup_count--;
}

static void ask(struct kith_node *node, struct kith_tracker *tracker,
                struct kith_lookup *lookup, const struct kith_command *command)
{
    const char *name = command->lookup.name.text;
    struct kith_frame_lookup frame = {
        .token = lookup->wire,
        .by = command->lookup.is_name ? KITH_LOOKUP_NAME : KITH_LOOKUP_ID,
        .value = command->lookup.is_name
                     ? kith_bytes(name, strlen(name))
                     : kith_bytes(command->lookup.id.bytes, KITH_ID_SIZE),
    };
    kith_frame_lookup_encode(&node->scratch, &frame);
    kith_tracker_send_scratch(node, tracker);
    lookup->waits |= bit(tracker);
}

void kith_lookup_begin(struct kith_node *node, const struct kith_command *command)
{
    struct kith_tracking *tracking = &node->tracking;
    struct kith_lookup *lookup = NULL;
    if (tracking->lookup_count >= KITH_LOOKUPS_MAX) {
        kith_command_reply(node, command->token, KITH_ELIMIT, 0);
        return;
    }
    lookup = kith_alloc_zero(node->alloc, sizeof(*lookup));
    if (lookup == NULL) {
        kith_node_break(node);
        return;
    }
    lookup->token = command->token;
    lookup->wire = kith_rng_u64(&node->rng) | 1;
    lookup->until = node->now.mono + KITH_LOOKUP_TIME;
    for (size_t i = 0; i < tracking->count; i++)
        if (tracking->trackers[i].state == KITH_TRACKER_REGISTERED)
            ask(node, &tracking->trackers[i], lookup, command);
    if (lookup->waits == 0) {
        kith_release(node->alloc, lookup);
        kith_command_reply(node, command->token, KITH_EUNREACHABLE, 0);
        return;
    }
    kith_list_push(&tracking->lookups, &lookup->item);
    tracking->lookup_count++;
    kith_node_wake_at(node, lookup->until);
}

/* Several trackers may tell of one peer: where it is here counts. Here before away. */
static void add(struct kith_lookup *lookup, const struct kith_tracked *told)
{
    struct kith_found found = {
        .id = told->id,
        .is_here = told->state == KITH_TRACKED_HERE,
        .seen = (kith_time)(told->seen_s < UINT32_MAX ? told->seen_s : UINT32_MAX) *
                KITH_SECOND,
    };
    size_t at = 0;
    while (at < lookup->count && !kith_id_equal(&lookup->found[at].id, &told->id))
        at++;
    if (kith_name_parse(told->name, &found.name, NULL) != 0)
        found.name.text[0] = '\0';
    if (at == KITH_FOUND_MAX && found.is_here && !lookup->found[at - 1].is_here) {
        at--; /* who is here is of more use */
    } else if (at == KITH_FOUND_MAX) {
        return;
    } else if (at == lookup->count) {
        lookup->count++;
    } else if (lookup->found[at].is_here || !found.is_here) {
        return;
    }
    size_t place = 0;
    while (place < at && (!found.is_here || lookup->found[place].is_here))
        place++;
    memmove(&lookup->found[place + 1], &lookup->found[place],
            (at - place) * sizeof(found));
    lookup->found[place] = found;
}

void kith_lookup_peer(struct kith_node *node, struct kith_tracker *tracker,
                      const struct kith_id *id)
{
    struct kith_frame_lookup frame = {.token = KITH_LOOKUP_NOBODYS,
                                      .by = KITH_LOOKUP_ID,
                                      .value = kith_bytes(id->bytes, KITH_ID_SIZE)};
    kith_frame_lookup_encode(&node->scratch, &frame);
    kith_tracker_send_scratch(node, tracker);
}

void kith_lookup_contacts(struct kith_node *node, struct kith_tracker *tracker)
{
    size_t asked = 0;
    for (uint32_t no = 1; no < node->peer_no_next && no < node->peer_capacity; no++) {
        const struct kith_peer *peer = node->peers[no];
        if (peer == NULL || !kith_peer_is_contact(peer) || peer->link != NULL ||
            kith_peer_is_unwanted(peer))
            continue;
        if (asked++ == KITH_SEEK_SOUGHT)
            break;
        kith_lookup_peer(node, tracker, &peer->id);
    }
    kith_list_each (item, &node->tracking.seeks)
        kith_lookup_peer(node, tracker,
                         &kith_list_item(item, struct kith_seek, item)->id);
}

void kith_lookup_answered(struct kith_node *node, struct kith_tracker *tracker,
                          const struct kith_frame_peers *frame)
{
    for (size_t i = 0; i < frame->count; i++)
        if (frame->peers[i].state == KITH_TRACKED_HERE)
            kith_candidate_told(node, tracker, &frame->peers[i]);
    kith_list_each_safe (item, &node->tracking.lookups) {
        struct kith_lookup *lookup = kith_list_item(item, struct kith_lookup, item);
        if (lookup->wire != frame->token || (lookup->waits & bit(tracker)) == 0)
            continue;
        lookup->waits &= (uint8_t)~bit(tracker);
        lookup->is_answered = true;
        for (size_t i = 0; i < frame->count; i++)
            add(lookup, &frame->peers[i]);
        if (lookup->waits == 0)
            finish(node, lookup);
        return;
    }
}

void kith_lookup_tracker_lost(struct kith_node *node, const struct kith_tracker *tracker)
{
    kith_list_each_safe (item, &node->tracking.lookups) {
        struct kith_lookup *lookup = kith_list_item(item, struct kith_lookup, item);
        bool was_waited_for = (lookup->waits & bit(tracker)) != 0;
        lookup->waits &= (uint8_t)~bit(tracker);
        if (was_waited_for && lookup->waits == 0)
            finish(node, lookup);
    }
}

void kith_lookup_check_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->tracking.lookups) {
        struct kith_lookup *lookup = kith_list_item(item, struct kith_lookup, item);
        if (node->now.mono >= lookup->until)
            finish(node, lookup);
        else
            kith_node_wake_at(node, lookup->until);
    }
}

void kith_lookup_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->tracking.lookups)
        kith_release(node->alloc, kith_list_item(item, struct kith_lookup, item));
}
