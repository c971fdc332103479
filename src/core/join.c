/* SPDX-License-Identifier: MIT */
#include "core/join.h"

#include "core/command.h"
#include "core/promise.h"
#include "core/record.h"
#include "core/room.h"
#include "core/share.h"

static size_t joined_count(const struct kith_node *node)
{
    size_t count = 0;
    for (uint32_t no = 1; no < node->room_no_next && no < node->room_capacity; no++) {
        const struct kith_room *room = node->rooms[no];
        count += room != NULL && room->ops == &kith_room_open && room->is_joined;
    }
    return count;
}

static void set_joined(struct kith_node *node, struct kith_room *room, bool is_joined)
{
    if (room->is_joined == is_joined)
        return;
    room->is_joined = is_joined;
    if (is_joined)
        kith_share_open_room(node, room);
    else
        kith_share_close_room(node, room);
}

static void undo(struct kith_node *node, const struct kith_promise *promise)
{
    set_joined(node, promise->room, promise->before);
}

static void change(struct kith_node *node, struct kith_room *room, bool is_joined,
                   uint64_t token)
{
    bool before = room->is_joined;
    set_joined(node, room, is_joined);
    room->is_recorded = false;
    if (kith_record_room(node, room) != 0)
        return; /* and the node is broken */
    kith_promise_add(node, &(struct kith_promise){
                               .token = token,
                               .room = room,
                               .before = before,
                               .undo = undo,
                           });
}

void kith_join_room(struct kith_node *node, const struct kith_name *name, uint64_t token)
{
    struct kith_room *room = kith_room_find_open(node, name);
    if (room != NULL && room->is_joined && room->no != 0) {
        kith_command_reply(node, token, 0, 0)->reply.room_no = room->no;
        return;
    }
    if (joined_count(node) >= KITH_JOINED_MAX) {
        kith_command_reply(node, token, KITH_ELIMIT, 0);
        return;
    }
    room = kith_room_get_open(node, name);
    if (room != NULL)
        change(node, room, true, token);
}

void kith_join_leave(struct kith_node *node, const struct kith_name *name, uint64_t token)
{
    struct kith_room *room = kith_room_find_open(node, name);
    if (room == NULL || !room->is_joined)
        kith_command_reply(node, token, KITH_ENOTFOUND, 0);
    else if (room == node->lobby)
        kith_command_reply(node, token, KITH_EINVALID, 0);
    else
        change(node, room, false, token);
}
