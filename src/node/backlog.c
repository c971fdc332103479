/* SPDX-License-Identifier: MIT */
#include "node/backlog.h"

#include <string.h>

#include "base/alloc.h"

void kith_backlog_deinit(struct kith_backlog *backlog)
{
    kith_release(&kith_alloc_heap, backlog->items);
    *backlog = (struct kith_backlog){0};
}

int kith_backlog_push(struct kith_backlog *backlog, const struct kith_backlog_item *item)
{
    if (backlog->end == backlog->capacity && backlog->begin > 0) {
        size_t count = backlog->end - backlog->begin;
        memmove(backlog->items, backlog->items + backlog->begin,
                count * sizeof(*backlog->items));
        backlog->begin = 0;
        backlog->end = count;
    }
    void *items = backlog->items;
    int error = kith_alloc_grow(&kith_alloc_heap, &items, &backlog->capacity,
                                backlog->end + 1, sizeof(*backlog->items));
    if (error != 0)
        return error;
    backlog->items = items;
    backlog->items[backlog->end++] = *item;
    return 0;
}

bool kith_backlog_pop(struct kith_backlog *backlog, struct kith_backlog_item *out)
{
    if (kith_backlog_is_empty(backlog))
        return false;
    *out = backlog->items[backlog->begin++];
    if (backlog->begin == backlog->end)
        backlog->begin = backlog->end = 0;
    return true;
}

bool kith_backlog_is_empty(const struct kith_backlog *backlog)
{
    return backlog->begin == backlog->end;
}
