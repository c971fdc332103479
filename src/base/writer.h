/* SPDX-License-Identifier: MIT */
/* A growing buffer with big-endian appends; the reader's counterpart.
 *
 * Running out of memory is sticky: later appends do nothing, and `failed` is
 * asked once at the end. */
#ifndef KITH_BASE_WRITER_H
#define KITH_BASE_WRITER_H

#include "base/alloc.h"
#include "base/bytes.h"

struct kith_writer {
    uint8_t *data; /* owned */
    size_t size;
    size_t capacity;
    const struct kith_alloc *alloc; /* borrowed */
    bool failed;                    /* sticky: memory ran out */
};

static inline struct kith_writer kith_writer(const struct kith_alloc *alloc)
{
    return (struct kith_writer){.alloc = alloc};
}

void kith_writer_deinit(struct kith_writer *w);
void kith_writer_clear(struct kith_writer *w); /* keeps the memory, forgets `failed` */

/* What kith_writer_reserve does when the buffer is full or has failed. */
uint8_t *kith_writer_reserve_slow(struct kith_writer *w, size_t size);

/* Append `size` uninitialised bytes to be filled in by the caller; NULL when memory
 * ran out. Valid until the next append. */
static inline uint8_t *kith_writer_reserve(struct kith_writer *w, size_t size)
{
    if (w->failed || !w->data || w->capacity - w->size < size)
        return kith_writer_reserve_slow(w, size);
    uint8_t *reserved = w->data + w->size;
    w->size += size;
    return reserved;
}

static inline void kith_writer_u8(struct kith_writer *w, uint8_t value)
{
    uint8_t *b = kith_writer_reserve(w, 1);
    if (b)
        b[0] = value;
}

static inline void kith_writer_u16(struct kith_writer *w, uint16_t value)
{
    uint8_t *b = kith_writer_reserve(w, 2);
    if (!b)
        return;
    b[0] = (uint8_t)(value >> 8);
    b[1] = (uint8_t)value;
}

static inline void kith_store_u32(uint8_t b[static 4], uint32_t value)
{
    b[0] = (uint8_t)(value >> 24);
    b[1] = (uint8_t)(value >> 16);
    b[2] = (uint8_t)(value >> 8);
    b[3] = (uint8_t)value;
}

static inline void kith_writer_u32(struct kith_writer *w, uint32_t value)
{
    uint8_t *b = kith_writer_reserve(w, 4);
    if (b)
        kith_store_u32(b, value);
}

static inline void kith_writer_u64(struct kith_writer *w, uint64_t value)
{
    uint8_t *b = kith_writer_reserve(w, 8);
    if (!b)
        return;
    kith_store_u32(b, (uint32_t)(value >> 32));
    kith_store_u32(b + 4, (uint32_t)value);
}

/* `data` must not lie in the writer's own buffer. */
void kith_writer_bytes(struct kith_writer *w, const void *data, size_t size);

/* Byte strings behind a length of one, two or four bytes. A size that does not fit
 * its length is the caller's mistake, and asserted. */
void kith_writer_bytes8(struct kith_writer *w, struct kith_bytes bytes);
void kith_writer_bytes16(struct kith_writer *w, struct kith_bytes bytes);
void kith_writer_bytes32(struct kith_writer *w, struct kith_bytes bytes);

/* Overwrite a u32 written earlier at `offset` (a length known only afterwards).
 * Does nothing to a failed writer. */
void kith_writer_patch_u32(struct kith_writer *w, size_t offset, uint32_t value);

/* What was written; valid until the next append. Means nothing once `failed`. */
struct kith_bytes kith_writer_view(const struct kith_writer *w);

#endif
