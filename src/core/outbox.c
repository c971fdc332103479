/* SPDX-License-Identifier: MIT */
#include "core/outbox.h"

#include <stdalign.h>
#include <string.h>

struct kith_outbox_chunk {
    struct kith_outbox_chunk *next;
    size_t used;
    size_t size;
    alignas(max_align_t) uint8_t data[];
};

void kith_outbox_init(struct kith_outbox *outbox, const struct kith_alloc *alloc)
{
    *outbox = (struct kith_outbox){.alloc = alloc};
}

static void free_chunks(struct kith_outbox *outbox, bool keep_last)
{
    while (outbox->chunks != NULL) {
        struct kith_outbox_chunk *chunk = outbox->chunks;
        if (keep_last && chunk->next == NULL && chunk->size == KITH_OUTBOX_CHUNK_SIZE) {
            chunk->used = 0;
            return;
        }
        outbox->chunks = chunk->next;
        kith_release(outbox->alloc, chunk);
    }
}

void kith_outbox_deinit(struct kith_outbox *outbox)
{
    free_chunks(outbox, false);
    kith_release(outbox->alloc, outbox->items);
    *outbox = (struct kith_outbox){0};
}

void kith_outbox_clear(struct kith_outbox *outbox)
{
    outbox->count = 0;
    free_chunks(outbox, true);
}

struct kith_effect *kith_outbox_add(struct kith_outbox *outbox,
                                    enum kith_effect_type type)
{
    void *items = outbox->items;
    struct kith_effect *effect = &outbox->spill;
    if (kith_alloc_grow(outbox->alloc, &items, &outbox->capacity, outbox->count + 1,
                        sizeof(struct kith_effect)) == 0) {
        outbox->items = items;
        effect = &outbox->items[outbox->count++];
    } else {
        outbox->failed = true;
    }
    effect->type = type;
    return effect;
}

static bool add_chunk(struct kith_outbox *outbox, size_t size_min)
{
    size_t size = size_min > KITH_OUTBOX_CHUNK_SIZE ? size_min : KITH_OUTBOX_CHUNK_SIZE;
    struct kith_outbox_chunk *chunk =
        kith_alloc(outbox->alloc, sizeof(struct kith_outbox_chunk) + size);
    if (chunk == NULL) {
        outbox->failed = true;
        return false;
    }
    chunk->used = 0;
    chunk->size = size;
    chunk->next = outbox->chunks;
    outbox->chunks = chunk;
    return true;
}

void *kith_outbox_alloc(struct kith_outbox *outbox, size_t size)
{
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct kith_outbox_chunk *chunk = outbox->chunks;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        if (!add_chunk(outbox, rounded))
            return NULL;
        chunk = outbox->chunks;
    }
    void *memory = chunk->data + chunk->used;
    chunk->used += rounded;
    return memory;
}

struct kith_bytes kith_outbox_copy(struct kith_outbox *outbox, struct kith_bytes bytes)
{
    if (bytes.size == 0)
        return kith_bytes(NULL, 0);
    void *memory = kith_outbox_alloc(outbox, bytes.size);
    if (memory == NULL)
        return kith_bytes(NULL, 0);
    memcpy(memory, bytes.data, bytes.size);
    return kith_bytes(memory, bytes.size);
}
