/* SPDX-License-Identifier: MIT */
#include "core/peer.h"

#include <string.h>

#include "core/acquaintance.h"
#include "core/fetch.h"
#include "core/record.h"
#include "core/tracker.h"

struct kith_peer *kith_peer_find(const struct kith_node *node, const struct kith_id *id)
{
    if (kith_id_equal(id, &node->self->id))
        return node->self;
    return kith_map_get(&node->peer_map, id->bytes);
}

static bool place(struct kith_node *node, struct kith_peer *peer)
{
    void *peers = node->peers;
    if (!kith_node_grow(node, &peers, &node->peer_capacity, (size_t)peer->no + 1,
                        sizeof(struct kith_peer *)))
        return false;
    node->peers = peers;
    if (kith_map_put(&node->peer_map, peer->id.bytes, peer) != 0)
        return false;
    node->peers[peer->no] = peer;
    return true;
}

static struct kith_peer *add(struct kith_node *node, const struct kith_id *id,
                             uint32_t no)
{
    struct kith_peer *peer = kith_alloc_zero(node->alloc, sizeof(*peer));
    if (peer == NULL)
        return NULL;
    peer->no = no;
    peer->id = *id;
    kith_list_init(&peer->in_left);
    if (!place(node, peer)) {
        kith_release(node->alloc, peer);
        return NULL;
    }
    return peer;
}

/* The memory and the number of one that was forgotten. */
static struct kith_peer *add_spare(struct kith_node *node, const struct kith_id *id)
{
    struct kith_peer *peer =
        kith_list_item(node->spare_peers.next, struct kith_peer, in_left);
    kith_list_remove(&peer->in_left);
    *peer = (struct kith_peer){.no = peer->no, .id = *id};
    kith_list_init(&peer->in_left);
    if (place(node, peer))
        return peer;
    kith_list_push(&node->spare_peers, &peer->in_left);
    return NULL;
}

struct kith_peer *kith_peer_get(struct kith_node *node, const struct kith_id *id)
{
    struct kith_peer *peer = kith_peer_find(node, id);
    if (peer != NULL)
        return peer;
    bool has_spare = !kith_list_is_empty(&node->spare_peers);
    peer = has_spare ? add_spare(node, id) : add(node, id, node->peer_no_next);
    if (peer == NULL)
        kith_node_break(node);
    else if (!has_spare)
        node->peer_no_next++;
    return peer;
}

static struct kith_record_peer *record(struct kith_node *node, struct kith_peer *peer)
{
    struct kith_record *record = kith_record_add(node, KITH_RECORD_PEER);
    record->peer = (struct kith_record_peer){
        .no = peer->no,
        .id = peer->id,
        .name = peer->name,
        .name_hlc = peer->name_hlc,
        .is_name_told = peer->is_name_told,
        .last_seen = peer->last_seen,
        .address = peer->address_kept,
        .is_contact = peer->is_contact,
        .is_blocked = peer->is_blocked,
        .is_verified = peer->is_verified,
    };
    peer->is_recorded = true;
    return &record->peer;
}

void kith_peer_record(struct kith_node *node, struct kith_peer *peer)
{
    if (peer->is_kept)
        record(node, peer);
}

void kith_peer_keep(struct kith_node *node, struct kith_peer *peer)
{
    bool is_new = !peer->is_kept;
    kith_acquaintance_back(node, peer);
    peer->is_kept = true;
    record(node, peer);
    if (is_new && peer->link != NULL)
        kith_fetch_acknowledged_before(node, peer->link);
}

/* With a scope, or IPv4's, which has none: the next link may give it to anybody. */
static bool is_link_local(const struct kith_address *address)
{
    return strchr(address->host, '%') != NULL ||
           strncmp(address->host, "169.254.", strlen("169.254.")) == 0;
}

void kith_peer_found_at(struct kith_peer *peer, const struct kith_address *address)
{
    peer->address = *address;
    if (!is_link_local(address))
        peer->address_kept = *address;
}

/* Of two names with one hlc, which a home that lost its last seconds may have written,
 * the greater stays, wherever they arrive in which order. */
static bool is_later(const struct kith_peer *peer, const struct kith_name *name,
                     kith_hlc hlc)
{
    if (hlc == 0 || hlc != peer->name_hlc)
        return hlc >= peer->name_hlc;
    return strcmp(name->text, peer->name.text) >= 0;
}

static void rename_to(struct kith_node *node, struct kith_peer *peer,
                      const struct kith_name *name, kith_hlc hlc, bool is_told)
{
    struct kith_name before = peer->name;
    bool is_other = strcmp(before.text, name->text) != 0;
    if (!is_other && hlc == peer->name_hlc && is_told == peer->is_name_told)
        return;
    peer->name = *name;
    peer->name_hlc = hlc;
    peer->is_name_told = is_told;
    kith_peer_record(node, peer);
    if (is_other && before.text[0] != '\0')
        kith_peer_tell(node, peer, KITH_PEER_RENAMED, &before);
    if (peer == node->self)
        kith_tracker_renamed(node);
}

void kith_peer_rename(struct kith_node *node, struct kith_peer *peer,
                      struct kith_bytes name, kith_hlc hlc)
{
    struct kith_name parsed;
    if (kith_name_parse(name, &parsed, NULL) == 0 && is_later(peer, &parsed, hlc))
        rename_to(node, peer, &parsed, hlc, false);
}

void kith_peer_tells_name(struct kith_node *node, struct kith_peer *peer,
                          struct kith_bytes name, kith_hlc hlc)
{
    struct kith_name parsed;
    if (kith_name_parse(name, &parsed, NULL) != 0 || (hlc != 0 && hlc == peer->name_hlc))
        return;
    bool takes_back = hlc != 0 && peer->is_name_told;
    if (takes_back || is_later(peer, &parsed, hlc))
        rename_to(node, peer, &parsed, hlc, true);
}

void kith_peer_doubt_name(struct kith_node *node, struct kith_peer *peer)
{
    struct kith_record_peer *row = record(node, peer);
    row->is_name_told = true;
    row->name_hlc = UINT64_MAX; /* later than what is stored */
    peer->name_hlc = 0;
}

/* That of this network, or of another whose rooms are kept here. */
static bool is_of_a_lobby(const struct kith_room *room)
{
    return room->kind == KITH_ROOM_OPEN && strcmp(room->name.text, KITH_LOBBY_NAME) == 0;
}

bool kith_peer_profile(const struct kith_log *log, const struct kith_event *event,
                       struct kith_bytes *out_name)
{
    if (event->kind != KITH_KIND_PROFILE || log->log_class != KITH_LOG_CONTROL ||
        !is_of_a_lobby(log->room) || event->content.size < KITH_SALT_SIZE)
        return false;
    return kith_body_profile_decode(kith_bytes(event->content.data + KITH_SALT_SIZE,
                                               event->content.size - KITH_SALT_SIZE),
                                    out_name) == 0;
}

void kith_peer_record_profiles(struct kith_node *node, const struct kith_log *log,
                               const struct kith_run *run)
{
    struct kith_peer *peer = log->author;
    for (size_t i = 0; i < run->count; i++) {
        struct kith_bytes bytes;
        struct kith_name name;
        if (!kith_peer_profile(log, &run->events[i], &bytes) ||
            kith_name_parse(bytes, &name, NULL) != 0 ||
            !is_later(peer, &name, run->events[i].hlc))
            continue;
        struct kith_record_peer *row = record(node, peer);
        row->name = name;
        row->name_hlc = run->events[i].hlc;
        row->is_name_told = false;
    }
}

void kith_peer_tell(struct kith_node *node, const struct kith_peer *peer,
                    enum kith_peer_change change, const struct kith_name *before)
{
    struct kith_notice *tell = &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    tell->type = KITH_NOTICE_PEER;
    tell->peer.peer_no = peer->no;
    tell->peer.change = change;
    tell->peer.name_before = before != NULL ? *before : (struct kith_name){0};
}

void kith_peer_warn(struct kith_node *node, const struct kith_id *id,
                    enum kith_warning warning, int error)
{
    struct kith_notice *tell = &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    *tell = (struct kith_notice){.type = KITH_NOTICE_WARNING};
    tell->warning.warning = warning;
    tell->warning.peer = *id;
    tell->warning.error = error;
}

int kith_peer_restore(struct kith_node *node, const struct kith_record_peer *record)
{
    struct kith_peer *peer = node->self;
    if (record->no != 0) {
        if (kith_peer_find(node, &record->id) != NULL || record->no >= node->peer_no_next)
            return KITH_ECORRUPT;
        peer = add(node, &record->id, record->no);
        if (peer == NULL)
            return KITH_ENOMEM;
    }
    bool is_named = record->no == 0 && peer->name.text[0] != '\0';
    if (!is_named)
        peer->name = record->name;
    /* A name given anew is told anew: its profile event is not yet written. */
    if (!is_named || strcmp(peer->name.text, record->name.text) == 0)
        peer->name_hlc = record->name_hlc;
    peer->last_seen = record->last_seen;
    peer->address = peer->address_kept = record->address;
    peer->is_contact = record->is_contact;
    peer->is_blocked = record->is_blocked;
    peer->is_verified = record->is_verified;
    peer->is_kept = peer->is_recorded = true;
    return 0;
}

void kith_peer_free_all(struct kith_node *node)
{
    for (uint32_t no = 1; no < node->peer_capacity; no++)
        kith_release(node->alloc, node->peers[no]);
    kith_list_each_safe (item, &node->spare_peers)
        kith_release(node->alloc, kith_list_item(item, struct kith_peer, in_left));
    kith_release(node->alloc, node->peers);
    kith_map_deinit(&node->peer_map);
    kith_release(node->alloc, node->self);
}
