/* SPDX-License-Identifier: MIT */
/* Bytes that come in at the end and leave at the front. An empty one holds no memory. */
#ifndef KITH_NET_BUFFER_H
#define KITH_NET_BUFFER_H

#include "base/bytes.h"

struct kith_buffer {
    uint8_t *data; /* owned; NULL while empty and never used */
    size_t head;   /* first byte not yet taken */
    size_t end;    /* one past the last byte */
    size_t capacity;
};

static inline size_t kith_buffer_size(const struct kith_buffer *buffer)
{
    return buffer->end - buffer->head;
}

/* Copies `bytes` to the end. False when memory ran out, the buffer untouched. */
bool kith_buffer_append(struct kith_buffer *buffer, struct kith_bytes bytes);

/* What waits, valid until the next append. */
struct kith_bytes kith_buffer_view(const struct kith_buffer *buffer);

/* Forgets the first `size` bytes, at most all of them; keeps the memory. */
void kith_buffer_take(struct kith_buffer *buffer, size_t size);

/* Gives the memory back and forgets what was there. */
void kith_buffer_deinit(struct kith_buffer *buffer);

#endif
