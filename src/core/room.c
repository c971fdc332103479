/* SPDX-License-Identifier: MIT */
#include "core/room.h"

#include <string.h>

#include "core/digest.h"
#include "core/log.h"
#include "core/peer.h"

#define LOG_KEY_SIZE (KITH_ID_SIZE + KITH_LOG_ID_SIZE)

static struct kith_room *add(struct kith_node *node, const struct kith_id *id,
                             const struct kith_room_ops *ops)
{
    struct kith_room *room = kith_alloc_zero(node->alloc, sizeof(*room));
    if (room == NULL) {
        kith_node_break(node);
        return NULL;
    }
    room->id = *id;
    room->ops = ops;
    room->kind = ops->kind;
    kith_list_init(&room->shares);
    kith_list_init(&room->resting);
    kith_list_init(&room->in_open);
    kith_map_init(&room->log_map, node->alloc, node->hash_key, LOG_KEY_SIZE);
    if (kith_map_put(&node->room_map, room->id.bytes, room) != 0) {
        kith_map_deinit(&room->log_map);
        kith_release(node->alloc, room);
        kith_node_break(node);
        return NULL;
    }
    if (ops == &kith_room_open)
        kith_list_push(&node->open_rooms, &room->in_open);
    return room;
}

struct kith_room *kith_room_get_open(struct kith_node *node, const struct kith_name *name)
{
    struct kith_id id = kith_digest_open_room(node->network_key, name->text);
    struct kith_room *room = kith_map_get(&node->room_map, id.bytes);
    if (room == NULL)
        room = add(node, &id, &kith_room_open);
    if (room != NULL)
        room->name = *name;
    return room;
}

struct kith_room *kith_room_find_open(const struct kith_node *node,
                                      const struct kith_name *name)
{
    struct kith_id id = kith_digest_open_room(node->network_key, name->text);
    return kith_map_get(&node->room_map, id.bytes);
}

struct kith_room *kith_room_find_direct(const struct kith_node *node,
                                        const struct kith_id *peer)
{
    struct kith_id id = kith_digest_direct_room(&node->self->id, peer);
    return kith_map_get(&node->room_map, id.bytes);
}

struct kith_room *kith_room_get_direct(struct kith_node *node, struct kith_peer *peer)
{
    struct kith_id id = kith_digest_direct_room(&node->self->id, &peer->id);
    struct kith_room *room = kith_map_get(&node->room_map, id.bytes);
    if (room == NULL)
        room = add(node, &id, &kith_room_direct);
    if (room != NULL)
        room->peer = peer;
    return room;
}

bool kith_room_place(struct kith_node *node, struct kith_room *room, uint32_t no)
{
    void *rooms = node->rooms;
    if (!kith_node_grow(node, &rooms, &node->room_capacity, (size_t)no + 1,
                        sizeof(struct kith_room *)))
        return false;
    node->rooms = rooms;
    room->no = no;
    node->rooms[no] = room;
    return true;
}

/* A home keeps what was said in the networks it was in before. */
static struct kith_room *restore_open(struct kith_node *node,
                                      const struct kith_record_room *record)
{
    struct kith_id id = kith_digest_open_room(node->network_key, record->name.text);
    if (kith_id_equal(&id, &record->id))
        return kith_room_get_open(node, &record->name);
    if (kith_map_get(&node->room_map, record->id.bytes) != NULL)
        return NULL;
    struct kith_room *room = add(node, &record->id, &kith_room_foreign);
    if (room != NULL)
        room->name = record->name;
    return room;
}

int kith_room_restore(struct kith_node *node, const struct kith_record_room *record)
{
    if (record->no == 0 || record->no >= node->room_no_next ||
        (record->no < node->room_capacity && node->rooms[record->no] != NULL))
        return KITH_ECORRUPT;
    struct kith_room *room = NULL;
    if (record->kind == KITH_ROOM_OPEN) {
        room = restore_open(node, record);
    } else if (record->kind == KITH_ROOM_DIRECT) {
        if (record->peer_no == 0 || record->peer_no >= node->peer_capacity ||
            node->peers[record->peer_no] == NULL)
            return KITH_ECORRUPT;
        room = kith_room_get_direct(node, node->peers[record->peer_no]);
    }
    if (room == NULL)
        return node->is_broken ? KITH_ENOMEM : KITH_ECORRUPT;
    if (!kith_id_equal(&room->id, &record->id))
        return KITH_ECORRUPT; /* another node's home */
    room->is_joined = record->is_joined || room == node->lobby;
    room->is_recorded = true;
    return kith_room_place(node, room, record->no) ? 0 : KITH_ENOMEM;
}

static void free_room(struct kith_node *node, struct kith_room *room)
{
    for (size_t i = 0; i < room->log_count; i++)
        kith_log_free(node, room->logs[i]);
    kith_release(node->alloc, room->logs);
    kith_map_deinit(&room->log_map);
    kith_release(node->alloc, room);
}

bool kith_room_forget_direct(struct kith_node *node, const struct kith_peer *peer)
{
    struct kith_room *room = kith_room_find_direct(node, &peer->id);
    if (room == NULL)
        return true;
    if (room->no != 0 || room->share_count > 0 || room->spare_count < room->log_count)
        return false;
    kith_map_remove(&node->room_map, room->id.bytes);
    free_room(node, room);
    return true;
}

void kith_room_free_all(struct kith_node *node)
{
    struct kith_map_entry *entry = NULL;
    while ((entry = kith_map_next(&node->room_map, entry)) != NULL)
        free_room(node, kith_map_entry_value(entry));
    kith_map_deinit(&node->room_map);
    kith_release(node->alloc, node->rooms);
    kith_release(node->alloc, node->logs);
}
