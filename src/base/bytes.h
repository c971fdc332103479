/* SPDX-License-Identifier: MIT */
/* A slice: bytes that somebody else owns. */
#ifndef KITH_BASE_BYTES_H
#define KITH_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kith_bytes {
    const uint8_t *data; /* borrowed; NULL only when size is 0 */
    size_t size;
};

static inline struct kith_bytes kith_bytes(const void *data, size_t size)
{
    return (struct kith_bytes){data, size};
}

bool kith_bytes_equal(struct kith_bytes a, struct kith_bytes b);

/* As above for secrets: how long it takes tells only whether the sizes are equal. */
bool kith_bytes_equal_secret(struct kith_bytes a, struct kith_bytes b);

#endif
