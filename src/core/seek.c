/* SPDX-License-Identifier: MIT */
#include "core/seek.h"

#include "core/candidate.h"
#include "core/command.h"
#include "core/dial.h"
#include "core/lookup.h"
#include "core/peer.h"
#include "core/tracker.h"

static void finish(struct kith_node *node, struct kith_seek *seek, int error,
                   uint32_t peer_no)
{
    kith_command_reply(node, seek->token, error, peer_no);
    kith_list_remove(&seek->item);
    kith_release(node->alloc, seek);
    node->tracking.seek_count--;
}

static void wait_for(struct kith_node *node, const struct kith_peer *peer, uint64_t token)
{
    if (node->tracking.seek_count >= KITH_SEEKS_MAX) {
        kith_command_reply(node, token, KITH_ELIMIT, 0);
        return;
    }
    struct kith_seek *seek = kith_alloc_zero(node->alloc, sizeof(*seek));
    if (seek == NULL) {
        kith_node_break(node);
        return;
    }
    seek->token = token;
    seek->id = peer->id;
    seek->until = node->now.mono + KITH_SEEK_TIME;
    kith_list_push(&node->tracking.seeks, &seek->item);
    node->tracking.seek_count++;
    kith_node_wake_at(node, seek->until);
}

/* Who was disconnected or blocked by hand is wanted again: somebody asked for it. */
static int admit(struct kith_node *node, struct kith_peer *peer)
{
    if (peer == node->self)
        return KITH_ESELF;
    if (peer->is_blocked)
        return KITH_EBLOCKED;
    bool was_refused = peer->is_refused;
    peer->is_refused = false;
    peer->held_until = 0; /* by hand */
    if (was_refused && peer->link == NULL) {
        kith_dial_peer_lost(node, peer); /* its addresses are dialled again */
        kith_candidate_lost(node, peer);
    }
    if (!peer->is_contact) {
        peer->is_contact = true;
        kith_peer_keep(node, peer);
    }
    return 0;
}

void kith_seek_begin(struct kith_node *node, const struct kith_command *command)
{
    struct kith_peer *peer = kith_peer_get(node, &command->seek.id);
    if (peer == NULL)
        return;
    int error = admit(node, peer);
    if (error != 0 || peer->link != NULL) {
        kith_command_reply(node, command->token, error, error == 0 ? peer->no : 0);
        return;
    }
    if (command->seek.count > 0) {
        kith_dial_emit(node, command->seek.addresses, command->seek.count, &peer->id);
        kith_dial_suggest(node, &peer->id, &command->seek.addresses[0], KITH_RELAY_AFTER,
                          KITH_DIAL_KEEP_TIME);
    }
    for (uint32_t no = 1; no <= node->tracking.count; no++) {
        struct kith_tracker *tracker = kith_tracker_find(node, no);
        if (tracker->state == KITH_TRACKER_REGISTERED)
            kith_lookup_peer(node, tracker, &peer->id);
    }
    if (command->token != 0)
        wait_for(node, peer, command->token);
}

void kith_seek_linked(struct kith_node *node, const struct kith_peer *peer)
{
    kith_list_each_safe (item, &node->tracking.seeks) {
        struct kith_seek *seek = kith_list_item(item, struct kith_seek, item);
        if (kith_id_equal(&seek->id, &peer->id))
            finish(node, seek, 0, peer->no);
    }
}

void kith_seek_check_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->tracking.seeks) {
        struct kith_seek *seek = kith_list_item(item, struct kith_seek, item);
        if (node->now.mono >= seek->until)
            finish(node, seek, KITH_ETIMEDOUT, 0);
        else
            kith_node_wake_at(node, seek->until);
    }
}

void kith_seek_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->tracking.seeks)
        kith_release(node->alloc, kith_list_item(item, struct kith_seek, item));
}
