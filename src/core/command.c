/* SPDX-License-Identifier: MIT */
#include "core/command.h"

#include <string.h>

#include "core/author.h"
#include "core/beacon.h"
#include "core/dial.h"
#include "core/exchange.h"
#include "core/import.h"
#include "core/join.h"
#include "core/link.h"
#include "core/lookup.h"
#include "core/mark.h"
#include "core/peer.h"
#include "core/remember.h"
#include "core/room.h"
#include "core/seek.h"
#include "core/tracker.h"

struct kith_notice *kith_command_reply(struct kith_node *node, uint64_t token, int error,
                                       uint32_t peer_no)
{
    struct kith_notice *tell = token == 0
                                   ? &node->out.spill.tell
                                   : &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    *tell = (struct kith_notice){.type = KITH_NOTICE_REPLY};
    tell->reply.token = token;
    tell->reply.error = error;
    tell->reply.peer_no = peer_no;
    return tell;
}

/* ---- send ---- */

static int check_texts(const struct kith_bytes *texts, size_t count)
{
    size_t size = 0;
    if (count == 0 || count > KITH_SEND_TEXTS_MAX)
        return KITH_EINVALID;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].size > KITH_TEXT_SIZE_MAX)
            return KITH_ETEXTSIZE;
        if (!kith_text_is_valid(texts[i]))
            return KITH_ETEXT;
        size += texts[i].size;
    }
    return size > KITH_SEND_SIZE_MAX ? KITH_EINVALID : 0;
}

static void write_texts(struct kith_node *node, struct kith_room *room,
                        const struct kith_command *command)
{
    struct kith_bytes bodies[KITH_SEND_TEXTS_MAX];
    size_t count = command->send.text_count;
    struct kith_writer w = kith_writer(node->alloc);
    for (size_t i = 0; i < count; i++) {
        bodies[i].size = w.size; /* where it begins, until all are written */
        kith_body_message_encode(&w, command->send.texts[i]);
    }
    for (size_t i = 0; i < count && !w.failed; i++) {
        size_t end = i + 1 < count ? bodies[i + 1].size : w.size;
        bodies[i] = kith_bytes(w.data + bodies[i].size, end - bodies[i].size);
    }
    if (w.failed)
        kith_node_break(node);
    else
        kith_author_write(node, room,
                          &(struct kith_draft){
                              .log_class = KITH_LOG_CONTENT,
                              .kind = KITH_KIND_MESSAGE,
                              .bodies = bodies,
                              .count = count,
                              .token = command->token,
                          });
    kith_writer_deinit(&w);
}

/* An open room that this node is in; NULL: it is not. */
static struct kith_room *open_room(const struct kith_node *node, uint32_t room_no)
{
    if (room_no == 0)
        return node->lobby;
    struct kith_room *room = room_no < node->room_capacity ? node->rooms[room_no] : NULL;
    bool is_in = room != NULL && room->ops == &kith_room_open && room->is_joined;
    return is_in ? room : NULL;
}

static bool is_blocked(const struct kith_node *node, const struct kith_id *id)
{
    const struct kith_peer *peer = kith_peer_find(node, id);
    return peer != NULL && peer->is_blocked;
}

static void run_send(struct kith_node *node, const struct kith_command *command)
{
    struct kith_room *room = NULL;
    int error = check_texts(command->send.texts, command->send.text_count);
    if (error == 0 && command->send.is_direct &&
        kith_id_equal(&command->send.peer, &node->self->id))
        error = KITH_ESELF;
    if (error == 0 && command->send.is_direct && is_blocked(node, &command->send.peer))
        error = KITH_EBLOCKED;
    if (error == 0 && !command->send.is_direct) {
        room = open_room(node, command->send.room_no);
        error = room == NULL ? KITH_ENOTFOUND : 0;
    }
    if (error != 0) {
        kith_command_reply(node, command->token, error, 0);
        return;
    }
    if (command->send.is_direct) {
        struct kith_peer *peer = kith_peer_get(node, &command->send.peer);
        room = peer == NULL ? NULL : kith_room_get_direct(node, peer);
    }
    if (room != NULL)
        write_texts(node, room, command);
}

/* ---- the others ---- */

static void run_connect(struct kith_node *node, const struct kith_command *command)
{
    kith_dial_add(node, &command->connect, command->token);
}

static void run_disconnect(struct kith_node *node, const struct kith_command *command)
{
    struct kith_peer *peer = kith_peer_find(node, &command->disconnect);
    if (peer == NULL || peer == node->self) {
        kith_command_reply(node, command->token, KITH_ENOTFOUND, 0);
        return;
    }
    peer->is_refused = true;
    kith_dial_refuse(node, peer);
    if (peer->link != NULL)
        kith_link_close(node, peer->link, KITH_BYE_DISCONNECTED, KITH_EDISCONNECTED);
    kith_command_reply(node, command->token, 0, peer->no);
}

static void run_rename(struct kith_node *node, const struct kith_command *command)
{
    kith_author_profile(node, &command->rename, command->token);
}

/* Is one of ours not among these any more? */
static bool is_address_gone(const struct kith_node *node, const struct kith_address *now,
                            size_t count)
{
    for (size_t i = 0; i < node->listening_count; i++) {
        size_t at = 0;
        while (at < count && !kith_address_equal(&node->listening[i], &now[at]))
            at++;
        if (at == count)
            return true;
    }
    return false;
}

static void run_listening(struct kith_node *node, const struct kith_command *command)
{
    size_t count = command->listening.count;
    if (count > KITH_HELLO_ADDRESSES_MAX)
        count = KITH_HELLO_ADDRESSES_MAX;
    bool is_gone = is_address_gone(node, command->listening.addresses, count);
    bool is_changed = is_gone || count != node->listening_count;
    if (is_gone) {
        kith_link_probe_all(node);
        kith_tracker_doubt_all(node);
    }
    memcpy(node->listening, command->listening.addresses,
           count * sizeof(struct kith_address));
    node->listening_count = count;
    if (is_changed) {
        kith_exchange_renew(node);
        kith_tracker_moved(node);
        kith_dial_moved(node);
        if (node->is_started)
            kith_remember_begin(node);
    }
    kith_beacon_begin(node);
    kith_command_reply(node, command->token, 0, 0);
}

static void run_mapped(struct kith_node *node, const struct kith_command *command)
{
    if (!kith_address_equal(&node->mapped, &command->mapped)) {
        node->mapped = command->mapped;
        kith_tracker_moved(node);
    }
    kith_command_reply(node, command->token, 0, 0);
}

static void run_tracker(struct kith_node *node, const struct kith_command *command)
{
    int error = kith_tracker_add(node, &command->tracker.address,
                                 command->tracker.has_id ? &command->tracker.id : NULL,
                                 command->tracker.is_kept);
    kith_command_reply(node, command->token, error, 0);
}

static void run_stop(struct kith_node *node, const struct kith_command *command)
{
    kith_beacon_goodbye(node);
    kith_tracker_leave_all(node);
    node->is_stopping = true;
    kith_list_each (item, &node->links)
        kith_link_close(node, kith_list_item(item, struct kith_link, item),
                        KITH_BYE_LEAVING, KITH_ECLOSED);
    kith_command_reply(node, command->token, 0, 0);
}

void kith_command_run(struct kith_node *node, const struct kith_command *command)
{
    switch (command->type) {
    case KITH_COMMAND_SEND:
        run_send(node, command);
        break;
    case KITH_COMMAND_CONNECT:
        run_connect(node, command);
        break;
    case KITH_COMMAND_DISCONNECT:
        run_disconnect(node, command);
        break;
    case KITH_COMMAND_RENAME:
        run_rename(node, command);
        break;
    case KITH_COMMAND_JOIN:
        kith_join_room(node, &command->room, command->token);
        break;
    case KITH_COMMAND_LEAVE:
        kith_join_leave(node, &command->room, command->token);
        break;
    case KITH_COMMAND_BLOCK:
    case KITH_COMMAND_VERIFY:
        kith_mark_peer(node, command);
        break;
    case KITH_COMMAND_LISTENING:
        run_listening(node, command);
        break;
    case KITH_COMMAND_MAPPED:
        run_mapped(node, command);
        break;
    case KITH_COMMAND_TRACKER:
        run_tracker(node, command);
        break;
    case KITH_COMMAND_SEEK:
        kith_seek_begin(node, command);
        break;
    case KITH_COMMAND_LOOKUP:
        kith_lookup_begin(node, command);
        break;
    case KITH_COMMAND_STOP:
        run_stop(node, command);
        break;
    case KITH_COMMAND_IMPORT:
        kith_import_begin(node, command);
        break;
    }
}
