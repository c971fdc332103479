/* SPDX-License-Identifier: MIT */
#include "tracked.h"

#include <sodium.h>
#include <stdio.h>

#include "core/digest.h"
#include "core/engine.h"

/* ---- who is who ---- */

struct kith_id tracked_peer_id(uint8_t seed)
{
    struct lone_key key;
    lone_key_make(&key, seed);
    return key.id;
}

struct kith_id tracked_id(uint32_t no)
{
    return tracked_peer_id((uint8_t)(TRACKED_SEED + no));
}

struct kith_address tracked_address(uint32_t no)
{
    struct kith_address address = {.port = 55555};
    snprintf(address.host, sizeof(address.host), "t%u.example", no);
    return address;
}

static uint8_t find_seed(const struct lone *l, bool is_lower)
{
    for (uint8_t seed = 1; seed < TRACKED_SEED; seed++) {
        struct kith_id id = tracked_peer_id(seed);
        if ((kith_id_compare(&id, &l->key.id) < 0) == is_lower)
            return seed;
    }
    fail_msg("all ids are on one side");
    return 0;
}

uint8_t tracked_lower_seed(const struct lone *l)
{
    return find_seed(l, true);
}

uint8_t tracked_higher_seed(const struct lone *l)
{
    return find_seed(l, false);
}

/* ---- the node ---- */

void tracked_listen(struct lone *l, const char *const *hosts, size_t count)
{
    struct kith_address addresses[KITH_HELLO_ADDRESSES_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        addresses[i].port = 4747;
        snprintf(addresses[i].host, sizeof(addresses[i].host), "%s", hosts[i]);
    }
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_LISTENING;
    in.command.listening.addresses = addresses;
    in.command.listening.count = count;
    lone_step(l, in);
}

int tracked_add(struct lone *l, uint32_t no, const struct kith_id *id)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_TRACKER;
    in.command.token = 70 + no;
    in.command.tracker.address = tracked_address(no);
    in.command.tracker.has_id = id != NULL;
    if (id != NULL)
        in.command.tracker.id = *id;
    lone_step(l, in);
    if (l->error != 0)
        return l->error;
    const struct kith_notice *reply = lone_last_told(l, KITH_NOTICE_REPLY);
    assert_non_null(reply);
    return reply->reply.error;
}

void tracked_up(struct lone *l, uint32_t no, const char *host)
{
    struct kith_input in = {.type = KITH_INPUT_TRACKER_UP};
    in.tracker_up.tracker = no;
    in.tracker_up.id = tracked_id(no);
    in.tracker_up.remote.port = 55555;
    snprintf(in.tracker_up.remote.host, sizeof(in.tracker_up.remote.host), "%s", host);
    lone_step(l, in);
}

void tracked_down(struct lone *l, uint32_t no, int error)
{
    struct kith_input in = {.type = KITH_INPUT_TRACKER_DOWN};
    in.tracker_down.tracker = no;
    in.tracker_down.error = error;
    lone_step(l, in);
}

/* ---- what it says ---- */

void tracked_say_raw(struct lone *l, uint32_t no, struct kith_bytes frame)
{
    struct kith_input in = {.type = KITH_INPUT_TRACKER_FRAME};
    in.tracker_frame.tracker = no;
    in.tracker_frame.bytes = frame;
    lone_step(l, in);
}

void tracked_say(struct lone *l, uint32_t no, struct kith_writer *w)
{
    tracked_say_raw(l, no, kith_bytes(w->data + 4, w->size - 4));
    kith_writer_deinit(w);
}

void tracked_welcome(struct lone *l, uint32_t no, const char *observed)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_welcome frame = {
        .version = 1,
        .capabilities = KITH_TRACKER_RELAYS,
        .refresh_s = 30,
        .observed = kith_bytes(observed, strlen(observed)),
        .network_count = 2,
    };
    kith_frame_welcome_encode(&w, &frame);
    tracked_say(l, no, &w);
}

void tracked_reachable(struct lone *l, uint32_t no, const char *address, bool is_reached)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_reachable frame = {kith_bytes(address, strlen(address)),
                                         is_reached};
    kith_frame_reachable_encode(&w, &frame);
    tracked_say(l, no, &w);
}

void tracked_join(struct lone *l, uint32_t no)
{
    char host[24];
    snprintf(host, sizeof(host), "198.51.100.%u", no);
    int error = tracked_add(l, no, NULL);
    assert_int_equal(error, l->error);
    tracked_up(l, no, host);
    tracked_welcome(l, no, "203.0.113.77:4747");
}

static void write_record(const struct lone *l, const struct tracked_peer *peer,
                         const char *const *addresses, size_t count,
                         struct kith_writer *w)
{
    struct lone_key key;
    lone_key_make(&key, peer->seed);
    struct kith_signed_addresses record = {
        .id = key.id,
        .counter = peer->counter != 0 ? peer->counter : 1000,
        .expiry = peer->expiry != 0 ? peer->expiry
                                    : (uint64_t)(l->now.wall / KITH_SECOND) + 86400,
        .address_count = count,
    };
    for (size_t i = 0; i < count; i++)
        record.addresses[i] = kith_bytes(addresses[i], strlen(addresses[i]));
    uint8_t message[KITH_VERIFY_SIZE];
    kith_signed_addresses_fields(w, &record);
    kith_digest_addresses(kith_writer_view(w), l->node->network_key, message);
    message[0] ^= peer->is_forged;
    crypto_sign_detached(record.signature, NULL, message, sizeof(message), key.secret);
    kith_writer_bytes(w, record.signature, sizeof(record.signature));
}

void tracked_tell(struct lone *l, uint32_t no, const struct tracked_peer *peer)
{
    struct kith_writer records[KITH_TRACKED_RECORDS_MAX];
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const char *name = peer->name != NULL ? peer->name : "";
    struct kith_frame_peers frame = {.token = peer->token, .count = 1};
    struct kith_tracked *told = &frame.peers[0];
    told->state = peer->state;
    told->id = tracked_peer_id(peer->seed);
    told->name = kith_bytes(name, strlen(name));
    told->seen_s = peer->seen_s;
    told->record_count = KITH_TRACKED_RECORDS_MAX;
    for (size_t slot = 0; slot < KITH_TRACKED_RECORDS_MAX; slot++) {
        records[slot] = kith_writer(&kith_alloc_heap);
        size_t count = slot == 0 ? peer->address_count : peer->local != NULL;
        if (count > 0)
            write_record(l, peer, slot == 0 ? peer->addresses : &peer->local, count,
                         &records[slot]);
        told->records[slot] = kith_writer_view(&records[slot]);
    }
    kith_frame_peers_encode(&w, &frame);
    tracked_say(l, no, &w);
    for (size_t slot = 0; slot < KITH_TRACKED_RECORDS_MAX; slot++)
        kith_writer_deinit(&records[slot]);
}

void tracked_ring(struct lone *l, uint32_t no, uint8_t seed, char role, const char *at)
{
    static const uint8_t ticket[KITH_TICKET_SIZE] = {0x70, 1, 2, 3};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_ring frame = {
        .id = tracked_peer_id(seed),
        .how = at != NULL ? KITH_CALL_MEET : KITH_CALL_RELAY,
        .role = (uint8_t)role,
        .address = at != NULL ? kith_bytes(at, strlen(at)) : kith_bytes(NULL, 0),
        .ticket = at == NULL ? kith_bytes(ticket, sizeof(ticket)) : kith_bytes(NULL, 0),
    };
    kith_frame_ring_encode(&w, &frame);
    tracked_say(l, no, &w);
}

/* ---- what it was told ---- */

size_t tracked_count(const struct lone *l, uint32_t no, uint8_t type)
{
    return lone_count_sent(l, LONE_TRACKER + no, type);
}

struct kith_frame_register tracked_registration(const struct lone *l, uint32_t no)
{
    const struct lone_frame *sent =
        lone_last_sent(l, LONE_TRACKER + no, KITH_FRAME_REGISTER);
    struct kith_frame_register frame;
    assert_non_null(sent);
    assert_true(sent->size <= sizeof(sent->fields));
    assert_int_equal(
        kith_frame_register_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
    return frame;
}

/* ---- what comes of it ---- */

struct tracked_peer tracked_person(uint8_t seed)
{
    return (struct tracked_peer){
        .seed = seed, .address_count = 1, .addresses = {"192.0.2.20:4747"}};
}

const struct lone_dial *tracked_last_dial(const struct lone *l)
{
    assert_true(l->dial_count > 0);
    return &l->dialled[(l->dial_count - 1) % LONE_DIALS_MAX];
}

void tracked_fail_dial(struct lone *l, uint32_t dial)
{
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = dial;
    in.dial_failed.error = KITH_EREFUSED;
    lone_step(l, in);
}

/* CALLs to tracker 1 that ask for this. */
size_t tracked_calls_to(const struct lone *l, uint32_t no, enum kith_call_how how)
{
    size_t count = 0;
    for (size_t i = 0; i < l->sent_count; i++) {
        struct kith_frame_call frame;
        if (l->sent[i].link != LONE_TRACKER + no || l->sent[i].type != KITH_FRAME_CALL)
            continue;
        assert_int_equal(kith_frame_call_decode(
                             kith_bytes(l->sent[i].fields, l->sent[i].size), &frame),
                         0);
        count += frame.how == how;
    }
    return count;
}

size_t tracked_calls(const struct lone *l, enum kith_call_how how)
{
    return tracked_calls_to(l, 1, how);
}

/* A link of this peer, on this number, by the last dial (or none: it dialled us). */
void tracked_link_up(struct lone *l, struct lone_peer *peer, uint8_t seed, uint32_t link,
                     bool is_relayed, bool is_ours)
{
    l->is_relayed = is_relayed;
    lone_connect(l, peer, seed, link, is_ours ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER,
                 is_ours ? tracked_last_dial(l)->no : 0);
    lone_greet(l, peer);
}
