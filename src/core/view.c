/* SPDX-License-Identifier: MIT */
/* The queries of core/node.h: nothing changes here. */
#include "core/node.h"

#include <string.h>

#include "core/digest.h"
#include "core/engine.h"
#include "core/link.h"
#include "core/log.h"
#include "core/peer.h"
#include "core/room.h"

size_t kith_node_peer_count(const struct kith_node *node)
{
    return node->peer_no_next - 1;
}

static const struct kith_peer *peer_at(const struct kith_node *node, uint32_t peer_no)
{
    if (peer_no == 0)
        return node->self;
    return peer_no < node->peer_capacity ? node->peers[peer_no] : NULL;
}

static enum kith_path path_of(const struct kith_link *link)
{
    if (link->is_relayed)
        return KITH_PATH_RELAY;
    if (link->is_lan)
        return KITH_PATH_LAN;
    return link->is_mapped ? KITH_PATH_MAPPED : KITH_PATH_DIRECT;
}

bool kith_node_peer(const struct kith_node *node, uint32_t peer_no,
                    struct kith_peer_view *out)
{
    const struct kith_peer *peer = peer_at(node, peer_no);
    if (peer == NULL)
        return false;
    const struct kith_link *link =
        peer->is_moving ? kith_link_coming(node, &peer->id) : peer->link;
    *out = (struct kith_peer_view){
        .no = peer_no,
        .id = peer->id,
        .name = peer->name.text,
        .is_online = link != NULL,
        .is_contact = kith_peer_is_contact(peer),
        .is_blocked = peer->is_blocked,
        .is_verified = peer->is_verified,
        .is_refused = peer->is_refused,
        .last_seen = link != NULL ? node->now.wall : peer->last_seen,
        .address = peer->address,
    };
    if (link != NULL) {
        out->path = path_of(link);
        out->path_since = link == peer->link ? link->since : peer->online_since;
        out->rtt = link->rtt;
        out->online_since = peer->online_since;
        if (link->is_relayed)
            out->relay = link->remote;
        else
            out->address = link->remote;
    }
    return true;
}

void kith_node_code(const struct kith_node *node, const struct kith_id *peer,
                    char out[static KITH_CODE_SIZE])
{
    kith_digest_code(&node->self->id, peer, out);
}

uint32_t kith_node_room_no(const struct kith_node *node, const struct kith_id *id)
{
    const struct kith_room *room = kith_map_get(&node->room_map, id->bytes);
    return room != NULL ? room->no : 0;
}

bool kith_node_log(const struct kith_node *node, uint32_t log_no,
                   struct kith_log_view *out)
{
    const struct kith_log *log = log_no < node->log_capacity ? node->logs[log_no] : NULL;
    if (log == NULL || log->author == NULL)
        return false;
    *out = (struct kith_log_view){
        .room_no = log->room->no,
        .author_no = log->author->no,
        .log_class = log->log_class,
        .head_seq = log->head_seq,
    };
    return true;
}

size_t kith_node_log_nos(const struct kith_node *node, const struct kith_id *room_id,
                         const struct kith_id *author, const struct kith_log_id *id,
                         uint32_t *nos, size_t nos_max)
{
    const struct kith_room *room = kith_map_get(&node->room_map, room_id->bytes);
    size_t count = 0;
    if (room == NULL)
        return 0;
    for (const struct kith_log *log = kith_log_find(room, author, id);
         log != NULL && count < nos_max; log = log->branch_next)
        if (log->no != 0)
            nos[count++] = log->no;
    return count;
}

size_t kith_node_room_count(const struct kith_node *node)
{
    return node->room_no_next - 1;
}

static size_t online_count(const struct kith_room *room)
{
    size_t count = 0;
    kith_list_each (item, &room->shares)
        count += kith_list_item(item, struct kith_share, in_room)->is_live;
    return count;
}

bool kith_node_room(const struct kith_node *node, uint32_t room_no,
                    struct kith_room_view *out)
{
    const struct kith_room *room =
        room_no < node->room_capacity ? node->rooms[room_no] : NULL;
    if (room == NULL)
        return false;
    *out = (struct kith_room_view){
        .no = room_no,
        .id = room->id,
        .kind = room->kind,
        .name = room->name.text,
        .is_foreign = room->ops == &kith_room_foreign,
        .is_joined = room->ops == &kith_room_direct ||
                     (room->ops == &kith_room_open && room->is_joined),
        .peer_no = room->peer != NULL ? room->peer->no : 0,
        .online_count = online_count(room),
    };
    return true;
}

bool kith_node_is_in_room(const struct kith_node *node, uint32_t room_no,
                          uint32_t peer_no)
{
    const struct kith_room *room =
        room_no < node->room_capacity ? node->rooms[room_no] : NULL;
    if (room == NULL)
        return false;
    kith_list_each (item, &room->shares) {
        const struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        if (share->is_live && share->link->peer->no == peer_no)
            return true;
    }
    return false;
}

struct kith_delivery kith_node_delivery(const struct kith_node *node, uint32_t log_no,
                                        uint64_t seq)
{
    struct kith_delivery delivery = {0};
    const struct kith_log *log = log_no < node->log_capacity ? node->logs[log_no] : NULL;
    if (log == NULL)
        return delivery;
    for (size_t i = 0; i < log->ack_count; i++) {
        if (log->acks[i].seq < seq)
            continue;
        delivery.held_count++;
        if (log->room->peer != NULL && log->room->peer->no == log->acks[i].peer_no)
            delivery.is_delivered = true;
    }
    return delivery;
}

size_t kith_node_holders(const struct kith_node *node, uint32_t log_no, uint64_t seq,
                         uint32_t *out, size_t out_max)
{
    size_t count = 0;
    const struct kith_log *log = log_no < node->log_capacity ? node->logs[log_no] : NULL;
    for (size_t i = 0; log != NULL && i < log->ack_count && count < out_max; i++)
        if (log->acks[i].seq >= seq)
            out[count++] = log->acks[i].peer_no;
    return count;
}

void kith_node_beacons(const struct kith_node *node, struct kith_beacon_counts *out)
{
    *out = node->beacon.counts;
}

static bool is_linked(const struct kith_node *node, const struct kith_id *id)
{
    const struct kith_peer *peer = kith_peer_find(node, id);
    return peer != NULL && peer->link != NULL;
}

/* Who is heard of again and again, and never reached, has no dial most of the time. */
static bool view_lost(const struct kith_node *node, struct kith_dial_view *out)
{
    const struct kith_dial_lost *lost = &node->dial_lost;
    if (lost->at == 0 || node->now.mono - lost->at >= KITH_DIAL_LOST_TIME ||
        is_linked(node, &lost->expected))
        return false;
    *out = (struct kith_dial_view){
        .address = lost->address,
        .is_suggested = true,
        .error = lost->error,
        .failures = lost->failures,
    };
    return true;
}

bool kith_node_dial(const struct kith_node *node, size_t index,
                    struct kith_dial_view *out)
{
    bool is_lost_there = false;
    kith_list_each (item, &node->dials) {
        const struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        is_lost_there |= dial->is_suggested && dial->error != 0 &&
                         kith_id_equal(&dial->expected, &node->dial_lost.expected);
        if (index-- > 0)
            continue;
        *out = (struct kith_dial_view){
            .address = dial->address,
            .is_linked = dial->is_suggested
                             ? is_linked(node, &dial->expected)
                             : dial->peer != NULL && dial->peer->link != NULL,
            .is_suggested = dial->is_suggested,
            .error = dial->error,
            .failures = dial->failures,
        };
        return true;
    }
    return index == 0 && !is_lost_there && view_lost(node, out);
}

size_t kith_node_parked_count(const struct kith_node *node)
{
    size_t count = 0;
    kith_list_each (item, &node->wanting)
        count +=
            kith_list_item(item, struct kith_log, wanting)->parked_until > node->now.wall;
    return count;
}

const struct kith_id *kith_node_id(const struct kith_node *node)
{
    return &node->self->id;
}

const char *kith_node_name(const struct kith_node *node)
{
    return node->self->name.text;
}

size_t kith_node_link_count(const struct kith_node *node)
{
    return node->link_count;
}
