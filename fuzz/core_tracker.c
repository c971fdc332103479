/* SPDX-License-Identifier: MIT */
/* Trackers, and the local network. */
#include "core_frames.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "alter.h"
#include "core/digest.h"
#include "proto/beacon.h"
#include "proto/tracker.h"

#define TRACKER_BYTE 0xa0 /* ids of trackers; the next one is of another */

void world_write_record(const struct world *w, uint8_t choice, struct kith_writer *out)
{
    enum { IS_NEWER = 4, IS_EXPIRED = 8, IS_FORGED = 128 };
    char texts[2][KITH_ADDRESS_TEXT_SIZE];
    struct kith_signed_addresses record = {
        .id = w->peers[choice % (WORLD_PEERS + 1)],
        .counter = choice & IS_NEWER ? 2000 : 1000,
        .expiry =
            (uint64_t)(w->now.wall / KITH_SECOND) + (choice & IS_EXPIRED ? 0 : 3600),
        .address_count = 1 + (choice >> 6 & 1),
    };
    for (size_t i = 0; i < record.address_count; i++) {
        struct kith_address address = world_address((uint8_t)((choice >> 4) + i * 9));
        kith_address_format(&address, texts[i]);
        record.addresses[i] = kith_bytes(texts[i], strlen(texts[i]));
    }
    uint8_t message[KITH_VERIFY_SIZE];
    kith_signed_addresses_fields(out, &record);
    kith_digest_addresses(kith_writer_view(out), world_network_key, message);
    world_sign(&record.id, message, sizeof(message), record.signature);
    record.signature[0] ^= choice & IS_FORGED;
    kith_writer_bytes(out, record.signature, sizeof(record.signature));
}

void world_write_ring(const struct world *w, uint8_t choice, struct kith_writer *f)
{
    static const uint8_t ticket[KITH_TICKET_SIZE] = {0x70};
    bool is_relay = (choice & 4) != 0;
    struct kith_frame_ring ring = {
        .token = choice & 32 ? w->tracker_token : 0,
        .id = w->peers[choice % (WORLD_PEERS + 1)],
        .how = is_relay ? KITH_CALL_RELAY : KITH_CALL_MEET,
        .role = choice & 8 ? 'd' : 'l',
        .address = is_relay ? kith_bytes(NULL, 0) : kith_bytes("192.0.2.20:5000", 15),
        .ticket = is_relay ? kith_bytes(ticket, sizeof(ticket)) : kith_bytes(NULL, 0),
    };
    kith_frame_ring_encode(f, &ring);
}

static void write_welcome(uint8_t choice, struct kith_writer *f)
{
    const char *observed = choice & 4 ? "203.0.113.77:4747" : "[2001:db8::5]:4750";
    struct kith_frame_welcome frame = {
        .version = 1,
        .capabilities = choice & 1 ? KITH_TRACKER_RELAYS : 0,
        .refresh_s = choice >> 1,
        .observed = kith_bytes(observed, strlen(observed)),
        .network_count = choice,
    };
    kith_frame_welcome_encode(f, &frame);
}

static void write_peers(const struct world *w, struct kith_reader *in,
                        struct kith_writer *f)
{
    struct kith_writer records[KITH_TRACKED_RECORDS_MAX];
    uint8_t how = kith_reader_u8(in);
    struct kith_frame_peers frame = {
        .token = how & 4 ? w->tracker_token : 0, .has_more = how & 8, .count = 1};
    struct kith_tracked *told = &frame.peers[0];
    told->state = how >> 4 & 1;
    told->id = w->peers[how % (WORLD_PEERS + 1)];
    told->name = kith_bytes("bob", how & 32 ? 0 : 3);
    told->seen_s = (uint64_t)(w->now.wall / KITH_SECOND) - how;
    told->record_count = KITH_TRACKED_RECORDS_MAX;
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++) {
        records[i] = kith_writer(&kith_alloc_heap);
        if (how & 64u << i)
            world_write_record(w, kith_reader_u8(in), &records[i]);
        told->records[i] = kith_writer_view(&records[i]);
    }
    kith_frame_peers_encode(f, &frame);
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++)
        kith_writer_deinit(&records[i]);
}

static void write_reachable(uint8_t choice, struct kith_writer *f)
{
    const char *at = choice & 2 ? "203.0.113.77:4747" : "192.0.2.1:4747";
    kith_frame_reachable_encode(
        f, &(struct kith_frame_reachable){kith_bytes(at, strlen(at)), choice & 1});
}

static void write_frame(const struct world *w, uint8_t what, struct kith_reader *in,
                        struct kith_writer *f)
{
    if (what == 2)
        write_welcome(kith_reader_u8(in), f);
    else if (what == 3)
        write_reachable(kith_reader_u8(in), f);
    else if (what == 4)
        write_peers(w, in, f);
    else if (what == 5)
        world_write_ring(w, kith_reader_u8(in), f);
    else if (what == 6)
        kith_frame_refused_encode(
            f, &(struct kith_frame_refused){w->tracker_token, kith_reader_u8(in)});
    else if (what == 7)
        kith_frame_ping_encode(f, KITH_FRAME_PING,
                               &(struct kith_frame_ping){kith_reader_u8(in)});
    else if (what == 8)
        kith_frame_ping_encode(f, KITH_FRAME_PONG,
                               &(struct kith_frame_ping){w->tracker_token});
    else
        kith_frame_bye_encode(f, &(struct kith_frame_bye){kith_reader_u8(in)});
}

static void up(struct world *w, uint32_t no, uint8_t choice)
{
    struct kith_input input = {.type = KITH_INPUT_TRACKER_UP};
    if (!w->is_tracker_dialled[no])
        return;
    w->is_tracker_dialled[no] = false;
    w->is_tracker_up[no] = true;
    input.tracker_up.tracker = no;
    memset(input.tracker_up.id.bytes, TRACKER_BYTE + (int)no + (choice & 1),
           KITH_ID_SIZE);
    input.tracker_up.remote = world_address(choice);
    world_step(w, &input);
}

static void down(struct world *w, uint32_t no)
{
    struct kith_input input = {.type = KITH_INPUT_TRACKER_DOWN};
    if (!w->is_tracker_dialled[no] && !w->is_tracker_up[no])
        return;
    w->is_tracker_dialled[no] = w->is_tracker_up[no] = false;
    input.tracker_down.tracker = no;
    input.tracker_down.error = KITH_ECLOSED;
    world_step(w, &input);
}

void world_tracker_act(struct world *w, struct kith_reader *in, bool is_late)
{
    uint8_t who = kith_reader_u8(in);
    uint32_t no = (is_late ? 5 : 1) + (who & 3);
    uint8_t what = (who >> 2) % 10;
    if (what == 0)
        up(w, no, kith_reader_u8(in));
    else if (what == 1)
        down(w, no);
    if (what < 2 || !w->is_tracker_up[no])
        return;
    struct kith_writer f = kith_writer(&kith_alloc_heap);
    write_frame(w, what, in, &f);
    struct kith_input input = {.type = KITH_INPUT_TRACKER_FRAME};
    size_t size = f.size - 4;
    fuzz_alter(in, f.data + 4, &size);
    input.tracker_frame.tracker = no;
    input.tracker_frame.bytes = kith_bytes(f.data + 4, size);
    world_step(w, &input);
    kith_writer_deinit(&f);
}

/* ---- the local network ---- */

void world_beacon(struct world *w, struct kith_reader *in)
{
    uint8_t choice = kith_reader_u8(in);
    uint8_t counter = kith_reader_u8(in);
    struct kith_beacon beacon = {
        .flags = (uint8_t)((counter & ~3) | (choice >> 2 & 3)),
        .id = w->peers[choice % (WORLD_PEERS + 1)],
        .counter = counter,
        .port = 4747,
    };
    uint8_t message[KITH_VERIFY_SIZE], plain[KITH_BEACON_PLAIN_SIZE];
    uint8_t datagram[KITH_BEACON_SIZE] = KITH_BEACON_MAGIC;
    size_t plain_size = sizeof(plain), size = sizeof(datagram);
    memset(beacon.boot, choice >> 4, sizeof(beacon.boot));
    kith_digest_beacon(&beacon, world_network_key, message);
    world_sign(&beacon.id, message, sizeof(message), beacon.signature);
    kith_beacon_encode(&beacon, plain);
    fuzz_alter(in, plain, &plain_size);
    uint8_t *nonce = datagram + KITH_BEACON_MAGIC_SIZE;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        nonce + KITH_BEACON_NONCE_SIZE, NULL, plain, sizeof(plain), datagram,
        KITH_BEACON_MAGIC_SIZE, NULL, nonce, world_network_key);
    fuzz_alter(in, datagram, &size);
    struct kith_input input = {.type = KITH_INPUT_DATAGRAM};
    input.datagram.from = world_address(choice >> 5);
    input.datagram.is_on_link = choice & 16;
    input.datagram.bytes = kith_bytes(datagram, size);
    world_step(w, &input);
}
