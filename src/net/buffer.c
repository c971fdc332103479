/* SPDX-License-Identifier: MIT */
#include "net/buffer.h"
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 512 /* a chat message with its frame */

static bool make_room(struct kith_buffer *buffer, size_t size)
{
    if (buffer->capacity - buffer->end >= size)
        return true;
    size_t used = kith_buffer_size(buffer);
    if (buffer->head > 0 && buffer->capacity - used >= size && used <= buffer->head) {
        memcpy(buffer->data, buffer->data + buffer->head, used);
        buffer->head = 0;
        buffer->end = used;
        return true;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_MIN;
    while (capacity - buffer->end < size) {
        if (capacity > SIZE_MAX / 2)
            return false;
        capacity *= 2;
    }
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool kith_buffer_append(struct kith_buffer *buffer, struct kith_bytes bytes)
{
    if (bytes.size == 0)
        return true;
    if (!make_room(buffer, bytes.size))
        return false;
    memcpy(buffer->data + buffer->end, bytes.data, bytes.size);
    buffer->end += bytes.size;
    return true;
}

struct kith_bytes kith_buffer_view(const struct kith_buffer *buffer)
{
    size_t size = kith_buffer_size(buffer);
    return kith_bytes(size ? buffer->data + buffer->head : NULL, size);
}

void kith_buffer_take(struct kith_buffer *buffer, size_t size)
{
    size_t used = kith_buffer_size(buffer);
    buffer->head += size < used ? size : used;
    if (buffer->head == buffer->end)
        buffer->head = buffer->end = 0;
}

void kith_buffer_deinit(struct kith_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct kith_buffer){0};
}
