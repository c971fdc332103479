/* SPDX-License-Identifier: MIT */
/* The objects of the API: message, peer and room, the same in answers and in the
 * stream. */
#ifndef KITH_API_SERVER_OBJECT_H
#define KITH_API_SERVER_OBJECT_H

#include "api/json.h"
#include "api/server_state.h"

/* `room` of a message and `id` of a room: "#lobby", or the other party's id; a
 * room kept from another network has "~" and its short id behind the name. Each is a
 * TARGET. */
#define KITH_ROOM_TEXT_SIZE (KITH_NAME_SIZE_MAX + 2 + KITH_ID_SHORT_SIZE)

/* A message as the store, a notice or a reply tells of it. */
struct kith_message {
    uint32_t room_no;
    uint32_t log_no;
    uint32_t author_no; /* 0 is this node */
    uint64_t seq;
    struct kith_id id;
    kith_hlc hlc;
    kith_time seen;
    uint64_t arrival; /* 0 when not known */
    struct kith_bytes text;
};

/* False when the entry is no message, or has lost its body. */
bool kith_message_from_entry(const struct kith_entry *entry, struct kith_message *out);

/* As above, for the index-th event of a message notice. */
bool kith_message_from_notice(const struct kith_notice *notice, size_t index,
                              struct kith_message *out);

/* What people see as its time: the lesser of what its author and our clock said. */
kith_time kith_message_time(const struct kith_message *message);

void kith_object_message(struct kith_writer *w, const char *key,
                         struct kith_server *server, const struct kith_message *message);
/* The same without its braces, for an object that has more. */
void kith_object_message_members(struct kith_writer *w, struct kith_server *server,
                                 const struct kith_message *message);
void kith_object_peer(struct kith_writer *w, const char *key, struct kith_server *server,
                      const struct kith_peer_view *peer);
/* False when there is no tracker of this number. */
bool kith_object_tracker(struct kith_writer *w, const char *key,
                         const struct kith_node *node, uint32_t tracker_no);
void kith_object_room(struct kith_writer *w, const char *key, struct kith_server *server,
                      const struct kith_room_view *room);

/* "" when there is no such room. */
void kith_room_text(const struct kith_node *node, uint32_t room_no,
                    char out[static KITH_ROOM_TEXT_SIZE]);

/* `state` of one of our messages: "pending", "held" or "delivered". */
const char *kith_state_text(struct kith_delivery delivery);

#endif
