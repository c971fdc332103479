/* SPDX-License-Identifier: MIT */
#include "base/reader.h"

#include <string.h>

void kith_reader_copy(struct kith_reader *r, void *out, size_t size)
{
    if (size == 0)
        return;
    const uint8_t *bytes = kith_reader_bytes(r, size);
    if (bytes)
        memcpy(out, bytes, size);
    else
        memset(out, 0, size);
}

static struct kith_bytes slice(struct kith_reader *r, size_t size, size_t size_max)
{
    if (size > size_max)
        r->at = r->end; /* so that the read fails */
    const uint8_t *bytes = kith_reader_bytes(r, size);
    return kith_bytes(bytes, bytes ? size : 0);
}

struct kith_bytes kith_reader_bytes8(struct kith_reader *r, size_t size_max)
{
    return slice(r, kith_reader_u8(r), size_max);
}

struct kith_bytes kith_reader_bytes16(struct kith_reader *r, size_t size_max)
{
    return slice(r, kith_reader_u16(r), size_max);
}

struct kith_bytes kith_reader_bytes32(struct kith_reader *r, size_t size_max)
{
    return slice(r, kith_reader_u32(r), size_max);
}
