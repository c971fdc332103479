/* SPDX-License-Identifier: MIT */
/* Who is meant by TARGET: the rules of kith_node_find, in the order in which they are
 * tried. */
#include "core/node.h"

#include <string.h>

#include "core/engine.h"
#include "core/peer.h"
#include "core/room.h"

#define PREFIX_CHARS_MIN                                                                 \
    16                 /* of an id: a stranger cannot make one that fits by trying       \
                        */
#define SHORT_CHARS 12 /* as ids are shown beside names that clash */

/* Peers that fit, as far as the caller has room for them. */
struct matches {
    uint32_t *choices;
    size_t choices_max;
    size_t count;
    const struct kith_peer *first;
};

static void add(struct matches *m, const struct kith_peer *peer)
{
    if (m->count == 0)
        m->first = peer;
    if (m->choices != NULL && m->count < m->choices_max)
        m->choices[m->count] = peer->no;
    m->count++;
}

typedef bool matcher(const struct kith_peer *peer, struct kith_bytes text);

static void collect(const struct kith_node *node, struct kith_bytes text, matcher *fits,
                    bool only_contacts, struct matches *m)
{
    for (uint32_t no = 1; no < node->peer_no_next && no < node->peer_capacity; no++) {
        const struct kith_peer *peer = node->peers[no];
        if (peer != NULL && (kith_peer_is_contact(peer) || !only_contacts) &&
            fits(peer, text))
            add(m, peer);
    }
}

static bool fits_name(const struct kith_peer *peer, struct kith_bytes text)
{
    struct kith_name name;
    return peer->name.text[0] != '\0' && kith_name_parse(text, &name, NULL) == 0 &&
           kith_name_matches(peer->name.text, name.text);
}

static bool fits_prefix(const struct kith_peer *peer, struct kith_bytes text)
{
    return kith_id_has_prefix(&peer->id, (const char *)text.data, text.size);
}

/* name~shortid */
static bool fits_full_name(const struct kith_peer *peer, struct kith_bytes text)
{
    const uint8_t *tilde = memchr(text.data, '~', text.size);
    if (tilde == NULL)
        return false;
    size_t name_size = (size_t)(tilde - text.data);
    struct kith_bytes id = kith_bytes(tilde + 1, text.size - name_size - 1);
    return id.size >= SHORT_CHARS && fits_prefix(peer, id) &&
           fits_name(peer, kith_bytes(text.data, name_size));
}

static const struct kith_address *place_of(const struct kith_peer *peer)
{
    return peer->link != NULL && !peer->link->is_relayed ? &peer->link->remote
                                                         : &peer->address;
}

/* An address, with or without port: where a peer is linked, or was last. */
static bool fits_address(const struct kith_peer *peer, struct kith_bytes text)
{
    struct kith_address wanted;
    const struct kith_address *at = place_of(peer);
    if (kith_address_parse(text, 0, true, &wanted, NULL) != 0 || wanted.host[0] == '\0')
        return false;
    return strcmp(wanted.host, at->host) == 0 &&
           (wanted.port == 0 || wanted.port == at->port);
}

/* Over a relay nobody is seen to be anywhere. */
static bool fits_linked_address(const struct kith_peer *peer, struct kith_bytes text)
{
    return peer->link != NULL && !peer->link->is_relayed && fits_address(peer, text);
}

static bool is_one_port(const struct matches *m, const struct kith_node *node)
{
    for (size_t i = 0; i < m->count && i < m->choices_max; i++)
        if (place_of(node->peers[m->choices[i]])->port != place_of(m->first)->port)
            return false;
    return m->count <= m->choices_max;
}

/* Where several were one after another it is who is there now. But the port of a link
 * that came in is what its peer says: a stranger never shadows a contact. */
static void collect_at(const struct kith_node *node, struct kith_bytes text,
                       struct matches *m)
{
    uint32_t nos[16];
    struct matches all = {.choices = nos, .choices_max = sizeof nos / sizeof nos[0]},
                   contacts = {0};
    collect(node, text, fits_address, false, &all);
    collect(node, text, fits_address, true, &contacts);
    if (all.count > 1 && is_one_port(&all, node))
        collect(node, text, fits_linked_address, contacts.count > 0, m);
    if (m->count == 0)
        collect(node, text, fits_address, false, m);
}

static int settle(const struct kith_node *node, const struct matches *m,
                  struct kith_target *out)
{
    if (m->count == 0)
        return KITH_ENOTFOUND;
    if (m->count > 1)
        return KITH_EAMBIGUOUS;
    const struct kith_room *room = kith_room_find_direct(node, &m->first->id);
    *out = (struct kith_target){
        .is_direct = true,
        .peer = m->first->id,
        .peer_no = m->first->no,
        .room_no = room != NULL ? room->no : 0,
    };
    return 0;
}

/* NAME~SHORTID of a room kept from another network. */
static int find_foreign(const struct kith_node *node, struct kith_bytes text,
                        struct kith_target *out)
{
    const uint8_t *tilde = memchr(text.data, '~', text.size);
    if (tilde == NULL)
        return KITH_ENOTFOUND;
    struct kith_bytes name = kith_bytes(text.data, (size_t)(tilde - text.data));
    size_t size = text.size - name.size - 1;
    for (uint32_t no = 1; no < node->room_no_next && no < node->room_capacity; no++) {
        const struct kith_room *room = node->rooms[no];
        if (room == NULL || room->ops != &kith_room_foreign || size < SHORT_CHARS ||
            !kith_id_has_prefix(&room->id, (const char *)tilde + 1, size) ||
            !kith_bytes_equal(name, kith_bytes(room->name.text, strlen(room->name.text))))
            continue;
        *out = (struct kith_target){.room_no = no, .is_foreign = true};
        return 0;
    }
    return KITH_ENOTFOUND;
}

static int find_room(const struct kith_node *node, struct kith_bytes name,
                     struct kith_target *out)
{
    struct kith_name parsed;
    const struct kith_room *room = NULL;
    if (kith_name_parse_room(name, &parsed, NULL) == 0)
        room = kith_room_find_open(node, &parsed);
    if (room == NULL)
        return find_foreign(node, name, out);
    *out = (struct kith_target){.room_no = room->no, .is_left = !room->is_joined};
    return 0;
}

static int find_id(const struct kith_node *node, const struct kith_id *id,
                   struct kith_target *out)
{
    const struct kith_peer *peer = kith_peer_find(node, id);
    const struct kith_room *room = kith_room_find_direct(node, id);
    *out = (struct kith_target){
        .is_direct = true,
        .peer = *id,
        .peer_no = peer != NULL ? peer->no : 0,
        .room_no = room != NULL ? room->no : 0,
    };
    return 0;
}

int kith_node_find(const struct kith_node *node, struct kith_bytes text,
                   struct kith_target *out, uint32_t *choices, size_t choices_max,
                   size_t *choice_count)
{
    struct matches m = {.choices = choices, .choices_max = choices_max};
    struct kith_id id;
    if (choice_count != NULL)
        *choice_count = 0;
    if (text.size == 0)
        return KITH_ENOTFOUND;
    if (text.data[0] == '#')
        return find_room(node, kith_bytes(text.data + 1, text.size - 1), out);
    if (kith_id_parse((const char *)text.data, text.size, &id))
        return find_id(node, &id, out);
    collect(node, text, fits_name, true, &m); /* a stranger never shadows a contact */
    if (m.count == 0)
        collect(node, text, fits_name, false, &m);
    if (m.count == 0)
        collect(node, text, fits_full_name, false, &m);
    if (m.count == 0)
        collect(node, text, fits_prefix, text.size < PREFIX_CHARS_MIN, &m);
    if (m.count == 0)
        collect_at(node, text, &m);
    if (choice_count != NULL)
        *choice_count = m.count;
    return settle(node, &m, out);
}
