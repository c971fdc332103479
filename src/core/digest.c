/* SPDX-License-Identifier: MIT */
#include "core/digest.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void hash_update(crypto_generichash_state *state, const void *data, size_t size)
{
    crypto_generichash_update(state, data, size);
}

static uint8_t role_byte(enum kith_role role)
{
    return role == KITH_ROLE_DIALLER ? 'd' : 'l';
}

void kith_digest_proof(const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                       enum kith_role prover,
                       const uint8_t exporter[static KITH_EXPORTER_SIZE],
                       const struct kith_id *dialler, const struct kith_id *listener,
                       uint8_t out[static KITH_HASH_SIZE])
{
    static const char context[] = "kith-net-1";
    uint8_t role = role_byte(prover);
    crypto_generichash_state state;
    crypto_generichash_init(&state, network_key, KITH_NETWORK_KEY_SIZE, KITH_HASH_SIZE);
    hash_update(&state, context, sizeof(context) - 1);
    hash_update(&state, &role, 1);
    hash_update(&state, exporter, KITH_EXPORTER_SIZE);
    hash_update(&state, dialler->bytes, KITH_ID_SIZE);
    hash_update(&state, listener->bytes, KITH_ID_SIZE);
    crypto_generichash_final(&state, out, KITH_HASH_SIZE);
}

struct kith_tag kith_digest_tag(const uint8_t exporter[static KITH_EXPORTER_SIZE],
                                enum kith_role sender_role, const struct kith_id *sender,
                                const struct kith_id *receiver,
                                const struct kith_id *room)
{
    struct kith_tag tag;
    uint8_t role = role_byte(sender_role);
    crypto_generichash_state state;
    crypto_generichash_init(&state, exporter, KITH_EXPORTER_SIZE, KITH_TAG_SIZE);
    hash_update(&state, &role, 1);
    hash_update(&state, sender->bytes, KITH_ID_SIZE);
    hash_update(&state, receiver->bytes, KITH_ID_SIZE);
    hash_update(&state, room->bytes, KITH_ID_SIZE);
    crypto_generichash_final(&state, tag.bytes, KITH_TAG_SIZE);
    return tag;
}

struct kith_tag kith_digest_padding(const uint8_t key[static KITH_TAG_SIZE],
                                    uint32_t link, uint32_t index)
{
    struct kith_tag tag;
    const uint32_t place[] = {link, index};
    crypto_generichash(tag.bytes, KITH_TAG_SIZE, (const uint8_t *)place, sizeof(place),
                       key, KITH_TAG_SIZE);
    return tag;
}

void kith_digest_network_tag(const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                             const struct kith_id *tracker,
                             uint8_t out[static KITH_HASH_SIZE])
{
    static const char context[] = "kith-tag";
    crypto_generichash_state state;
    crypto_generichash_init(&state, network_key, KITH_NETWORK_KEY_SIZE, KITH_HASH_SIZE);
    hash_update(&state, context, sizeof(context) - 1);
    hash_update(&state, tracker->bytes, KITH_ID_SIZE);
    crypto_generichash_final(&state, out, KITH_HASH_SIZE);
}

struct kith_id kith_digest_open_room(
    const uint8_t network_key[static KITH_NETWORK_KEY_SIZE], const char *name)
{
    static const char context[] = "kith-open";
    struct kith_id id;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, KITH_ID_SIZE);
    hash_update(&state, context, sizeof(context) - 1);
    hash_update(&state, network_key, KITH_NETWORK_KEY_SIZE);
    hash_update(&state, name, strlen(name));
    crypto_generichash_final(&state, id.bytes, KITH_ID_SIZE);
    return id;
}

static struct kith_id digest_pair(const char *context, const struct kith_id *a,
                                  const struct kith_id *b)
{
    bool in_order = kith_id_compare(a, b) < 0;
    struct kith_id id;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, KITH_ID_SIZE);
    hash_update(&state, context, strlen(context));
    hash_update(&state, in_order ? a->bytes : b->bytes, KITH_ID_SIZE);
    hash_update(&state, in_order ? b->bytes : a->bytes, KITH_ID_SIZE);
    crypto_generichash_final(&state, id.bytes, KITH_ID_SIZE);
    return id;
}

struct kith_id kith_digest_direct_room(const struct kith_id *a, const struct kith_id *b)
{
    return digest_pair("kith-direct", a, b);
}

#define CODE_GROUPS      6
#define CODE_GROUP_BYTES 5

void kith_digest_code(const struct kith_id *a, const struct kith_id *b,
                      char out[static KITH_CODE_SIZE])
{
    struct kith_id hash = digest_pair("kith-verify-1", a, b);
    for (size_t i = 0; i < CODE_GROUPS; i++) {
        uint64_t group = 0;
        for (size_t j = 0; j < CODE_GROUP_BYTES; j++)
            group = group << 8 | hash.bytes[i * CODE_GROUP_BYTES + j];
        snprintf(out + i * 6, KITH_CODE_SIZE - i * 6, "%05u", (unsigned)(group % 100000));
        if (i + 1 < CODE_GROUPS)
            out[i * 6 + 5] = ' ';
    }
}

static struct kith_id event_id(const struct kith_run *run, const struct kith_id *room,
                               const struct kith_event *event, const struct kith_id *prev)
{
    struct kith_id id;
    uint8_t prefix[KITH_EVENT_PREFIX_SIZE];
    kith_event_prefix(run, room, event->seq, prev, prefix);
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, KITH_ID_SIZE);
    hash_update(&state, prefix, sizeof(prefix));
    hash_update(&state, event->own.data, event->own.size);
    crypto_generichash_final(&state, id.bytes, KITH_ID_SIZE);
    return id;
}

int kith_digest_run(struct kith_run *run, const struct kith_id *room)
{
    struct kith_id prev = run->prev;
    for (size_t i = 0; i < run->count; i++) {
        struct kith_event *event = &run->events[i];
        event->id = event_id(run, room, event, &prev);
        prev = event->id;
        if (event->content.size == 0)
            continue;
        uint8_t hash[KITH_HASH_SIZE];
        kith_digest_content(event->content, hash);
        if (memcmp(hash, event->body_hash, KITH_HASH_SIZE) != 0)
            return KITH_ECHAIN;
    }
    return 0;
}

void kith_digest_content(struct kith_bytes content, uint8_t out[static KITH_HASH_SIZE])
{
    crypto_generichash(out, KITH_HASH_SIZE, content.data, content.size, NULL, 0);
}

void kith_digest_signed(const struct kith_id *last, uint8_t out[static KITH_VERIFY_SIZE])
{
    static const char context[] = "kith run 1";
    _Static_assert(sizeof(context) - 1 + KITH_ID_SIZE == KITH_VERIFY_SIZE, "signed size");
    memcpy(out, context, sizeof(context) - 1);
    memcpy(out + sizeof(context) - 1, last->bytes, KITH_ID_SIZE);
}

static void digest_keyed(const char *context, struct kith_bytes fields,
                         const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                         uint8_t out[static KITH_VERIFY_SIZE])
{
    size_t size = KITH_VERIFY_SIZE - KITH_HASH_SIZE;
    memcpy(out, context, size);
    crypto_generichash(out + size, KITH_HASH_SIZE, fields.data, fields.size, network_key,
                       KITH_NETWORK_KEY_SIZE);
}

void kith_digest_beacon(const struct kith_beacon *beacon,
                        const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                        uint8_t out[static KITH_VERIFY_SIZE])
{
    uint8_t fields[KITH_BEACON_SIGNED_SIZE];
    kith_beacon_signed(beacon, fields);
    digest_keyed("kith bcn 1", kith_bytes(fields, sizeof(fields)), network_key, out);
}

void kith_digest_addresses(struct kith_bytes fields,
                           const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                           uint8_t out[static KITH_VERIFY_SIZE])
{
    digest_keyed("kith adr 1", fields, network_key, out);
}
