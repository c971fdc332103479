/* SPDX-License-Identifier: MIT */
#include "lib/alloc_failing.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Stands before each block, in the space alignment costs anyway. */
union prefix {
    size_t size;
    max_align_t aligned;
};

static bool must_fail(const struct alloc_failing *a)
{
    return a->calls == a->fail_at || (a->fail_from > 0 && a->calls >= a->fail_from);
}

static void *resize(void *ctx, void *old, size_t size)
{
    struct alloc_failing *a = ctx;
    union prefix *prefix = old ? (union prefix *)old - 1 : NULL;
    size_t size_before = prefix ? prefix->size : 0;
    a->calls++;
    if (must_fail(a) || size > SIZE_MAX / 2) {
        a->refused += size > size_before;
        return NULL;
    }
    union prefix *moved = realloc(prefix, sizeof *prefix + size);
    if (!moved)
        return NULL;
    moved->size = size;
    if (size > size_before) /* what is not set shows */
        memset((uint8_t *)(moved + 1) + size_before, 0xA5, size - size_before);
    a->live_blocks += old ? 0 : 1;
    a->live_bytes = a->live_bytes - size_before + size;
    if (a->live_bytes > a->live_bytes_max)
        a->live_bytes_max = a->live_bytes;
    return moved + 1;
}

static void release(void *ctx, void *memory)
{
    struct alloc_failing *a = ctx;
    if (!memory)
        return;
    union prefix *prefix = (union prefix *)memory - 1;
    assert(a->live_blocks > 0 && a->live_bytes >= prefix->size);
    a->live_blocks--;
    a->live_bytes -= prefix->size;
    free(prefix);
}

void alloc_failing_init(struct alloc_failing *a)
{
    *a = (struct alloc_failing){.alloc = {resize, release, a}};
}

void alloc_failing_arm(struct alloc_failing *a, size_t n)
{
    a->fail_at = n > 0 ? a->calls + n : 0;
    a->fail_from = 0;
}

void alloc_failing_exhaust(struct alloc_failing *a)
{
    a->fail_at = 0;
    a->fail_from = a->calls + 1;
}
