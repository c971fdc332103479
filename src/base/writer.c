/* SPDX-License-Identifier: MIT */
#include "base/writer.h"

#include <assert.h>
#include <string.h>

/* The first allocation: most frames fit, so most writers allocate once. */
enum { CAPACITY_MIN = 128 };

void kith_writer_deinit(struct kith_writer *w)
{
    if (!w)
        return;
    kith_release(w->alloc, w->data);
    *w = kith_writer(w->alloc);
}

void kith_writer_clear(struct kith_writer *w)
{
    w->size = 0;
    w->failed = false;
}

static bool grow(struct kith_writer *w, size_t size)
{
    size_t needed;
    if (__builtin_add_overflow(w->size, size, &needed))
        return false;
    if (needed < CAPACITY_MIN)
        needed = CAPACITY_MIN;
    void *data = w->data;
    if (kith_alloc_grow(w->alloc, &data, &w->capacity, needed, 1) != 0)
        return false;
    w->data = data;
    return true;
}

uint8_t *kith_writer_reserve_slow(struct kith_writer *w, size_t size)
{
    if (w->failed || !grow(w, size)) {
        w->failed = true;
        return NULL;
    }
    uint8_t *reserved = w->data + w->size;
    w->size += size;
    return reserved;
}

void kith_writer_bytes(struct kith_writer *w, const void *data, size_t size)
{
    if (size == 0)
        return;
    uint8_t *reserved = kith_writer_reserve(w, size);
    if (reserved)
        memcpy(reserved, data, size);
}

void kith_writer_bytes8(struct kith_writer *w, struct kith_bytes bytes)
{
    assert(bytes.size <= UINT8_MAX);
    kith_writer_u8(w, (uint8_t)bytes.size);
    kith_writer_bytes(w, bytes.data, bytes.size);
}

void kith_writer_bytes16(struct kith_writer *w, struct kith_bytes bytes)
{
    assert(bytes.size <= UINT16_MAX);
    kith_writer_u16(w, (uint16_t)bytes.size);
    kith_writer_bytes(w, bytes.data, bytes.size);
}

void kith_writer_bytes32(struct kith_writer *w, struct kith_bytes bytes)
{
    assert(bytes.size <= UINT32_MAX);
    kith_writer_u32(w, (uint32_t)bytes.size);
    kith_writer_bytes(w, bytes.data, bytes.size);
}

void kith_writer_patch_u32(struct kith_writer *w, size_t offset, uint32_t value)
{
    if (w->failed)
        return;
    assert(w->size >= 4 && offset <= w->size - 4);
    kith_store_u32(w->data + offset, value);
}

struct kith_bytes kith_writer_view(const struct kith_writer *w)
{
    return kith_bytes(w->data, w->size);
}
