/* SPDX-License-Identifier: MIT */
#include "core/acquaintance.h"

#include "core/room.h"

#define TRIES 2 /* more than one newcomer brings, so that those refused do not add up */

static bool is_of_a_link(const struct kith_node *node, const struct kith_peer *peer)
{
    kith_list_each (item, &node->links)
        if (kith_list_item(item, struct kith_link, item)->peer == peer)
            return true;
    return false;
}

static bool forget(struct kith_node *node, struct kith_peer *peer)
{
    if (peer->is_refused || is_of_a_link(node, peer) ||
        !kith_room_forget_direct(node, peer))
        return false;
    kith_list_each (item, &node->dials) {
        struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (dial->peer == peer)
            dial->peer = NULL;
    }
    kith_map_remove(&node->peer_map, peer->id.bytes);
    node->peers[peer->no] = NULL;
    kith_list_push(&node->spare_peers, &peer->in_left);
    return true;
}

static void add(struct kith_node *node, struct kith_peer *peer)
{
    kith_list_push(&node->left, &peer->in_left);
    node->left_count++;
}

void kith_acquaintance_back(struct kith_node *node, struct kith_peer *peer)
{
    if (kith_list_is_empty(&peer->in_left))
        return;
    kith_list_remove(&peer->in_left);
    node->left_count--;
}

void kith_acquaintance_left(struct kith_node *node, struct kith_peer *peer)
{
    if (peer->is_kept)
        return;
    kith_acquaintance_back(node, peer);
    add(node, peer);
    for (int i = 0; i < TRIES && node->left_count > KITH_ACQUAINTANCES_MAX; i++) {
        struct kith_peer *oldest =
            kith_list_item(node->left.next, struct kith_peer, in_left);
        kith_acquaintance_back(node, oldest);
        if (!forget(node, oldest))
            add(node, oldest);
    }
}
