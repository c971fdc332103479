/* SPDX-License-Identifier: MIT */
#include "unit/proto/sample.h"

#include <stdlib.h>

#include "lib/unit.h"

#include "kith/error.h"

#define FRAME_SKIP 5

static void encode_proof(const struct sample *s, struct kith_writer *w)
{
    struct kith_frame_proof frame;
    memcpy(frame.mac, s->proof, sizeof frame.mac);
    kith_frame_proof_encode(w, &frame);
}

static int decode_proof(struct kith_bytes bytes)
{
    struct kith_frame_proof frame;
    return kith_frame_proof_decode(bytes, &frame);
}

static void encode_hello(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    struct kith_frame_hello frame = {
        .version_min = 1,
        .version_max = 1,
        .name = BYTES("Alice"),
        .address_count = 2,
        .addresses = {BYTES("192.0.2.1:4747"), BYTES("[2001:db8::1]:4747")},
        .lost = 2,
        .name_hlc = 0x018cc251f4000000,
    };
    memset(frame.instance, 0x30, sizeof frame.instance);
    kith_frame_hello_encode(w, &frame);
}

static int decode_hello(struct kith_bytes bytes)
{
    struct kith_frame_hello frame;
    return kith_frame_hello_decode(bytes, &frame);
}

static const struct kith_frame_ping ping = {0x0102030405060708};

static void encode_ping(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    kith_frame_ping_encode(w, KITH_FRAME_PING, &ping);
}

static void encode_pong(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    kith_frame_ping_encode(w, KITH_FRAME_PONG, &ping);
}

static int decode_ping(struct kith_bytes bytes)
{
    struct kith_frame_ping frame;
    return kith_frame_ping_decode(bytes, &frame);
}

static void encode_bye(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    struct kith_frame_bye frame = {KITH_BYE_DISCONNECTED};
    kith_frame_bye_encode(w, &frame);
}

static int decode_bye(struct kith_bytes bytes)
{
    struct kith_frame_bye frame;
    return kith_frame_bye_decode(bytes, &frame);
}

static void encode_addresses(const struct sample *s, struct kith_writer *w)
{
    struct kith_frame_addresses frame = {1, {kith_writer_view(&s->record)}};
    kith_frame_addresses_encode(w, &frame);
}

static int decode_addresses(struct kith_bytes bytes)
{
    struct kith_frame_addresses frame;
    struct kith_signed_addresses record;
    int error = kith_frame_addresses_decode(bytes, &frame);
    for (size_t i = 0; i < frame.count && error == 0; i++)
        error = kith_signed_addresses_decode(frame.records[i], &record);
    return error;
}

static void encode_beacon(const struct sample *s, struct kith_writer *w)
{
    kith_writer_bytes(w, s->beacon, sizeof s->beacon);
}

static int decode_beacon(struct kith_bytes bytes)
{
    struct kith_beacon beacon;
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    if (!sample_open_beacon(bytes, plain))
        return KITH_EPROTO;
    return kith_beacon_decode(kith_bytes(plain, sizeof plain), &beacon);
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, KITH_TAG_SIZE);
}

/* The tag of the lobby among fifteen that stand in for random ones. */
static void encode_rooms(const struct sample *s, struct kith_writer *w)
{
    uint8_t tags[16][KITH_TAG_SIZE];
    memcpy(tags[0], s->tag.bytes, KITH_TAG_SIZE);
    for (int i = 1; i < 16; i++)
        memset(tags[i], i * 0x11, KITH_TAG_SIZE);
    qsort(tags, 16, KITH_TAG_SIZE, compare_tags);
    struct kith_frame_rooms frame = {16, tags[0]};
    kith_frame_rooms_encode(w, &frame);
}

static int decode_rooms(struct kith_bytes bytes)
{
    struct kith_frame_rooms frame;
    return kith_frame_rooms_decode(bytes, &frame);
}

static void encode_vector(const struct sample *s, struct kith_writer *w)
{
    struct kith_vector_entry entries[2];
    sample_entries(s, entries);
    kith_frame_vector_encode(w, &s->tag, true, entries, 2);
}

static int decode_vector(struct kith_bytes bytes)
{
    struct kith_frame_vector frame;
    return kith_frame_vector_decode(bytes, &frame);
}

static void encode_have(const struct sample *s, struct kith_writer *w)
{
    struct kith_vector_entry entries[2];
    sample_entries(s, entries);
    kith_frame_have_encode(w, &s->tag, entries, 1);
}

static int decode_have(struct kith_bytes bytes)
{
    struct kith_frame_vector frame;
    return kith_frame_have_decode(bytes, &frame);
}

static void encode_run_frame(const struct sample *s, struct kith_writer *w)
{
    kith_frame_run_encode(w, &s->tag, kith_writer_view(&s->run_profile));
}

static int decode_run(struct kith_bytes bytes)
{
    static struct kith_run run;
    return kith_run_decode(bytes, &run);
}

static int decode_run_frame(struct kith_bytes bytes)
{
    struct kith_frame_run frame;
    int error = kith_frame_run_decode(bytes, &frame);
    return error ? error : decode_run(frame.run);
}

static void encode_graft(const struct sample *s, struct kith_writer *w)
{
    struct kith_ref wanted = sample_wanted(s);
    struct kith_locator have[2] = {{2, s->message_ids[1]}, {1, s->message_ids[0]}};
    kith_frame_graft_encode(w, KITH_FRAME_GRAFT, &s->tag, &wanted, have, 2);
}

static void encode_prune(const struct sample *s, struct kith_writer *w)
{
    struct kith_ref wanted = sample_wanted(s);
    kith_frame_graft_encode(w, KITH_FRAME_PRUNE, &s->tag, &wanted, NULL, 0);
}

static void encode_more(const struct sample *s, struct kith_writer *w)
{
    const struct kith_ref wanted = sample_wanted(s);
    kith_frame_graft_encode(w, KITH_FRAME_MORE, &s->tag, &wanted, NULL, 0);
}

static void encode_fork(const struct sample *s, struct kith_writer *w)
{
    struct kith_ref wanted = sample_wanted(s);
    kith_frame_graft_encode(w, KITH_FRAME_FORK, &s->tag, &wanted, NULL, 0);
}

static int decode_graft(struct kith_bytes bytes)
{
    struct kith_frame_graft frame;
    return kith_frame_graft_decode(bytes, &frame);
}

static void encode_register(const struct sample *s, struct kith_writer *w)
{
    struct kith_frame_register frame = {
        .version_min = 1,
        .version_max = 1,
        .wants_check = true,
        .name = BYTES("Alice"),
        .port = 4747,
        .record_public = kith_writer_view(&s->record),
    };
    memcpy(frame.tag, s->network_tag, sizeof frame.tag);
    kith_frame_register_encode(w, &frame);
}

static int decode_register(struct kith_bytes bytes)
{
    struct kith_frame_register frame;
    return kith_frame_register_decode(bytes, &frame);
}

static void encode_welcome(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    struct kith_frame_welcome frame = {
        .version = 1,
        .capabilities = KITH_TRACKER_RELAYS,
        .refresh_s = 30,
        .observed = BYTES("192.0.2.1:4747"),
        .network_count = 2,
    };
    kith_frame_welcome_encode(w, &frame);
}

static int decode_welcome(struct kith_bytes bytes)
{
    struct kith_frame_welcome frame;
    return kith_frame_welcome_decode(bytes, &frame);
}

static void encode_reachable(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    struct kith_frame_reachable frame = {BYTES("192.0.2.1:4747"), true};
    kith_frame_reachable_encode(w, &frame);
}

static int decode_reachable(struct kith_bytes bytes)
{
    struct kith_frame_reachable frame;
    return kith_frame_reachable_decode(bytes, &frame);
}

/* What Bob asked: who is called Alice? One who is here, and one who was. */
static void encode_peers(const struct sample *s, struct kith_writer *w)
{
    struct kith_frame_peers frame = {.token = ping.token, .has_more = true, .count = 2};
    frame.peers[0] = (struct kith_tracked){
        .state = KITH_TRACKED_HERE,
        .id = s->alice,
        .name = BYTES("Alice"),
        .seen_s = (uint64_t)(SAMPLE_WALL / KITH_SECOND),
        .record_count = 1,
        .records = {kith_writer_view(&s->record)},
    };
    frame.peers[1] = (struct kith_tracked){
        .state = KITH_TRACKED_AWAY,
        .name = BYTES("alice"),
        .seen_s = (uint64_t)((SAMPLE_WALL - KITH_HOUR) / KITH_SECOND),
    };
    memset(frame.peers[1].id.bytes, 0x77, KITH_ID_SIZE);
    kith_frame_peers_encode(w, &frame);
}

static int decode_peers(struct kith_bytes bytes)
{
    struct kith_frame_peers frame;
    return kith_frame_peers_decode(bytes, &frame);
}

static void encode_lookup(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    struct kith_frame_lookup frame = {ping.token, KITH_LOOKUP_NAME, BYTES("Alice")};
    kith_frame_lookup_encode(w, &frame);
}

static int decode_lookup(struct kith_bytes bytes)
{
    struct kith_frame_lookup frame;
    return kith_frame_lookup_decode(bytes, &frame);
}

/* Bob, whose id is the lower one. */
static void encode_call(const struct sample *s, struct kith_writer *w)
{
    struct kith_frame_call frame = {ping.token, s->alice, KITH_CALL_MEET};
    kith_frame_call_encode(w, &frame);
}

static int decode_call(struct kith_bytes bytes)
{
    struct kith_frame_call frame;
    return kith_frame_call_decode(bytes, &frame);
}

/* To Bob. */
static void encode_ring(const struct sample *s, struct kith_writer *w)
{
    struct kith_frame_ring frame = {
        .token = ping.token,
        .id = s->alice,
        .how = KITH_CALL_MEET,
        .role = 'd',
        .address = BYTES("192.0.2.1:4747"),
    };
    kith_frame_ring_encode(w, &frame);
}

/* To Alice, who did not ask. */
static void encode_ring_relay(const struct sample *s, struct kith_writer *w)
{
    uint8_t ticket[KITH_TICKET_SIZE];
    memset(ticket, 0x70, sizeof ticket);
    struct kith_frame_ring frame = {
        .id = s->bob,
        .how = KITH_CALL_RELAY,
        .role = 'l',
        .ticket = kith_bytes(ticket, sizeof ticket),
    };
    kith_frame_ring_encode(w, &frame);
}

static int decode_ring(struct kith_bytes bytes)
{
    struct kith_frame_ring frame;
    return kith_frame_ring_decode(bytes, &frame);
}

static void encode_refused(const struct sample *s, struct kith_writer *w)
{
    (void)s;
    struct kith_frame_refused frame = {ping.token, KITH_REFUSED_LIMIT};
    kith_frame_refused_encode(w, &frame);
}

static int decode_refused(struct kith_bytes bytes)
{
    struct kith_frame_refused frame;
    return kith_frame_refused_decode(bytes, &frame);
}

static void encode_run_profile(const struct sample *s, struct kith_writer *w)
{
    kith_writer_bytes(w, s->run_profile.data, s->run_profile.size);
}

static void encode_run_messages(const struct sample *s, struct kith_writer *w)
{
    kith_writer_bytes(w, s->run_messages.data, s->run_messages.size);
}

const struct vector sample_vectors[] = {
    {"frame_proof", encode_proof, decode_proof, FRAME_SKIP, false, 0},
    {"frame_hello", encode_hello, decode_hello, FRAME_SKIP, false, 12},
    {"frame_ping", encode_ping, decode_ping, FRAME_SKIP, false, 0},
    {"frame_pong", encode_pong, decode_ping, FRAME_SKIP, false, 0},
    {"frame_bye", encode_bye, decode_bye, FRAME_SKIP, false, 0},
    {"frame_addresses", encode_addresses, decode_addresses, FRAME_SKIP, false, 0},
    {"frame_rooms", encode_rooms, decode_rooms, FRAME_SKIP, false, 0},
    {"frame_vector", encode_vector, decode_vector, FRAME_SKIP, false, 0},
    {"frame_run", encode_run_frame, decode_run_frame, FRAME_SKIP, true, 0},
    {"frame_have", encode_have, decode_have, FRAME_SKIP, false, 0},
    {"frame_graft", encode_graft, decode_graft, FRAME_SKIP, false, 0},
    {"frame_prune", encode_prune, decode_graft, FRAME_SKIP, false, 0},
    {"frame_fork", encode_fork, decode_graft, FRAME_SKIP, false, 0},
    {"frame_more", encode_more, decode_graft, FRAME_SKIP, false, 0},
    {"frame_register", encode_register, decode_register, FRAME_SKIP, false, 0},
    {"frame_welcome", encode_welcome, decode_welcome, FRAME_SKIP, false, 0},
    {"frame_reachable", encode_reachable, decode_reachable, FRAME_SKIP, false, 0},
    {"frame_peers", encode_peers, decode_peers, FRAME_SKIP, false, 0},
    {"frame_lookup", encode_lookup, decode_lookup, FRAME_SKIP, false, 0},
    {"frame_call", encode_call, decode_call, FRAME_SKIP, false, 0},
    {"frame_ring", encode_ring, decode_ring, FRAME_SKIP, false, 0},
    {"frame_ring_relay", encode_ring_relay, decode_ring, FRAME_SKIP, false, 0},
    {"frame_refused", encode_refused, decode_refused, FRAME_SKIP, false, 0},
    {"beacon", encode_beacon, decode_beacon, 0, true, 0},
    {"run_profile", encode_run_profile, decode_run, 0, true, 0},
    {"run_messages", encode_run_messages, decode_run, 0, true, 0},
};

const size_t sample_vectors_count = COUNT(sample_vectors);

struct kith_bytes sample_encoded(const struct sample *sample, const char *name,
                                 struct kith_writer *w)
{
    for (size_t i = 0; i < sample_vectors_count; i++) {
        const struct vector *vector = &sample_vectors[i];
        if (strcmp(vector->name, name) != 0)
            continue;
        vector->encode(sample, w);
        assert_false(w->failed);
        return kith_bytes(w->data + vector->skip, w->size - vector->skip);
    }
    fail_msg("no vector is called %s", name);
    return kith_bytes(NULL, 0);
}
