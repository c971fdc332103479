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

/* A crowd met since does not hide the people we know. */
static void dial_latest(struct kith_node *node, bool are_contacts, kith_time duration)
{
    const struct kith_peer *latest[KITH_REMEMBER_MAX] = {0};
    for (uint32_t no = 1; no < node->peer_no_next && no < node->peer_capacity; no++) {
        const struct kith_peer *peer = node->peers[no];
        if (peer != NULL && peer->link == NULL && peer->address.host[0] != '\0' &&
            kith_peer_is_contact(peer) == are_contacts)
            insert(latest, peer);
    }
    for (size_t i = 0; i < KITH_REMEMBER_MAX && latest[i] != NULL; i++)
        if (!kith_dial_seeks(node, latest[i]))
            kith_dial_suggest(node, &latest[i]->id, &latest[i]->address,
                              KITH_REMEMBER_DELAY, duration);
}

static void dial(struct kith_node *node, kith_time duration)
{
    dial_latest(node, true, duration);
    dial_latest(node, false, duration);
}

static void wait(struct kith_node *node, kith_time pause)
{
    node->remember_pause = pause;
    node->remember_at = node->now.mono + pause;
    kith_node_wake_at(node, node->remember_at);
}

void kith_remember_begin(struct kith_node *node)
{
    dial(node, KITH_DIAL_TRY_TIME);
    wait(node, KITH_REMEMBER_PAUSE_MIN);
}

void kith_remember_soon(struct kith_node *node)
{
    if (node->remember_at > node->now.mono + KITH_REMEMBER_PAUSE_MIN)
        wait(node, KITH_REMEMBER_PAUSE_MIN);
}

void kith_remember_check(struct kith_node *node)
{
    if (!node->is_started)
        return;
    kith_node_wake_at(node, node->remember_at);
    if (node->now.mono < node->remember_at)
        return;
    kith_time pause = 2 * node->remember_pause;
    dial(node, KITH_REMEMBER_DELAY); /* once */
    wait(node, pause < KITH_REMEMBER_PAUSE_MAX ? pause : KITH_REMEMBER_PAUSE_MAX);
}
