/* SPDX-License-Identifier: MIT */
#include "fake_node.h"

#include <stdio.h>
#include <string.h>

struct kith_id fake_id(uint8_t kind, uint64_t number)
{
    struct kith_id id = {{0}};
    id.bytes[0] = (uint8_t)(number * 37 + 11);
    id.bytes[1] = kind;
    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

size_t fake_view_count;

size_t kith_node_peer_count(const struct kith_node *node)
{
    return node->peer_count;
}

bool kith_node_peer(const struct kith_node *node, uint32_t peer_no,
                    struct kith_peer_view *out)
{
    fake_view_count++;
    if (peer_no == 0 || peer_no > node->peer_count)
        return false;
    const struct fake_peer *peer = &node->peers[peer_no];
    *out = (struct kith_peer_view){
        .no = peer_no,
        .id = peer->id,
        .name = peer->name.text,
        .is_online = peer->is_online,
        .path = node->is_relayed ? KITH_PATH_RELAY : KITH_PATH_LAN,
        .path_since = 1763700001 * KITH_SECOND,
        .relay = {.host = "203.0.113.1", .port = 55555},
        .is_blocked = peer->is_blocked,
        .is_verified = peer->is_verified,
        .rtt = peer->is_online ? 1234 : 0,
        .last_seen = 1763700000 * KITH_SECOND,
        .online_since = 1763700000 * KITH_SECOND,
    };
    snprintf(out->address.host, sizeof out->address.host, "10.0.0.%u",
             node->is_one_host ? 1 : peer_no);
    out->address.port = KITH_PORT_DEFAULT;
    if (node->is_one_host && !node->is_one_address)
        out->address.port += (uint16_t)(peer_no - 1);
    return true;
}

size_t kith_node_room_count(const struct kith_node *node)
{
    return node->room_count;
}

bool kith_node_room(const struct kith_node *node, uint32_t room_no,
                    struct kith_room_view *out)
{
    if (room_no == 0 || room_no > node->room_count)
        return false;
    *out = (struct kith_room_view){
        .no = room_no,
        .kind = node->room_peer[room_no] == 0 ? KITH_ROOM_OPEN : KITH_ROOM_DIRECT,
        .name = room_no == LOBBY ? KITH_LOBBY_NAME : node->room_name[room_no].text,
        .is_joined = !node->room_left[room_no],
        .peer_no = node->room_peer[room_no],
    };
    for (uint32_t no = 1; no <= node->peer_count; no++)
        if (room_no == LOBBY || no == out->peer_no)
            out->online_count += node->peers[no].is_online;
    return true;
}

bool kith_node_is_in_room(const struct kith_node *node, uint32_t room_no,
                          uint32_t peer_no)
{
    return (room_no == LOBBY || peer_no == node->room_peer[room_no]) &&
           node->peers[peer_no].is_online;
}

uint32_t fake_find_open(const struct kith_node *node, const char *name)
{
    if (strcmp(name, KITH_LOBBY_NAME) == 0)
        return LOBBY;
    for (uint32_t no = LOBBY + 1; no <= node->room_count; no++)
        if (node->room_peer[no] == 0 && strcmp(node->room_name[no].text, name) == 0)
            return no;
    return 0;
}

uint32_t fake_find_direct(const struct kith_node *node, uint32_t peer_no)
{
    for (uint32_t no = LOBBY + 1; no <= node->room_count; no++)
        if (node->room_peer[no] == peer_no)
            return no;
    return 0;
}

static bool fits(const struct fake_peer *peer, const char *text)
{
    char full[256];
    char brief[KITH_ID_SHORT_SIZE];
    kith_id_format_short(&peer->id, brief);
    snprintf(full, sizeof full, "%s~%s", peer->name.text, brief);
    return kith_name_matches(peer->name.text, text) || strcmp(full, text) == 0;
}

static int find(const struct kith_node *node, struct kith_bytes text,
                struct kith_target *out, uint32_t *choices, size_t choices_max,
                size_t *out_count)
{
    char name[256];
    size_t count = 0;
    snprintf(name, sizeof name, "%.*s", (int)text.size, (const char *)text.data);
    if (name[0] == '#') {
        out->room_no = fake_find_open(node, name + 1);
        out->is_left = node->room_left[out->room_no];
        return out->room_no > 0 ? 0 : KITH_ENOTFOUND;
    }
    if (kith_id_parse(name, strlen(name), &out->peer) &&
        kith_id_equal(&out->peer, &node->id)) {
        out->is_direct = true;
        return 0;
    }
    for (uint32_t no = 1; no <= node->peer_count; no++) {
        struct kith_id id;
        bool is_id = kith_id_parse(name, strlen(name), &id) &&
                     kith_id_equal(&id, &node->peers[no].id);
        if (!is_id && !fits(&node->peers[no], name))
            continue;
        if (choices && count < choices_max)
            choices[count] = no;
        count++;
        out->peer_no = no;
    }
    *out_count = count;
    out->is_direct = true;
    out->peer = node->peers[out->peer_no].id;
    out->room_no = fake_find_direct(node, out->peer_no);
    return count == 1 ? 0 : count == 0 ? KITH_ENOTFOUND : KITH_EAMBIGUOUS;
}

/* As the real one: what is not found leaves `*out` as it is. */
int kith_node_find(const struct kith_node *node, struct kith_bytes text,
                   struct kith_target *out, uint32_t *choices, size_t choices_max,
                   size_t *choice_count)
{
    struct kith_target found = {0};
    size_t count = 0;
    int error = find(node, text, &found, choices, choices_max, &count);
    if (choice_count)
        *choice_count = count;
    if (error == 0)
        *out = found;
    return error;
}

struct kith_delivery kith_node_delivery(const struct kith_node *node, uint32_t log_no,
                                        uint64_t seq)
{
    struct kith_delivery delivery = {0};
    for (size_t i = 0; i < node->ack_count; i++)
        delivery.held_count += node->acks[i].log_no == log_no && node->acks[i].seq >= seq;
    delivery.is_delivered = delivery.held_count > 0 && log_no > OWN_LOG_FIRST + LOBBY;
    return delivery;
}

size_t kith_node_holders(const struct kith_node *node, uint32_t log_no, uint64_t seq,
                         uint32_t *out, size_t out_max)
{
    size_t count = 0;
    for (size_t i = 0; i < node->ack_count && count < out_max; i++)
        if (node->acks[i].log_no == log_no && node->acks[i].seq >= seq)
            out[count++] = node->acks[i].peer_no;
    return count;
}

const struct kith_id *kith_node_id(const struct kith_node *node)
{
    return &node->id;
}

const char *kith_node_name(const struct kith_node *node)
{
    return node->name.text;
}

void kith_node_beacons(const struct kith_node *node, struct kith_beacon_counts *out)
{
    *out = node->beacons;
}

bool kith_node_dial(const struct kith_node *node, size_t index,
                    struct kith_dial_view *out)
{
    *out = node->dial;
    return index == 0 && node->dial.address.port != 0;
}

bool kith_node_tracker(const struct kith_node *node, uint32_t no,
                       struct kith_tracker_view *out)
{
    if (no == 0 || no > node->tracker_count)
        return false;
    *out = node->trackers[no - 1];
    return true;
}

size_t kith_node_addresses(const struct kith_node *node, struct kith_address *out,
                           size_t out_max)
{
    (void)node;
    if (out_max == 0)
        return 0;
    out[0] = (struct kith_address){.host = "192.0.2.7", .port = KITH_PORT_DEFAULT};
    return 1;
}

bool kith_node_candidate(const struct kith_node *node, size_t index,
                         struct kith_candidate_view *out)
{
    *out = node->candidate;
    return index == 0 && node->candidate.stage != NULL;
}

size_t kith_node_parked_count(const struct kith_node *node)
{
    return node->parked_count;
}

void kith_node_code(const struct kith_node *node, const struct kith_id *peer,
                    char out[static KITH_CODE_SIZE])
{
    snprintf(out, KITH_CODE_SIZE, "12345 67890 12345 67890 12345 67890");
}
