/* SPDX-License-Identifier: MIT */
#include "core/remember.h"

#include "core/dial.h"
#include "core/peer.h"

/* The latest first. */
static void insert(const struct kith_peer *latest[static KITH_REMEMBER_MAX],
                   const struct kith_peer *peer)
{
    size_t at = KITH_REMEMBER_MAX;
    while (at > 0 &&
           (latest[at - 1] == NULL || latest[at - 1]->last_seen < peer->last_seen)) {
        if (at < KITH_REMEMBER_MAX)
            latest[at] = latest[at - 1];
        at--;
    }
    if (at < KITH_REMEMBER_MAX)
        latest[at] = peer;
}

/* Strangers of whom nobody heard for long have gone, or moved; people we know may be
 * back. */
static bool is_wanted(const struct kith_node *node, const struct kith_peer *peer)
{
    return peer != NULL && peer->link == NULL && peer->address_kept.host[0] != '\0' &&
           !kith_peer_is_unwanted(peer) &&
           (kith_peer_is_contact(peer) ||
            node->now.wall - peer->last_seen < KITH_REMEMBER_STRANGERS);
}

/* A crowd met since does not hide the people we know. */
static void dial_latest(struct kith_node *node, bool are_contacts, kith_time duration)
{
    const struct kith_peer *latest[KITH_REMEMBER_MAX] = {0};
    for (uint32_t no = 1; no < node->peer_no_next && no < node->peer_capacity; no++)
        if (is_wanted(node, node->peers[no]) &&
            kith_peer_is_contact(node->peers[no]) == are_contacts)
            insert(latest, node->peers[no]);
    for (size_t i = 0; i < KITH_REMEMBER_MAX && latest[i] != NULL; i++)
        if (!kith_dial_seeks(node, latest[i]))
            kith_dial_suggest(node, &latest[i]->id, &latest[i]->address_kept,
                              KITH_REMEMBER_DELAY, duration);
}

static void dial(struct kith_node *node, kith_time duration)
{
    dial_latest(node, true, duration);
    if (node->link_count < KITH_MESH_MAX)
        dial_latest(node, false, duration);
}

/* Half to all of it: many that lost one at once do not come back in one instant. */
static kith_time vary(struct kith_node *node, kith_time pause)
{
    return pause / 2 + (kith_time)kith_rng_below(&node->rng, (uint64_t)pause / 2 + 1);
}

static void wait(struct kith_node *node, kith_time pause)
{
    node->remember_pause = pause;
    node->remember_at = node->now.mono + vary(node, pause);
}

void kith_remember_begin(struct kith_node *node)
{
    dial(node, KITH_DIAL_TRY_TIME);
    wait(node, KITH_REMEMBER_PAUSE_MIN);
    kith_node_wake_at(node, node->remember_at);
}

void kith_remember_left(struct kith_node *node, const struct kith_peer *peer)
{
    kith_time delay = vary(node, KITH_REMEMBER_PAUSE_MIN);
    if (is_wanted(node, peer) && !kith_dial_seeks(node, peer))
        kith_dial_suggest(node, &peer->id, &peer->address_kept, delay, delay);
}

void kith_remember_check(struct kith_node *node)
{
    if (!node->is_started)
        return;
    if (node->now.mono >= node->remember_at) {
        kith_time pause = 2 * node->remember_pause;
        dial(node, KITH_REMEMBER_DELAY); /* once */
        wait(node, pause < KITH_REMEMBER_PAUSE_MAX ? pause : KITH_REMEMBER_PAUSE_MAX);
    }
    kith_node_wake_at(node, node->remember_at);
}
