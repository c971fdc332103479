/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("kith-sim: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *sim_zeroed(size_t size)
{
    return checked(calloc(1, size == 0 ? 1 : size));
}

void *sim_copied(const void *from, size_t size)
{
    void *to = checked(malloc(size == 0 ? 1 : size));
    if (size > 0)
        memcpy(to, from, size);
    return to;
}

void *sim_grown(void *array, size_t *capacity, size_t count, size_t item_size)
{
    if (count < *capacity)
        return array;
    size_t wanted = *capacity == 0 ? 8 : *capacity;
    while (wanted <= count)
        wanted *= 2;
    char *grown = checked(realloc(array, wanted * item_size));
    memset(grown + *capacity * item_size, 0, (wanted - *capacity) * item_size);
    *capacity = wanted;
    return grown;
}

/* In front of each block, as wide as malloc aligns. */
union header {
    size_t size;
    max_align_t align;
};

static void *heap_resize(void *ctx, void *old, size_t size)
{
    struct sim_heap *heap = ctx;
    if (heap->fail_in > 0 && --heap->fail_in == 0) {
        heap->has_failed = true;
        return NULL;
    }
    union header *block = old == NULL ? NULL : (union header *)old - 1;
    const size_t size_before = block == NULL ? 0 : block->size;
    union header *resized = realloc(block, sizeof(*resized) + size);
    if (resized == NULL)
        return NULL;
    resized->size = size;
    heap->size += size - size_before;
    heap->count += old == NULL;
    if (heap->size > heap->size_peak)
        heap->size_peak = heap->size;
    return resized + 1;
}

static void heap_release(void *ctx, void *memory)
{
    struct sim_heap *heap = ctx;
    if (memory == NULL)
        return;
    union header *block = (union header *)memory - 1;
    heap->size -= block->size;
    heap->count--;
    free(block);
}

void sim_heap_init(struct sim_heap *heap)
{
    *heap = (struct sim_heap){
        .alloc = {.resize = heap_resize, .release = heap_release, .ctx = heap}};
}
