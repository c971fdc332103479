/* SPDX-License-Identifier: MIT */
#include "core/promise.h"

#include "core/command.h"

void kith_promise_add(struct kith_node *node, const struct kith_promise *promise)
{
    struct kith_promise *added = kith_alloc(node->alloc, sizeof(*added));
    if (added == NULL) {
        kith_node_break(node);
        return;
    }
    *added = *promise;
    added->store_no = node->store_no;
    kith_list_push(&node->promises, &added->item);
}

static void answer(struct kith_node *node, struct kith_promise *promise, int error)
{
    kith_list_remove(&promise->item);
    uint32_t peer_no = promise->peer != NULL ? promise->peer->no : 0;
    struct kith_notice *tell = kith_command_reply(node, promise->token, error, peer_no);
    tell->reply.room_no = promise->room != NULL ? promise->room->no : 0;
    kith_release(node->alloc, promise);
}

void kith_promise_keep(struct kith_node *node, uint64_t store_no)
{
    kith_list_each_safe (item, &node->promises) {
        struct kith_promise *promise = kith_list_item(item, struct kith_promise, item);
        if (promise->store_no > store_no)
            return;
        answer(node, promise, 0);
    }
}

void kith_promise_break(struct kith_node *node, int error)
{
    while (!kith_list_is_empty(&node->promises)) {
        struct kith_promise *promise =
            kith_list_item(node->promises.prev, struct kith_promise, item);
        promise->undo(node, promise);
        answer(node, promise, error);
    }
}

void kith_promise_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->promises)
        kith_release(node->alloc, kith_list_item(item, struct kith_promise, item));
}
