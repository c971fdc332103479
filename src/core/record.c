/* SPDX-License-Identifier: MIT */
#include "core/record.h"

#include <string.h>

#include "core/log.h"
#include "core/peer.h"
#include "core/room.h"
#include "core/tracker.h"

struct kith_record *kith_record_add(struct kith_node *node, enum kith_record_type type)
{
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_STORE);
    effect->store.store_no = ++node->store_no;
    effect->store.record = (struct kith_record){.type = type};
    return &effect->store.record;
}

/* Durable before the first event of this process: see DESIGN section 5. */
static void record_marker(struct kith_node *node)
{
    if (node->is_marked)
        return;
    struct kith_record *record = kith_record_add(node, KITH_RECORD_META);
    memcpy(record->meta.marker, node->marker, KITH_MARKER_SIZE);
    node->is_marked = true;
}

int kith_record_room(struct kith_node *node, struct kith_room *room)
{
    if (room->is_recorded)
        return 0;
    if (room->peer != NULL && !room->peer->is_recorded)
        kith_peer_keep(node, room->peer);
    if (room->no == 0) {
        if (!kith_room_place(node, room, node->room_no_next))
            return KITH_ENOMEM;
        node->room_no_next++;
    }
    struct kith_record *record = kith_record_add(node, KITH_RECORD_ROOM);
    record->room = (struct kith_record_room){
        .no = room->no,
        .id = room->id,
        .kind = room->kind,
        .name = room->name,
        .peer_no = room->peer != NULL ? room->peer->no : 0,
        .is_joined = room->kind != KITH_ROOM_OPEN || room->is_joined,
    };
    room->is_recorded = true;
    return 0;
}

static int number_log(struct kith_node *node, struct kith_log *log)
{
    if (log->no != 0)
        return 0;
    if (node->log_no_next > KITH_LOG_NO_MAX)
        return KITH_ELIMIT;
    if (!kith_log_place(node, log, node->log_no_next))
        return KITH_ENOMEM;
    node->log_no_next++;
    return 0;
}

int kith_record_log(struct kith_node *node, struct kith_log *log)
{
    if (log->is_recorded)
        return 0;
    record_marker(node);
    if (log->author != node->self && !log->author->is_recorded)
        kith_peer_keep(node, log->author);
    int error = kith_record_room(node, log->room);
    if (error == 0)
        error = number_log(node, log);
    if (error != 0)
        return error;
    struct kith_record *record = kith_record_add(node, KITH_RECORD_LOG);
    record->log = (struct kith_record_log){
        .no = log->no,
        .room_no = log->room->no,
        .author_no = log->author->no,
        .log = log->id,
        .log_class = log->log_class,
        .base_no = log->base != NULL ? log->base->no : 0,
        .seq_first = log->seq_first,
    };
    log->is_recorded = true;
    return 0;
}

void kith_record_forget_uncommitted(struct kith_node *node)
{
    /* Storing a row again changes nothing, so all that could be new is taken for new;
     * what has committed events is certain to be there. */
    node->is_marked = false;
    for (uint32_t no = 0; no < node->peer_no_next && no < node->peer_capacity; no++)
        if (node->peers[no] != NULL)
            node->peers[no]->is_recorded = false;
    for (uint32_t no = 1; no < node->room_no_next && no < node->room_capacity; no++)
        if (node->rooms[no] != NULL)
            node->rooms[no]->is_recorded = false;
    for (uint32_t no = 1; no < node->log_no_next && no < node->log_capacity; no++)
        if (node->logs[no] != NULL && !kith_log_is_held(node->logs[no]))
            node->logs[no]->is_recorded = false;
    kith_tracker_forget_uncommitted(node);
}
