/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kith/error.h"

enum { GROW_COUNT_MIN = 8 };

static void *heap_resize(void *ctx, void *old, size_t size)
{
    return realloc(old, size);
}

static void heap_release(void *ctx, void *memory)
{
    free(memory);
}

const struct kith_alloc kith_alloc_heap = {heap_resize, heap_release, NULL};

void *kith_alloc(const struct kith_alloc *alloc, size_t size)
{
    return kith_alloc_resize(alloc, NULL, size);
}

void *kith_alloc_zero(const struct kith_alloc *alloc, size_t size)
{
    void *memory = kith_alloc(alloc, size);
    if (memory)
        memset(memory, 0, size);
    return memory;
}

void *kith_alloc_resize(const struct kith_alloc *alloc, void *old, size_t size)
{
    /* realloc frees at size 0, and a NULL from it would read as a failure. */
    return alloc->resize(alloc->ctx, old, size > 0 ? size : 1);
}

void *kith_alloc_copy(const struct kith_alloc *alloc, const void *from, size_t size)
{
    void *memory = kith_alloc(alloc, size);
    if (memory && size > 0)
        memcpy(memory, from, size);
    return memory;
}

void kith_release(const struct kith_alloc *alloc, void *memory)
{
    if (memory)
        alloc->release(alloc->ctx, memory);
}

static size_t grown_capacity(size_t capacity, size_t count_min)
{
    size_t grown = capacity < GROW_COUNT_MIN ? GROW_COUNT_MIN : capacity;
    while (grown < count_min) {
        if (grown > SIZE_MAX / 2)
            return count_min;
        grown *= 2;
    }
    return grown;
}

int kith_alloc_grow(const struct kith_alloc *alloc, void **items, size_t *capacity,
                    size_t count_min, size_t item_size)
{
    if (count_min <= *capacity)
        return 0;
    size_t grown = grown_capacity(*capacity, count_min);
    size_t size;
    if (__builtin_mul_overflow(grown, item_size, &size))
        return KITH_ENOMEM;
    void *moved = kith_alloc_resize(alloc, *items, size);
    if (!moved)
        return KITH_ENOMEM;
    *items = moved;
    *capacity = grown;
    return 0;
}
