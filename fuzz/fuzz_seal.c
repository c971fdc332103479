/* SPDX-License-Identifier: MIT */
/* A sealed stream that somebody changed: bytes, its length, the order of its chunks. The
 * input says how much was sealed, and what became of it. Whatever that is, nothing comes
 * out but the beginning of what was sealed, and all of it only if nothing was changed. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "node/seal.h"

#define SEALED_CHUNK (KITH_SEAL_CHUNK_SIZE + KITH_SEAL_CHUNK_MORE)
#define CHUNKS_MAX   4
#define CHANGES_MAX  8

static const struct kith_passphrase secret = {.bytes = "otters", .size = 6};
static const struct kith_passphrase other = {.bytes = "badger", .size = 6};

struct source {
    struct kith_bytes bytes;
    size_t at;
};

static int keep(void *ctx, struct kith_bytes bytes)
{
    kith_writer_bytes(ctx, bytes.data, bytes.size);
    return 0;
}

static int give(void *ctx, uint8_t *out, size_t size, size_t *out_size)
{
    struct source *source = ctx;
    size_t left = source->bytes.size - source->at;
    *out_size = size < left ? size : left;
    if (*out_size > 0)
        memcpy(out, source->bytes.data + source->at, *out_size);
    source->at += *out_size;
    return 0;
}

/* ---- what was sealed ---- */

static struct kith_writer make_plain(struct kith_reader *in)
{
    struct kith_writer plain = kith_writer(&kith_alloc_heap);
    size_t whole = kith_reader_u8(in) % CHUNKS_MAX;
    size_t more = kith_reader_u16(in);
    for (size_t i = 0; i < whole * KITH_SEAL_CHUNK_SIZE + more; i += 4)
        kith_writer_u32(&plain, (uint32_t)(i * 2654435761u));
    plain.size = whole * KITH_SEAL_CHUNK_SIZE + more;
    return plain;
}

static struct kith_writer seal(struct kith_bytes plain)
{
    static const struct kith_seal_cost cheap = {KITH_SEAL_MEMORY_KIB_MIN, 1};
    struct kith_writer sealed = kith_writer(&kith_alloc_heap);
    struct kith_sealer *sealer = NULL;
    int error = kith_sealer_new(&secret, &cheap, keep, &sealed, &sealer);
    assert(error == 0);
    error = kith_sealer_put(sealer, plain);
    assert(error == 0 && kith_sealer_end(sealer) == 0);
    kith_sealer_free(sealer);
    return sealed;
}

/* ---- what became of it ---- */

static void flip(struct kith_writer *sealed, struct kith_reader *in)
{
    size_t at = kith_reader_u32(in);
    if (sealed->size > 0)
        sealed->data[at % sealed->size] ^= kith_reader_u8(in);
}

/* Where a chunk is; the last one and the header are ends too. */
static struct kith_bytes chunk_of(const struct kith_writer *sealed, uint8_t choice)
{
    size_t at = KITH_SEAL_HEADER_SIZE + choice % CHUNKS_MAX * (size_t)SEALED_CHUNK;
    at = at < sealed->size ? at : sealed->size;
    size_t left = sealed->size - at;
    return kith_bytes(sealed->data + at, left < SEALED_CHUNK ? left : SEALED_CHUNK);
}

/* One chunk goes, or it comes after all others: repeated or moved. */
static void shuffle(struct kith_writer *sealed, uint8_t how)
{
    struct kith_bytes chunk = chunk_of(sealed, how);
    size_t at = (size_t)(chunk.data - sealed->data);
    uint8_t *copy = malloc(chunk.size + 1);
    memcpy(copy, chunk.data, chunk.size);
    if (how & 0x40) {
        memmove(sealed->data + at, sealed->data + at + chunk.size,
                sealed->size - at - chunk.size);
        sealed->size -= chunk.size;
    }
    if (how & 0x80)
        kith_writer_bytes(sealed, copy, chunk.size);
    free(copy);
}

static void change(struct kith_writer *sealed, struct kith_reader *in)
{
    switch (kith_reader_u8(in) % 4) {
    case 0:
        flip(sealed, in);
        break;
    case 1:
        sealed->size = sealed->size > 0 ? kith_reader_u32(in) % sealed->size : 0;
        break;
    case 2:
        shuffle(sealed, kith_reader_u8(in));
        break;
    default:
        kith_writer_u8(sealed, kith_reader_u8(in));
        break;
    }
}

/* ---- what comes out ---- */

static void check(struct kith_bytes plain, struct kith_bytes sealed, bool is_same)
{
    struct kith_writer out = kith_writer(&kith_alloc_heap);
    struct source source = {.bytes = sealed};
    int fault = kith_seal_open(&(struct kith_unseal){&secret, give, &source, keep, &out});
    assert(!out.failed && out.size <= plain.size);
    assert(out.size == 0 || memcmp(out.data, plain.data, out.size) == 0);
    assert((fault == 0) == is_same && (fault != 0 || out.size == plain.size));
    assert(fault >= 0 && fault != KITH_SEAL_GREEDY);
    kith_writer_clear(&out);
    source.at = 0;
    fault = kith_seal_open(&(struct kith_unseal){&other, give, &source, keep, &out});
    assert(fault > 0 && out.size == 0);
    assert(!is_same || fault == KITH_SEAL_PASSPHRASE);
    kith_writer_deinit(&out);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    struct kith_writer plain = make_plain(&in);
    struct kith_writer sealed = seal(kith_writer_view(&plain));
    struct kith_writer before = kith_writer(&kith_alloc_heap);
    kith_writer_bytes(&before, sealed.data, sealed.size);
    for (int i = 0; kith_reader_left(&in) > 0 && i < CHANGES_MAX; i++)
        change(&sealed, &in);
    check(kith_writer_view(&plain), kith_writer_view(&sealed),
          kith_bytes_equal(kith_writer_view(&sealed), kith_writer_view(&before)));
    kith_writer_deinit(&plain);
    kith_writer_deinit(&sealed);
    kith_writer_deinit(&before);
}
