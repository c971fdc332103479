/* SPDX-License-Identifier: MIT */
/* A stream of bytes sealed under a passphrase: what a backup is written as
 * (docs/FORMATS.md, "Backup").
 *
 *   header: magic, version, cost and salt of Argon2id, header of the stream, two checks
 *   chunks: secretstream_xchacha20poly1305 of 64 KiB each, the last one shorter and final
 *
 * What stands in the header is bound to the first chunk, and each chunk to those before
 * it: nothing can be changed, left out, repeated or cut off unnoticed. */
#ifndef KITH_NODE_SEAL_H
#define KITH_NODE_SEAL_H

#include "base/passphrase.h"

#define KITH_SEAL_CHUNK_SIZE  (64 * 1024)
#define KITH_SEAL_CHUNK_MORE  17 /* a sealed chunk is longer by this */
#define KITH_SEAL_SALT_SIZE   16
#define KITH_SEAL_STREAM_SIZE 24
#define KITH_SEAL_CHECK_SIZE  16
#define KITH_SEAL_HEADER_SIZE                                                            \
    (8 + 1 + 4 + 4 + KITH_SEAL_SALT_SIZE + KITH_SEAL_STREAM_SIZE +                       \
     2 * KITH_SEAL_CHECK_SIZE)

/* Of Argon2id. A file says what it was made with; within these bounds it is believed, so
 * that one from a stranger takes no machine's memory or hour. */
#define KITH_SEAL_MEMORY_KIB_MIN 8
#define KITH_SEAL_MEMORY_KIB_MAX (1024 * 1024)
#define KITH_SEAL_PASSES_MAX     16

struct kith_seal_cost {
    uint32_t memory_kib;
    uint32_t passes;
};

/* 256 MiB and 3 passes: half a second for the owner, and as much for each guess at a file
 * that was stolen. */
extern const struct kith_seal_cost kith_seal_cost_default;

/* What is wrong with a sealed stream. */
enum kith_seal_fault {
    KITH_SEAL_STRANGE = 1, /* not sealed by kith */
    KITH_SEAL_NEWER = 2,   /* by a newer kith */
    KITH_SEAL_GREEDY = 3,  /* it asks for more memory or passes than the bounds above */
    KITH_SEAL_PASSPHRASE = 4, /* sealed under another passphrase */
    KITH_SEAL_SHORT = 5,      /* its end is missing, or not what it was */
    KITH_SEAL_CHANGED = 6,    /* damaged, or tampered with */
};

struct kith_seal_header {
    struct kith_seal_cost cost;
    uint8_t salt[KITH_SEAL_SALT_SIZE];
    uint8_t stream[KITH_SEAL_STREAM_SIZE];
    uint8_t key_check[KITH_SEAL_CHECK_SIZE]; /* tells a wrong passphrase from damage */
};

/* Returns 0 or a kith_seal_fault other than PASSPHRASE. */
int kith_seal_header_decode(struct kith_bytes bytes, struct kith_seal_header *out);

/* Takes what it is given; returns 0 or an error, which ends the work and is passed on. */
typedef int kith_seal_sink(void *ctx, struct kith_bytes bytes);

/* Reads up to `size` bytes; fewer only at the end. Returns 0 or an error as above. */
typedef int kith_seal_source(void *ctx, uint8_t *out, size_t size, size_t *out_size);

/* ---- sealing ---- */

struct kith_sealer; /* opaque */

/* Derives the key, which takes the memory and the time of `cost`. Returns 0, KITH_ENOMEM,
 * or what the sink said to the header. `sink` and `ctx` are borrowed for its life. */
int kith_sealer_new(const struct kith_passphrase *passphrase,
                    const struct kith_seal_cost *cost, kith_seal_sink *sink, void *ctx,
                    struct kith_sealer **out);
int kith_sealer_put(struct kith_sealer *sealer, struct kith_bytes plain);
/* The last chunk; nothing may follow. */
int kith_sealer_end(struct kith_sealer *sealer);
void kith_sealer_free(struct kith_sealer *sealer); /* wipes; NULL is fine */

/* ---- opening ---- */

struct kith_unseal {
    const struct kith_passphrase *passphrase;
    kith_seal_source *source;
    void *source_ctx;
    kith_seal_sink *sink; /* gets nothing that was not verified */
    void *sink_ctx;
};

/* All of it, from the header to the end. Returns 0, KITH_ENOMEM, an error of source or
 * sink (negative), or a kith_seal_fault. What the sink got before a fault is what was
 * sealed, up to there. */
int kith_seal_open(const struct kith_unseal *unseal);

#endif
