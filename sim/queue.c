/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include "memory.h"
#include <stdlib.h>

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->no < b->no;
}

void sim_queue_deinit(struct sim_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free(queue->items[i].owned);
    free(queue->items);
    *queue = (struct sim_queue){0};
}

void sim_queue_put(struct sim_queue *queue, const struct sim_event *event)
{
    queue->items =
        sim_grown(queue->items, &queue->capacity, queue->count, sizeof(*queue->items));
    struct sim_event added = *event;
    added.no = queue->no_next++;
    size_t at = queue->count++;
    while (at > 0 && is_before(&added, &queue->items[(at - 1) / 2])) {
        queue->items[at] = queue->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->items[at] = added;
}

bool sim_queue_take(struct sim_queue *queue, struct sim_event *out)
{
    if (queue->count == 0)
        return false;
    *out = queue->items[0];
    const struct sim_event last = queue->items[--queue->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= queue->count)
            break;
        if (child + 1 < queue->count &&
            is_before(&queue->items[child + 1], &queue->items[child]))
            child++;
        if (!is_before(&queue->items[child], &last))
            break;
        queue->items[at] = queue->items[child];
        at = child;
    }
    queue->items[at] = last;
    return true;
}

kith_time sim_queue_next(const struct sim_queue *queue)
{
    return queue->count == 0 ? KITH_TIME_NEVER : queue->items[0].at;
}
