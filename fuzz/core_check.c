/* SPDX-License-Identifier: MIT */
/* What every effect must be. */
#include "core_world.h"

#include <string.h>

#include "core/digest.h"
#include "proto/signed_addresses.h"

/* ---- frames to peers ---- */

union any_frame {
    struct kith_frame_proof proof;
    struct kith_frame_hello hello;
    struct kith_frame_ping ping;
    struct kith_frame_bye bye;
    struct kith_frame_addresses addresses;
    struct kith_frame_rooms rooms;
    struct kith_frame_vector vector;
    struct kith_frame_run run;
    struct kith_frame_graft graft;
    struct kith_frame_call call;
    struct kith_frame_ring ring;
    struct kith_frame_refused refused;
    struct kith_frame_register registration;
    struct kith_frame_lookup lookup;
};

static int decode(uint8_t type, struct kith_bytes fields, union any_frame *out)
{
    switch (type) {
    case KITH_FRAME_PROOF:
        return kith_frame_proof_decode(fields, &out->proof);
    case KITH_FRAME_HELLO:
        return kith_frame_hello_decode(fields, &out->hello);
    case KITH_FRAME_PING:
    case KITH_FRAME_PONG:
        return kith_frame_ping_decode(fields, &out->ping);
    case KITH_FRAME_BYE:
        return kith_frame_bye_decode(fields, &out->bye);
    case KITH_FRAME_ADDRESSES:
        return kith_frame_addresses_decode(fields, &out->addresses);
    case KITH_FRAME_ROOMS:
        return kith_frame_rooms_decode(fields, &out->rooms);
    case KITH_FRAME_VECTOR:
        return kith_frame_vector_decode(fields, &out->vector);
    case KITH_FRAME_HAVE:
        return kith_frame_have_decode(fields, &out->vector);
    case KITH_FRAME_RUN:
        return kith_frame_run_decode(fields, &out->run);
    case KITH_FRAME_GRAFT:
    case KITH_FRAME_PRUNE:
    case KITH_FRAME_FORK:
    case KITH_FRAME_MORE:
        return kith_frame_graft_decode(fields, &out->graft);
    case KITH_FRAME_CALL:
        return kith_frame_call_decode(fields, &out->call);
    case KITH_FRAME_RING:
        return kith_frame_ring_decode(fields, &out->ring);
    case KITH_FRAME_REFUSED:
        return kith_frame_refused_decode(fields, &out->refused);
    case KITH_FRAME_REGISTER:
        return kith_frame_register_decode(fields, &out->registration);
    case KITH_FRAME_LOOKUP:
        return kith_frame_lookup_decode(fields, &out->lookup);
    default:
        return KITH_EPROTO;
    }
}

static uint8_t check_frame(struct kith_bytes bytes, union any_frame *out)
{
    struct kith_reader r = kith_reader(bytes);
    uint32_t size = kith_reader_u32(&r);
    assert(size == bytes.size - 4 && size >= 1 && size <= KITH_FRAME_SIZE_MAX);
    assert(decode(bytes.data[4], kith_bytes(r.at + 1, size - 1), out) == 0);
    return bytes.data[4];
}

/* Nothing of a room goes to whoever has no part in it: frames of rooms name one that both
 * have offered on this link, by what each said of it last. */
static void check_tag(const struct world_link *link, const struct kith_tag *tag)
{
    bool is_shared = false;
    for (size_t i = 0; i < WORLD_ROOMS; i++)
        is_shared |= link->has_shown[i] && link->has_offered[i] &&
                     memcmp(&link->ours[i], tag, sizeof(*tag)) == 0;
    assert(is_shared);
}

/* ROOMS offers tags itself, which tell nothing to whoever does not know the room; but a
 * direct room is nobody's except the two it is of. */
static void note_offered(const struct world *w, struct world_link *link,
                         const struct kith_frame_rooms *rooms)
{
    for (size_t i = 0; i < WORLD_ROOMS; i++)
        link->has_offered[i] = world_rooms_have(rooms, &link->ours[i]);
    for (uint8_t other = 0; other < WORLD_PEERS; other++) {
        struct kith_id room = world_room_id(w, WORLD_DIRECT, other);
        struct kith_tag tag = kith_digest_tag(link->exporter, link->role, &w->id,
                                              &w->peers[link->peer], &room);
        assert(other == link->peer || !world_rooms_have(rooms, &tag));
    }
}

void world_check_frame(struct world *w, struct world_link *link, struct kith_bytes bytes)
{
    static union any_frame frame;
    static struct kith_run run;
    uint8_t type = check_frame(bytes, &frame);
    /* Who has proven nothing hears a proof, a reason, and no more. */
    assert(link->is_trusted || type == KITH_FRAME_PROOF || type == KITH_FRAME_BYE);
    assert(type != KITH_FRAME_REGISTER && type != KITH_FRAME_LOOKUP);
    if (type >= KITH_FRAME_VECTOR && type <= KITH_FRAME_MORE)
        check_tag(link, (const struct kith_tag *)(bytes.data + 5));
    if (type == KITH_FRAME_ROOMS)
        note_offered(w, link, &frame.rooms);
    if (type == KITH_FRAME_RUN)
        assert(kith_run_decode(frame.run.run, &run) == 0);
    if (type == KITH_FRAME_PING)
        link->ping_token = frame.ping.token;
    struct kith_signed_addresses record;
    for (size_t i = 0; type == KITH_FRAME_ADDRESSES && i < frame.addresses.count; i++)
        assert(kith_signed_addresses_decode(frame.addresses.records[i], &record) == 0);
}

void world_check_tracker_frame(struct world *w, struct kith_bytes bytes)
{
    static union any_frame frame;
    switch (check_frame(bytes, &frame)) {
    case KITH_FRAME_PING:
        w->tracker_token = frame.ping.token;
        break;
    case KITH_FRAME_CALL:
        w->tracker_token = frame.call.token;
        break;
    case KITH_FRAME_LOOKUP:
        w->tracker_token = frame.lookup.token;
        break;
    case KITH_FRAME_PONG:
    case KITH_FRAME_BYE:
    case KITH_FRAME_REGISTER:
        break;
    default:
        assert(!"trackers are not told of rooms");
    }
}

void world_check_dial(const struct kith_effect *effect)
{
    const struct kith_address *addresses = effect->dial.addresses;
    assert(effect->dial.address_count >= 1);
    assert(effect->dial.address_count <= KITH_RECORD_ADDRESSES_MAX);
    for (size_t i = 0; i < effect->dial.address_count; i++) {
        assert(addresses[i].host[0] != '\0' && addresses[i].port != 0);
        assert(memchr(addresses[i].host, '\0', sizeof(addresses[i].host)) != NULL);
    }
    bool may_listen = effect->dial.is_meeting || effect->dial.ticket != NULL;
    assert(effect->dial.role == KITH_ROLE_DIALLER || may_listen);
    assert(effect->dial.ticket == NULL || !effect->dial.is_meeting);
    assert(effect->dial.has_expected || effect->dial.ticket == NULL);
}

/* ---- what people are told ---- */

static void check_message(struct world *w, const struct kith_notice *notice)
{
    const struct kith_run *run = notice->message.run;
    const struct world_row *end;
    const struct world_row *log = world_disk_log(w, notice->message.log_no, true, &end);
    assert(log != NULL && end != NULL); /* only what is kept is told */
    assert(end->seq_last >= run->seq_first + run->count - 1);
    assert(log->record.log.room_no == notice->message.room_no);
    assert(log->record.log.author_no == notice->message.author_no);
    assert(notice->message.arrival_first > w->arrival_told);
    w->arrival_told = notice->message.arrival_first;
}

static void check_peer(struct world *w, const struct kith_notice *notice)
{
    uint32_t no = notice->peer.peer_no;
    assert(no <= kith_node_peer_count(w->node) && no < 256);
    if (notice->peer.change == KITH_PEER_RENAMED)
        return;
    bool is_online = notice->peer.change == KITH_PEER_ONLINE;
    assert(no > 0 && w->is_online[no] != is_online);
    w->is_online[no] = is_online;
}

static void check_delivery(struct world *w, const struct kith_notice *notice)
{
    const struct world_row *end;
    const struct world_row *log = world_disk_log(w, notice->delivery.log_no, true, &end);
    assert(log != NULL && log->record.log.author_no == 0 && end != NULL);
    assert(notice->delivery.seq >= 1 && notice->delivery.seq <= end->seq_last);
}

/* Every command is answered at most once, and none that was not given. */
static void check_reply(struct world *w, const struct kith_notice *notice)
{
    for (size_t i = 0; i < WORLD_TOKENS_MAX; i++) {
        if (w->tokens[i] != notice->reply.token || w->tokens[i] == 0)
            continue;
        w->tokens[i] = 0;
        return;
    }
    assert(!"a reply to nothing");
}

void world_check_notice(struct world *w, const struct kith_notice *notice)
{
    switch (notice->type) {
    case KITH_NOTICE_MESSAGE:
        check_message(w, notice);
        break;
    case KITH_NOTICE_PEER:
        check_peer(w, notice);
        break;
    case KITH_NOTICE_DELIVERY:
        check_delivery(w, notice);
        break;
    case KITH_NOTICE_REPLY:
        check_reply(w, notice);
        break;
    case KITH_NOTICE_TRACKER:
        assert(notice->tracker.tracker >= 1);
        assert(notice->tracker.tracker <= KITH_TRACKERS_MAX);
        break;
    case KITH_NOTICE_WARNING:
        break;
    }
}

/* ---- queries ---- */

static void view_peers(const struct world *w)
{
    struct kith_peer_view peer;
    struct kith_room_view room;
    for (uint32_t no = 0; no <= kith_node_peer_count(w->node); no++) {
        if (!kith_node_peer(w->node, no, &peer))
            continue; /* it was never kept */
        assert(no == 0 || no >= 256 || peer.is_online == w->is_online[no]);
    }
    for (uint32_t no = 1; kith_node_room(w->node, no, &room); no++) {
        assert(kith_node_room_no(w->node, &room.id) == no);
        for (uint32_t peer_no = 0; peer_no <= kith_node_peer_count(w->node); peer_no++)
            kith_node_is_in_room(w->node, no, peer_no);
    }
}

static void view_logs(const struct world *w)
{
    uint32_t holders[4];
    struct kith_log_view log;
    for (uint32_t no = 0; no < 16; no++) {
        if (!kith_node_log(w->node, no, &log))
            continue;
        kith_node_delivery(w->node, no, log.head_seq);
        kith_node_holders(w->node, no, log.head_seq, holders, 4);
    }
}

static void view_ways(const struct world *w)
{
    struct kith_dial_view dial;
    struct kith_tracker_view tracker;
    struct kith_candidate_view candidate;
    struct kith_beacon_counts counts;
    struct kith_address addresses[4];
    for (size_t i = 0; kith_node_dial(w->node, i, &dial); i++)
        assert(dial.address.host[0] != '\0');
    for (uint32_t no = 1; kith_node_tracker(w->node, no, &tracker); no++)
        assert(tracker.is_registered == false || w->is_tracker_up[no]);
    for (size_t i = 0; kith_node_candidate(w->node, i, &candidate); i++)
        assert(candidate.stage != NULL);
    assert(kith_node_addresses(w->node, addresses, 4) <= 4);
    kith_node_beacons(w->node, &counts);
}

void world_check_views(struct world *w, struct kith_bytes text)
{
    struct kith_target target;
    uint32_t choices[4];
    size_t choice_count;
    char code[KITH_CODE_SIZE];
    int error = kith_node_find(w->node, text, &target, choices, 4, &choice_count);
    assert(error == 0 || error == KITH_ENOTFOUND || error == KITH_EAMBIGUOUS);
    view_peers(w);
    view_logs(w);
    view_ways(w);
    kith_node_code(w->node, &w->peers[0], code);
    assert(kith_node_parked_count(w->node) < 256 && kith_node_link_count(w->node) < 256);
}
