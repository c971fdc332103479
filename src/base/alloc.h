/* SPDX-License-Identifier: MIT */
/* Memory comes in from outside, so that tests can make it fail and measure it. */
#ifndef KITH_BASE_ALLOC_H
#define KITH_BASE_ALLOC_H

#include <stddef.h>

struct kith_alloc {
    /* As realloc: `old` may be NULL; NULL on failure leaves `old` alone. */
    void *(*resize)(void *ctx, void *old, size_t size);
    void (*release)(void *ctx, void *memory); /* accepts NULL */
    void *ctx;
};

/* malloc's heap. */
extern const struct kith_alloc kith_alloc_heap;

void *kith_alloc(const struct kith_alloc *alloc, size_t size);      /* uninitialised */
void *kith_alloc_zero(const struct kith_alloc *alloc, size_t size); /* zeroed */
void *kith_alloc_resize(const struct kith_alloc *alloc, void *old, size_t size);
void *kith_alloc_copy(const struct kith_alloc *alloc, const void *from, size_t size);
void kith_release(const struct kith_alloc *alloc, void *memory);

/* Grow an array of `item_size` to hold at least `count_min`, doubling from 8.
 * `*items` and `*capacity` are untouched on failure. */
int kith_alloc_grow(const struct kith_alloc *alloc, void **items, size_t *capacity,
                    size_t count_min, size_t item_size);

#endif
