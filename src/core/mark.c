/* SPDX-License-Identifier: MIT */
#include "core/mark.h"

#include "core/candidate.h"
#include "core/command.h"
#include "core/dial.h"
#include "core/link.h"
#include "core/peer.h"
#include "core/promise.h"

static void set_blocked(struct kith_node *node, struct kith_peer *peer, bool is_blocked)
{
    peer->is_blocked = is_blocked;
    if (!is_blocked) {
        peer->held_until = 0;            /* by hand */
        kith_dial_peer_lost(node, peer); /* its addresses are dialled again */
        kith_candidate_lost(node, peer);
        return;
    }
    kith_dial_refuse(node, peer);
    if (peer->link != NULL)
        kith_link_close(node, peer->link, KITH_BYE_DISCONNECTED, KITH_EDISCONNECTED);
}

static void undo_block(struct kith_node *node, const struct kith_promise *promise)
{
    set_blocked(node, promise->peer, promise->before);
}

static void undo_verify(struct kith_node *node, const struct kith_promise *promise)
{
    (void)node;
    promise->peer->is_verified = promise->before;
}

void kith_mark_peer(struct kith_node *node, const struct kith_command *command)
{
    bool is_block = command->type == KITH_COMMAND_BLOCK;
    struct kith_peer *peer = kith_peer_get(node, &command->mark.peer);
    if (peer == NULL || peer == node->self) {
        kith_command_reply(node, command->token, KITH_ESELF, 0);
        return;
    }
    struct kith_promise promise = {
        .token = command->token,
        .peer = peer,
        .before = is_block ? peer->is_blocked : peer->is_verified,
        .undo = is_block ? undo_block : undo_verify,
    };
    if (is_block)
        set_blocked(node, peer, command->mark.is_on);
    else
        peer->is_verified = command->mark.is_on;
    kith_peer_keep(node, peer);
    kith_promise_add(node, &promise);
}
