/* SPDX-License-Identifier: MIT */
/* A bounds-checked cursor over bytes somebody else owns.
 *
 * Reads past the end do not fail one by one: they return zero and set
 * `failed`, so a decoder reads every field in order and asks once, at the
 * end, whether the whole message was there. A failed read uses up the rest of
 * the input, so nothing after it is mistaken for a field. Integers are big-endian. */
#ifndef KITH_BASE_READER_H
#define KITH_BASE_READER_H

#include "base/bytes.h"

struct kith_reader {
    const uint8_t *at;  /* next unread byte (borrowed) */
    const uint8_t *end; /* one past the last byte */
    bool failed;        /* sticky: some read ran past the end */
};

static inline struct kith_reader kith_reader(struct kith_bytes bytes)
{
    static const uint8_t nothing[1];
    if (bytes.data == NULL)
        return (struct kith_reader){nothing, nothing, false};
    return (struct kith_reader){bytes.data, bytes.data + bytes.size, false};
}

static inline size_t kith_reader_left(const struct kith_reader *r)
{
    return (size_t)(r->end - r->at);
}

/* Borrow `size` bytes from the input; NULL (and `failed`) if too few remain. Zero
 * bytes always remain. */
static inline const uint8_t *kith_reader_bytes(struct kith_reader *r, size_t size)
{
    if (kith_reader_left(r) < size) {
        r->at = r->end;
        r->failed = true;
        return NULL;
    }
    const uint8_t *bytes = r->at;
    r->at += size;
    return bytes;
}

static inline uint8_t kith_reader_u8(struct kith_reader *r)
{
    const uint8_t *b = kith_reader_bytes(r, 1);
    return b ? b[0] : 0;
}

static inline uint16_t kith_reader_u16(struct kith_reader *r)
{
    const uint8_t *b = kith_reader_bytes(r, 2);
    return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

static inline uint32_t kith_reader_u32(struct kith_reader *r)
{
    const uint8_t *b = kith_reader_bytes(r, 4);
    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
             : 0;
}

static inline uint64_t kith_reader_u64(struct kith_reader *r)
{
    const uint8_t *b = kith_reader_bytes(r, 8);
    if (!b)
        return 0;
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
           (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
           (uint64_t)b[6] << 8 | b[7];
}

/* Copy exactly `size` bytes out; zeroes on failure. */
void kith_reader_copy(struct kith_reader *r, void *out, size_t size);

/* Byte strings after a length of one, two or four bytes; an empty slice on failure.
 * A length above `size_max` fails too. */
struct kith_bytes kith_reader_bytes8(struct kith_reader *r, size_t size_max);
struct kith_bytes kith_reader_bytes16(struct kith_reader *r, size_t size_max);
struct kith_bytes kith_reader_bytes32(struct kith_reader *r, size_t size_max);

#endif
