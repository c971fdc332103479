/* SPDX-License-Identifier: MIT */
#include "node/seal.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/reader.h"
#include "base/writer.h"
#include "kith/error.h"

#define VERSION     1
#define MAGIC_SIZE  8
#define SEALED_SIZE (KITH_SEAL_CHUNK_SIZE + KITH_SEAL_CHUNK_MORE)

_Static_assert(KITH_SEAL_CHUNK_MORE == crypto_secretstream_xchacha20poly1305_ABYTES,
               "a sealed chunk");
_Static_assert(KITH_SEAL_STREAM_SIZE == crypto_secretstream_xchacha20poly1305_HEADERBYTES,
               "a stream's header");
_Static_assert(KITH_SEAL_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "a salt");
_Static_assert(crypto_generichash_BYTES_MIN <= KITH_SEAL_CHECK_SIZE, "a check");

static const char magic[MAGIC_SIZE] = "kithback";

const struct kith_seal_cost kith_seal_cost_default = {256 * 1024, 3};

/* ---- keys ---- */

/* The stream's key, and one that only shows that it is the right one. */
struct keys {
    uint8_t stream[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    uint8_t check[crypto_generichash_KEYBYTES];
};

static int derive(const struct kith_passphrase *passphrase,
                  const struct kith_seal_header *header, struct keys *out)
{
    if (sodium_init() < 0 ||
        crypto_pwhash_argon2id((uint8_t *)out, sizeof(*out),
                               (const char *)passphrase->bytes, passphrase->size,
                               header->salt, header->cost.passes,
                               (size_t)header->cost.memory_kib * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return KITH_ENOMEM;
    return 0;
}

static void key_check(const struct keys *keys, uint8_t out[static KITH_SEAL_CHECK_SIZE])
{
    static const char context[] = "kith backup key";
    crypto_generichash(out, KITH_SEAL_CHECK_SIZE, (const uint8_t *)context,
                       sizeof(context) - 1, keys->check, sizeof(keys->check));
}

/* ---- the header ---- */

static void header_check(const uint8_t *header, uint8_t out[static KITH_SEAL_CHECK_SIZE])
{
    crypto_generichash(out, KITH_SEAL_CHECK_SIZE, header,
                       KITH_SEAL_HEADER_SIZE - KITH_SEAL_CHECK_SIZE, NULL, 0);
}

static void encode_header(const struct kith_seal_header *header,
                          uint8_t out[static KITH_SEAL_HEADER_SIZE])
{
    uint8_t *at = mempcpy(out, magic, MAGIC_SIZE);
    *at++ = VERSION;
    kith_store_u32(at, header->cost.memory_kib);
    kith_store_u32(at + 4, header->cost.passes);
    at = mempcpy(at + 8, header->salt, sizeof(header->salt));
    at = mempcpy(at, header->stream, sizeof(header->stream));
    at = mempcpy(at, header->key_check, sizeof(header->key_check));
    header_check(out, at);
}

static int check_cost(const struct kith_seal_cost *cost)
{
    if (cost->memory_kib < KITH_SEAL_MEMORY_KIB_MIN || cost->passes == 0)
        return KITH_SEAL_CHANGED;
    if (cost->memory_kib > KITH_SEAL_MEMORY_KIB_MAX ||
        cost->passes > KITH_SEAL_PASSES_MAX)
        return KITH_SEAL_GREEDY;
    return 0;
}

int kith_seal_header_decode(struct kith_bytes bytes, struct kith_seal_header *out)
{
    uint8_t check[KITH_SEAL_CHECK_SIZE];
    struct kith_reader r = kith_reader(bytes);
    const uint8_t *begin = kith_reader_bytes(&r, MAGIC_SIZE);
    if (begin == NULL || memcmp(begin, magic, MAGIC_SIZE) != 0)
        return KITH_SEAL_STRANGE;
    uint8_t version = kith_reader_u8(&r);
    if (!r.failed && version > VERSION)
        return KITH_SEAL_NEWER;
    out->cost.memory_kib = kith_reader_u32(&r);
    out->cost.passes = kith_reader_u32(&r);
    kith_reader_copy(&r, out->salt, sizeof(out->salt));
    kith_reader_copy(&r, out->stream, sizeof(out->stream));
    kith_reader_copy(&r, out->key_check, sizeof(out->key_check));
    const uint8_t *said = kith_reader_bytes(&r, KITH_SEAL_CHECK_SIZE);
    if (said == NULL)
        return KITH_SEAL_SHORT;
    header_check(bytes.data, check);
    if (version != VERSION || memcmp(said, check, sizeof(check)) != 0)
        return KITH_SEAL_CHANGED;
    return check_cost(&out->cost);
}

/* ---- sealing ---- */

struct kith_sealer {
    crypto_secretstream_xchacha20poly1305_state stream;
    kith_seal_sink *sink;
    void *ctx;
    uint8_t header[KITH_SEAL_HEADER_SIZE];
    bool is_begun; /* a chunk went out, and the header with it */
    size_t size;
    uint8_t plain[KITH_SEAL_CHUNK_SIZE];
    uint8_t sealed[SEALED_SIZE];
};

static int begin(struct kith_sealer *sealer, const struct kith_passphrase *passphrase,
                 const struct kith_seal_cost *cost)
{
    struct kith_seal_header header = {.cost = *cost};
    struct keys keys;
    randombytes_buf(header.salt, sizeof(header.salt));
    int error = derive(passphrase, &header, &keys);
    if (error == 0) {
        crypto_secretstream_xchacha20poly1305_init_push(&sealer->stream, header.stream,
                                                        keys.stream);
        key_check(&keys, header.key_check);
        encode_header(&header, sealer->header);
        error =
            sealer->sink(sealer->ctx, kith_bytes(sealer->header, KITH_SEAL_HEADER_SIZE));
    }
    sodium_memzero(&keys, sizeof(keys));
    return error;
}

int kith_sealer_new(const struct kith_passphrase *passphrase,
                    const struct kith_seal_cost *cost, kith_seal_sink *sink, void *ctx,
                    struct kith_sealer **out)
{
    struct kith_sealer *sealer = calloc(1, sizeof(*sealer));
    if (sealer == NULL)
        return KITH_ENOMEM;
    sealer->sink = sink;
    sealer->ctx = ctx;
    int error = begin(sealer, passphrase, cost);
    if (error != 0) {
        kith_sealer_free(sealer);
        return error;
    }
    *out = sealer;
    return 0;
}

static int push(struct kith_sealer *sealer, uint8_t tag)
{
    bool is_first = !sealer->is_begun;
    sealer->is_begun = true;
    crypto_secretstream_xchacha20poly1305_push(
        &sealer->stream, sealer->sealed, NULL, sealer->plain, sealer->size,
        is_first ? sealer->header : NULL, is_first ? KITH_SEAL_HEADER_SIZE : 0, tag);
    size_t size = sealer->size + KITH_SEAL_CHUNK_MORE;
    sealer->size = 0;
    return sealer->sink(sealer->ctx, kith_bytes(sealer->sealed, size));
}

int kith_sealer_put(struct kith_sealer *sealer, struct kith_bytes plain)
{
    while (plain.size > 0) {
        if (sealer->size == KITH_SEAL_CHUNK_SIZE) {
            int error = push(sealer, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
            if (error != 0)
                return error;
        }
        size_t size = KITH_SEAL_CHUNK_SIZE - sealer->size;
        if (size > plain.size)
            size = plain.size;
        memcpy(sealer->plain + sealer->size, plain.data, size);
        sealer->size += size;
        plain = kith_bytes(plain.data + size, plain.size - size);
    }
    return 0;
}

int kith_sealer_end(struct kith_sealer *sealer)
{
    return push(sealer, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
}

void kith_sealer_free(struct kith_sealer *sealer)
{
    if (sealer == NULL)
        return;
    sodium_memzero(sealer, sizeof(*sealer));
    free(sealer);
}

/* ---- opening ---- */

struct opening {
    crypto_secretstream_xchacha20poly1305_state stream;
    const struct kith_unseal *unseal;
    uint8_t header[KITH_SEAL_HEADER_SIZE];
    uint8_t plain[KITH_SEAL_CHUNK_SIZE];
    uint8_t sealed[SEALED_SIZE];
};

static int read_from(const struct opening *o, uint8_t *out, size_t size, size_t *out_size)
{
    *out_size = 0;
    return o->unseal->source(o->unseal->source_ctx, out, size, out_size);
}

static int unlock(struct opening *o)
{
    struct kith_seal_header header;
    struct keys keys = {0};
    uint8_t check[KITH_SEAL_CHECK_SIZE];
    size_t size = 0;
    int error = read_from(o, o->header, sizeof(o->header), &size);
    if (error == 0)
        error = kith_seal_header_decode(kith_bytes(o->header, size), &header);
    if (error == 0)
        error = derive(o->unseal->passphrase, &header, &keys);
    if (error != 0)
        return error;
    key_check(&keys, check);
    if (sodium_memcmp(check, header.key_check, sizeof(check)) != 0)
        error = KITH_SEAL_PASSPHRASE;
    else if (crypto_secretstream_xchacha20poly1305_init_pull(&o->stream, header.stream,
                                                             keys.stream) != 0)
        error = KITH_SEAL_CHANGED;
    sodium_memzero(&keys, sizeof(keys));
    return error;
}

/* A chunk that is shorter than the others is either the last or what is left of one. */
static int open_chunk(struct opening *o, bool is_first, bool *is_last)
{
    unsigned long long plain_size = 0;
    uint8_t tag = 0;
    size_t size = 0;
    int error = read_from(o, o->sealed, sizeof(o->sealed), &size);
    if (error != 0)
        return error;
    if (size < KITH_SEAL_CHUNK_MORE)
        return KITH_SEAL_SHORT;
    if (crypto_secretstream_xchacha20poly1305_pull(
            &o->stream, o->plain, &plain_size, &tag, o->sealed, size,
            is_first ? o->header : NULL, is_first ? KITH_SEAL_HEADER_SIZE : 0) != 0)
        return size < sizeof(o->sealed) ? KITH_SEAL_SHORT : KITH_SEAL_CHANGED;
    *is_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    if (!*is_last && size < sizeof(o->sealed))
        return KITH_SEAL_SHORT;
    return o->unseal->sink(o->unseal->sink_ctx, kith_bytes(o->plain, plain_size));
}

static int check_end(struct opening *o)
{
    size_t size = 0;
    int error = read_from(o, o->sealed, 1, &size);
    return error != 0 ? error : size == 0 ? 0 : KITH_SEAL_CHANGED;
}

int kith_seal_open(const struct kith_unseal *unseal)
{
    struct opening *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return KITH_ENOMEM;
    o->unseal = unseal;
    bool is_last = false;
    int error = unlock(o);
    for (bool is_first = true; error == 0 && !is_last; is_first = false)
        error = open_chunk(o, is_first, &is_last);
    if (error == 0)
        error = check_end(o);
    sodium_memzero(o, sizeof(*o));
    free(o);
    return error;
}
