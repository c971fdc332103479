/* SPDX-License-Identifier: MIT */
#include "unit/proto/sample.h"

#include <sodium.h>

#include "lib/unit.h"

const char *const sample_texts[SAMPLE_MESSAGES] = {
    "hello",
    "gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x91\x8b",
    "never mind",
};

#define HASH_PART(state, part) crypto_generichash_update(state, part, sizeof(part))

static void derive_network_key(uint8_t out[static KITH_HASH_SIZE])
{
    crypto_generichash(out, KITH_HASH_SIZE, (const uint8_t *)"kith-nethome", 12, NULL, 0);
}

static void derive_keys(struct sample *s)
{
    uint8_t seed[crypto_sign_SEEDBYTES], unused_secret[64];
    memset(seed, 0x01, sizeof seed);
    crypto_sign_seed_keypair(s->alice.bytes, s->alice_secret, seed);
    memset(seed, 0x02, sizeof seed);
    crypto_sign_seed_keypair(s->bob.bytes, unused_secret, seed);
    memset(seed, 0x03, sizeof seed);
    crypto_sign_seed_keypair(s->tracker.bytes, unused_secret, seed);
    derive_network_key(s->network_key);
    memset(s->exporter_net, 0xe1, sizeof s->exporter_net);
    memset(s->exporter_room, 0xe2, sizeof s->exporter_room);
    memset(s->control_log.bytes, 0x20, KITH_LOG_ID_SIZE);
    memset(s->content_log.bytes, 0x10, KITH_LOG_ID_SIZE);
}

static void derive_rooms(struct sample *s)
{
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, 32);
    crypto_generichash_update(&h, (const uint8_t *)"kith-open", 9);
    HASH_PART(&h, s->network_key);
    crypto_generichash_update(&h, (const uint8_t *)"lobby", 5);
    crypto_generichash_final(&h, s->lobby.bytes, 32);

    bool in_order = memcmp(s->alice.bytes, s->bob.bytes, 32) < 0;
    crypto_generichash_init(&h, NULL, 0, 32);
    crypto_generichash_update(&h, (const uint8_t *)"kith-direct", 11);
    crypto_generichash_update(&h, in_order ? s->alice.bytes : s->bob.bytes, 32);
    crypto_generichash_update(&h, in_order ? s->bob.bytes : s->alice.bytes, 32);
    crypto_generichash_final(&h, s->direct.bytes, 32);
}

static void derive_link(struct sample *s)
{
    crypto_generichash_state h;
    crypto_generichash_init(&h, s->network_key, 32, 32);
    crypto_generichash_update(&h, (const uint8_t *)"kith-net-1d", 11);
    HASH_PART(&h, s->exporter_net);
    HASH_PART(&h, s->alice.bytes);
    HASH_PART(&h, s->bob.bytes);
    crypto_generichash_final(&h, s->proof, 32);

    crypto_generichash_init(&h, s->exporter_room, 32, KITH_TAG_SIZE);
    crypto_generichash_update(&h, (const uint8_t *)"d", 1);
    HASH_PART(&h, s->alice.bytes);
    HASH_PART(&h, s->bob.bytes);
    HASH_PART(&h, s->lobby.bytes);
    crypto_generichash_final(&h, s->tag.bytes, KITH_TAG_SIZE);
}

static void derive_network_tag(struct sample *s)
{
    crypto_generichash_state h;
    crypto_generichash_init(&h, s->network_key, 32, KITH_NETWORK_TAG_SIZE);
    crypto_generichash_update(&h, (const uint8_t *)"kith-tag", 8);
    HASH_PART(&h, s->tracker.bytes);
    crypto_generichash_final(&h, s->network_tag, KITH_NETWORK_TAG_SIZE);
}

/* "kith … 1" || H(network key; fields), signed by Alice. */
static void sign_keyed(const struct sample *s, const char *label,
                       struct kith_bytes fields, uint8_t out[static KITH_SIGNATURE_SIZE])
{
    uint8_t message[10 + KITH_HASH_SIZE];
    memcpy(message, label, 10);
    crypto_generichash(message + 10, KITH_HASH_SIZE, fields.data, fields.size,
                       s->network_key, sizeof s->network_key);
    crypto_sign_detached(out, NULL, message, sizeof message, s->alice_secret);
}

static void write_beacon(struct sample *s)
{
    struct kith_beacon beacon = {.id = s->alice, .counter = 1, .port = 4747};
    uint8_t fields[KITH_BEACON_SIGNED_SIZE], plain[KITH_BEACON_PLAIN_SIZE];
    memset(beacon.boot, 0x30, sizeof beacon.boot);
    kith_beacon_signed(&beacon, fields);
    sign_keyed(s, "kith bcn 1", kith_bytes(fields, sizeof fields), beacon.signature);
    kith_beacon_encode(&beacon, plain);
    uint8_t *nonce = s->beacon + KITH_BEACON_MAGIC_SIZE;
    memcpy(s->beacon, "kithbcn1", KITH_BEACON_MAGIC_SIZE);
    memset(nonce, 0x60, KITH_BEACON_NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        nonce + KITH_BEACON_NONCE_SIZE, NULL, plain, sizeof plain, s->beacon,
        KITH_BEACON_MAGIC_SIZE, NULL, nonce, s->network_key);
}

bool sample_open_beacon(struct kith_bytes datagram,
                        uint8_t out[static KITH_BEACON_PLAIN_SIZE])
{
    uint8_t key[KITH_HASH_SIZE];
    derive_network_key(key);
    const uint8_t *nonce = datagram.data + KITH_BEACON_MAGIC_SIZE;
    return datagram.size == KITH_BEACON_SIZE &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(
               out, NULL, NULL, nonce + KITH_BEACON_NONCE_SIZE,
               KITH_BEACON_PLAIN_SIZE + KITH_BEACON_MAC_SIZE, datagram.data,
               KITH_BEACON_MAGIC_SIZE, nonce, key) == 0;
}

static void write_record(struct sample *s)
{
    struct kith_signed_addresses record = {
        .id = s->alice,
        .counter = (uint64_t)(SAMPLE_WALL / KITH_MS),
        .expiry = (uint64_t)((SAMPLE_WALL + 24 * KITH_HOUR) / KITH_SECOND),
        .address_count = 2,
        .addresses = {BYTES("192.0.2.1:4747"), BYTES("[2001:db8::1]:4747")},
    };
    kith_signed_addresses_fields(&s->record, &record);
    sign_keyed(s, "kith adr 1", kith_writer_view(&s->record), record.signature);
    kith_writer_bytes(&s->record, record.signature, sizeof record.signature);
}

/* Salt || body, and what the header says about it. */
static void seal(struct kith_writer *content, uint8_t salt, struct kith_bytes body,
                 struct kith_own *own)
{
    memset(kith_writer_reserve(content, KITH_SALT_SIZE), salt, KITH_SALT_SIZE);
    kith_writer_bytes(content, body.data, body.size);
    own->body_size = (uint32_t)body.size;
    crypto_generichash(own->body_hash, KITH_HASH_SIZE, content->data, content->size, NULL,
                       0);
}

static struct kith_id hash_event(const struct sample *s, const struct kith_run_head *head,
                                 uint64_t seq, const struct kith_id *prev,
                                 struct kith_bytes own)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_id id;
    kith_writer_u8(&w, 1);
    kith_writer_bytes(&w, s->lobby.bytes, 32);
    kith_writer_bytes(&w, head->author.bytes, 32);
    kith_writer_u8(&w, (uint8_t)head->log_class);
    kith_writer_bytes(&w, head->log.bytes, 16);
    kith_writer_u64(&w, seq);
    kith_writer_bytes(&w, prev->bytes, 32);
    kith_writer_bytes(&w, own.data, own.size);
    crypto_generichash(id.bytes, 32, w.data, w.size, NULL, 0);
    kith_writer_deinit(&w);
    return id;
}

static void sign(const struct sample *s, const struct kith_id *last,
                 struct kith_writer *w, size_t run)
{
    uint8_t message[10 + 32], signature[KITH_SIGNATURE_SIZE];
    memcpy(message, "kith run 1", 10);
    memcpy(message + 10, last->bytes, 32);
    crypto_sign_detached(signature, NULL, message, sizeof message, s->alice_secret);
    kith_run_sign(w, run, signature);
}

static void write_profile(struct sample *s)
{
    struct kith_run_head head = {s->alice, KITH_LOG_CONTROL, s->control_log, 1, {{0}}};
    struct kith_own own = {.hlc = kith_hlc_from_wall(SAMPLE_WALL),
                           .kind = KITH_KIND_PROFILE};
    struct kith_writer body = kith_writer(&kith_alloc_heap);
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    struct kith_writer part = kith_writer(&kith_alloc_heap);
    kith_body_profile_encode(&body, BYTES("Alice"));
    seal(&content, 0x50, kith_writer_view(&body), &own);
    kith_own_encode(&part, &own);
    s->profile_id = hash_event(s, &head, 1, &head.prev, kith_writer_view(&part));
    size_t run = kith_run_begin(&s->run_profile, &head);
    kith_run_add(&s->run_profile, run, kith_writer_view(&part),
                 kith_writer_view(&content));
    sign(s, &s->profile_id, &s->run_profile, run);
    kith_writer_deinit(&body);
    kith_writer_deinit(&content);
    kith_writer_deinit(&part);
}

static void add_message(struct sample *s, const struct kith_run_head *head, size_t run,
                        size_t index)
{
    struct kith_ref ctl = {s->alice, s->control_log, 1, s->profile_id};
    struct kith_ref dep = sample_dep(s);
    /* The first two share a millisecond. */
    struct kith_own own = {.hlc = kith_hlc_from_wall(SAMPLE_WALL + KITH_SECOND) + index,
                           .kind = KITH_KIND_MESSAGE,
                           .ctl = &ctl,
                           .ctl_count = 1,
                           .deps = &dep,
                           .deps_count = index == 1};
    struct kith_writer body = kith_writer(&kith_alloc_heap);
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    struct kith_writer part = kith_writer(&kith_alloc_heap);
    kith_body_message_encode(
        &body, kith_bytes(sample_texts[index], strlen(sample_texts[index])));
    seal(&content, (uint8_t)(0x51 + index), kith_writer_view(&body), &own);
    kith_own_encode(&part, &own);
    s->message_ids[index] =
        hash_event(s, head, index + 1, index ? &s->message_ids[index - 1] : &head->prev,
                   kith_writer_view(&part));
    bool is_discarded = index == SAMPLE_MESSAGES - 1;
    kith_run_add(&s->run_messages, run, kith_writer_view(&part),
                 is_discarded ? kith_bytes(NULL, 0) : kith_writer_view(&content));
    kith_writer_deinit(&body);
    kith_writer_deinit(&content);
    kith_writer_deinit(&part);
}

static void write_messages(struct sample *s)
{
    struct kith_run_head head = {s->alice, KITH_LOG_CONTENT, s->content_log, 1, {{0}}};
    size_t run = kith_run_begin(&s->run_messages, &head);
    for (size_t i = 0; i < SAMPLE_MESSAGES; i++)
        add_message(s, &head, run, i);
    sign(s, &s->message_ids[SAMPLE_MESSAGES - 1], &s->run_messages, run);
}

void sample_init(struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    assert_return_code(sodium_init(), 0);
    sample->record = kith_writer(&kith_alloc_heap);
    sample->run_profile = kith_writer(&kith_alloc_heap);
    sample->run_messages = kith_writer(&kith_alloc_heap);
    derive_keys(sample);
    derive_rooms(sample);
    derive_link(sample);
    derive_network_tag(sample);
    write_beacon(sample);
    write_record(sample);
    write_profile(sample);
    write_messages(sample);
    assert_false(sample->record.failed);
    assert_false(sample->run_profile.failed || sample->run_messages.failed);
}

void sample_deinit(struct sample *sample)
{
    kith_writer_deinit(&sample->record);
    kith_writer_deinit(&sample->run_profile);
    kith_writer_deinit(&sample->run_messages);
}

void sample_entries(const struct sample *sample, struct kith_vector_entry out[static 2])
{
    struct kith_ref dep = sample_dep(sample);
    out[0] = (struct kith_vector_entry){
        sample->alice, KITH_LOG_CONTROL, sample->control_log, 0, 1, sample->profile_id,
    };
    out[1] = (struct kith_vector_entry){
        sample->bob, KITH_LOG_CONTENT, dep.log, 5, 7, dep.id,
    };
}

struct kith_ref sample_wanted(const struct sample *sample)
{
    return (struct kith_ref){sample->alice, sample->content_log, SAMPLE_MESSAGES,
                             sample->message_ids[SAMPLE_MESSAGES - 1]};
}

struct kith_ref sample_dep(const struct sample *sample)
{
    struct kith_ref dep = {.author = sample->bob, .seq = 7};
    memset(dep.log.bytes, 0x40, sizeof dep.log.bytes);
    memset(dep.id.bytes, 0x77, sizeof dep.id.bytes);
    return dep;
}
