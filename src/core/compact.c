/* SPDX-License-Identifier: MIT */
#include "core/compact.h"

#include <string.h>

#include "core/log.h"

static bool is_loose(const struct kith_room *room)
{
    return room->spare_count > room->log_count - room->spare_count + KITH_SPARE_LOGS_MAX;
}

void kith_compact_note(struct kith_node *node, const struct kith_room *room)
{
    if (is_loose(room))
        node->is_loose = true;
}

/* Where the first log from place `at` on that is left will be; behind all if none is. */
static size_t place_from(const struct kith_room *room, size_t at)
{
    while (at < room->log_count && room->logs[at]->is_spare)
        at++;
    return at < room->log_count ? room->logs[at]->index
                                : room->log_count - room->spare_count;
}

static void move_queue(const struct kith_room *room, struct kith_index_queue *queue)
{
    uint32_t *items = queue->items + queue->head;
    size_t count = 0;
    for (size_t i = 0; i < queue->count; i++)
        if (!room->logs[items[i]]->is_spare)
            items[count++] = room->logs[items[i]]->index;
    queue->count = count;
}

/* Without memory for it the array stays as long as it is. */
static void shrink(struct kith_node *node, void **items, size_t *capacity, size_t count,
                   size_t item_size)
{
    size_t wanted = count > 0 ? count : 1;
    void *shrunk = kith_alloc_resize(node->alloc, *items, wanted * item_size);
    if (shrunk == NULL)
        return;
    *items = shrunk;
    *capacity = wanted;
}

static void move_tracks(struct kith_node *node, struct kith_share *share)
{
    size_t count = 0;
    for (size_t i = 0; i < share->track_count; i++)
        if (!share->room->logs[i]->is_spare)
            share->tracks[count++] = share->tracks[i];
    memset(share->tracks + count, 0,
           (share->track_count - count) * sizeof(share->tracks[0]));
    share->track_count = count;
    void *tracks = share->tracks;
    shrink(node, &tracks, &share->track_capacity, count, sizeof(share->tracks[0]));
    share->tracks = tracks;
}

static void move_share(struct kith_node *node, struct kith_share *share)
{
    share->told = place_from(share->room, share->told);
    share->forks_next = place_from(share->room, share->forks_next);
    move_queue(share->room, &share->streams[0]);
    move_queue(share->room, &share->streams[1]);
    move_queue(share->room, &share->dirty);
    if (share->tracks != NULL)
        move_tracks(node, share);
}

/* First every log learns its new place; what counts by places is moved while the old ones
 * can still be looked up. */
static void close_ranks(struct kith_node *node, struct kith_room *room)
{
    uint32_t count = 0;
    for (size_t i = 0; i < room->log_count; i++)
        if (!room->logs[i]->is_spare)
            room->logs[i]->index = count++;
    kith_list_each (item, &room->shares)
        move_share(node, kith_list_item(item, struct kith_share, in_room));
    count = 0;
    for (size_t i = 0; i < room->log_count; i++) {
        struct kith_log *log = room->logs[i];
        if (log->is_spare)
            kith_log_free(node, log);
        else
            room->logs[count++] = log;
    }
    room->log_count = count;
    room->spare_count = 0;
    room->spare = NULL;
    void *logs = room->logs;
    shrink(node, &logs, &room->log_capacity, count, sizeof(struct kith_log *));
    room->logs = logs;
}

void kith_compact(struct kith_node *node)
{
    if (!node->is_loose)
        return;
    node->is_loose = false;
    struct kith_map_entry *entry = NULL;
    while ((entry = kith_map_next(&node->room_map, entry)) != NULL) {
        struct kith_room *room = kith_map_entry_value(entry);
        if (is_loose(room))
            close_ranks(node, room);
    }
}
