/* SPDX-License-Identifier: MIT */
#include "api/server_object.h"

#include <stdio.h>

bool kith_message_from_entry(const struct kith_entry *entry, struct kith_message *out)
{
    struct kith_bytes text;
    if (entry->kind != KITH_KIND_MESSAGE || entry->body.size == 0 ||
        kith_body_message_decode(entry->body, &text) != 0)
        return false;
    *out = (struct kith_message){
        .room_no = entry->room_no,
        .log_no = entry->log_no,
        .author_no = entry->author_no,
        .seq = entry->seq,
        .id = entry->id,
        .hlc = entry->hlc,
        .seen = entry->seen,
        .arrival = entry->arrival,
        .text = text,
    };
    return true;
}

bool kith_message_from_notice(const struct kith_notice *notice, size_t index,
                              struct kith_message *out)
{
    const struct kith_event *event = &notice->message.run->events[index];
    struct kith_bytes text;
    if (notice->message.run->log_class != KITH_LOG_CONTENT ||
        event->kind != KITH_KIND_MESSAGE || event->content.size <= KITH_SALT_SIZE)
        return false;
    struct kith_bytes body = kith_bytes(event->content.data + KITH_SALT_SIZE,
                                        event->content.size - KITH_SALT_SIZE);
    if (kith_body_message_decode(body, &text) != 0)
        return false;
    *out = (struct kith_message){
        .room_no = notice->message.room_no,
        .log_no = notice->message.log_no,
        .author_no = notice->message.author_no,
        .seq = event->seq,
        .id = event->id,
        .hlc = event->hlc,
        .seen = notice->message.seen,
        .arrival = notice->message.arrival_first + index,
        .text = text,
    };
    return true;
}

kith_time kith_message_time(const struct kith_message *message)
{
    kith_time written = kith_hlc_wall(message->hlc);
    return written < message->seen ? written : message->seen;
}

const char *kith_state_text(struct kith_delivery delivery)
{
    if (delivery.is_delivered)
        return "delivered";
    return delivery.held_count > 0 ? "held" : "pending";
}

/* Returns whether the room is a direct one. */
static bool room_text(const struct kith_node *node, const struct kith_room_view *room,
                      char out[static KITH_ROOM_TEXT_SIZE])
{
    struct kith_peer_view peer;
    char brief[KITH_ID_SHORT_SIZE];
    kith_id_format_short(&room->id, brief);
    if (room->is_foreign)
        snprintf(out, KITH_ROOM_TEXT_SIZE, "#%s~%s", room->name, brief);
    else if (room->kind == KITH_ROOM_OPEN)
        snprintf(out, KITH_ROOM_TEXT_SIZE, "#%s", room->name);
    else if (kith_node_peer(node, room->peer_no, &peer))
        kith_id_format(&peer.id, out);
    else if (room->peer_no == 0)
        kith_id_format(kith_node_id(node), out);
    return room->kind == KITH_ROOM_DIRECT;
}

void kith_room_text(const struct kith_node *node, uint32_t room_no,
                    char out[static KITH_ROOM_TEXT_SIZE])
{
    struct kith_room_view room;
    out[0] = '\0';
    if (kith_node_room(node, room_no, &room))
        room_text(node, &room, out);
}

static void write_author(struct kith_writer *w, const struct kith_node *node,
                         uint32_t author_no)
{
    struct kith_peer_view peer;
    char id[KITH_ID_TEXT_SIZE] = "";
    if (author_no == 0)
        kith_id_format(kith_node_id(node), id);
    else if (kith_node_peer(node, author_no, &peer))
        kith_id_format(&peer.id, id);
    kith_json_string(w, "author", id);
}

void kith_object_message_members(struct kith_writer *w, struct kith_server *server,
                                 const struct kith_message *message)
{
    const struct kith_node *node = kith_server_node(server);
    bool is_mine = message->author_no == 0;
    struct kith_delivery delivery = {.is_delivered = true};
    struct kith_room_view room = {0};
    char room_name[KITH_ROOM_TEXT_SIZE] = "";
    char id[KITH_ID_TEXT_SIZE];
    bool is_direct = kith_node_room(node, message->room_no, &room) &&
                     room_text(node, &room, room_name);
    if (is_mine)
        delivery = kith_node_delivery(node, message->log_no, message->seq);
    kith_id_format(&message->id, id);
    kith_json_string(w, "id", id);
    kith_json_string(w, "room", room_name);
    write_author(w, node, message->author_no);
    kith_json_string(w, "name", kith_names_get(&server->names, node, message->author_no));
    kith_json_text(w, "text", message->text);
    kith_json_time(w, "time", kith_message_time(message));
    kith_json_bool(w, "direct", is_direct);
    if (is_direct)
        kith_json_string(
            w, "to", /* whoever of the two did not write it */
            kith_names_get(&server->names, node, is_mine ? room.peer_no : 0));
    kith_json_bool(w, "mine", is_mine);
    kith_json_string(w, "state", kith_state_text(delivery));
    if (is_mine) {
        kith_json_number(w, "held_by", delivery.held_count);
        kith_json_number(w, "log", message->log_no);
        kith_json_number(w, "seq", message->seq);
    }
    if (message->arrival > 0)
        kith_json_number(w, "arrival", message->arrival);
}

void kith_object_message(struct kith_writer *w, const char *key,
                         struct kith_server *server, const struct kith_message *message)
{
    kith_json_open(w, key, '{');
    kith_object_message_members(w, server, message);
    kith_json_close(w, '}');
}

static void write_path(struct kith_writer *w, const struct kith_peer_view *peer)
{
    static const char *const paths[] = {
        [KITH_PATH_LAN] = "lan",
        [KITH_PATH_DIRECT] = "direct",
        [KITH_PATH_MAPPED] = "mapped",
        [KITH_PATH_RELAY] = "relay",
    };
    if (peer->is_online)
        kith_json_string(w, "path", paths[peer->path]);
    else
        kith_json_null(w, "path");
    if (peer->is_online && peer->path == KITH_PATH_RELAY) {
        char relay[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&peer->relay, relay);
        kith_json_string(w, "relay", relay);
    }
    if (peer->is_online)
        kith_json_time(w, "path_since", peer->path_since);
    if (peer->is_online && peer->rtt > 0)
        kith_json_ms(w, "rtt_ms", peer->rtt);
    else
        kith_json_null(w, "rtt_ms");
}

void kith_object_peer(struct kith_writer *w, const char *key, struct kith_server *server,
                      const struct kith_peer_view *peer)
{
    char id[KITH_ID_TEXT_SIZE];
    char address[KITH_ADDRESS_TEXT_SIZE];
    kith_id_format(&peer->id, id);
    kith_json_open(w, key, '{');
    kith_json_string(w, "id", id);
    kith_json_string(w, "name",
                     kith_names_get(&server->names, kith_server_node(server), peer->no));
    kith_json_string(w, "state", peer->is_online ? "online" : "offline");
    if (peer->address.host[0]) {
        kith_address_format(&peer->address, address);
        kith_json_string(w, "address", address);
    } else {
        kith_json_null(w, "address");
    }
    write_path(w, peer);
    if (peer->last_seen > 0)
        kith_json_time(w, "last_seen", peer->last_seen);
    else
        kith_json_null(w, "last_seen");
    if (peer->is_online)
        kith_json_time(w, "online_since", peer->online_since);
    kith_json_bool(w, "contact", peer->is_contact);
    kith_json_bool(w, "verified", peer->is_verified);
    kith_json_bool(w, "blocked", peer->is_blocked);
    kith_json_close(w, '}');
}

void kith_object_room(struct kith_writer *w, const char *key, struct kith_server *server,
                      const struct kith_room_view *room)
{
    const struct kith_node *node = kith_server_node(server);
    char id[KITH_ROOM_TEXT_SIZE] = "";
    bool is_direct = room_text(node, room, id);
    kith_json_open(w, key, '{');
    kith_json_string(w, "id", id);
    kith_json_string(
        w, "name", is_direct ? kith_names_get(&server->names, node, room->peer_no) : id);
    kith_json_string(w, "kind", is_direct ? "direct" : "open");
    kith_json_null(w, "unread"); /* nobody counts them yet */
    kith_json_number(w, "members", is_direct ? 2 : room->online_count + room->is_joined);
    kith_json_number(w, "online", room->online_count);
    kith_json_bool(w, "joined", room->is_joined);
    kith_json_bool(w, "foreign", room->is_foreign);
    kith_json_close(w, '}');
}

bool kith_object_tracker(struct kith_writer *w, const char *key,
                         const struct kith_node *node, uint32_t tracker_no)
{
    static const char *const reaches[] = {
        [KITH_REACH_UNKNOWN] = "unknown",
        [KITH_REACH_NO] = "no",
        [KITH_REACH_YES] = "yes",
    };
    struct kith_tracker_view tracker;
    char text[KITH_ADDRESS_TEXT_SIZE], id[KITH_ID_TEXT_SIZE];
    if (!kith_node_tracker(node, tracker_no, &tracker))
        return false;
    kith_address_format(&tracker.address, text);
    kith_json_open(w, key, '{');
    kith_json_string(w, "address", text);
    kith_id_format(&tracker.id, id);
    kith_json_string(w, "id", tracker.has_id ? id : "");
    kith_json_string(w, "state",
                     tracker.is_registered ? "registered"
                     : tracker.error != 0  ? "failed"
                                           : "connecting");
    kith_json_string(w, "error",
                     tracker.error != 0 ? kith_error_text(tracker.error) : "");
    if (tracker.since != 0)
        kith_json_time(w, "since", tracker.since);
    if (tracker.observed.host[0] != '\0') {
        kith_address_format(&tracker.observed, text);
        kith_json_string(w, "observed", text);
    }
    kith_json_string(w, "reachable", reaches[tracker.reach]);
    kith_json_bool(w, "relays", tracker.relays);
    kith_json_number(w, "peers", tracker.network_count);
    kith_json_close(w, '}');
    return true;
}
