/* SPDX-License-Identifier: MIT */
#include "core/intake.h"

#include <string.h>

#include "core/command.h"
#include "core/digest.h"
#include "core/link.h"
#include "core/peer.h"
#include "core/record.h"

void kith_pending_pause(struct kith_node *node, struct kith_link *link)
{
    if (link->is_paused == node->is_paused || link->state == KITH_LINK_CLOSING)
        return;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_PAUSE);
    effect->pause.link = link->no;
    effect->pause.is_paused = node->is_paused;
    link->is_paused = node->is_paused;
}

static void pause_links(struct kith_node *node, bool is_paused)
{
    node->is_paused = is_paused;
    kith_list_each (item, &node->links)
        kith_pending_pause(node, kith_list_item(item, struct kith_link, item));
}

static struct kith_bytes rebase(struct kith_bytes slice, const uint8_t *from,
                                const uint8_t *to)
{
    return slice.size == 0 ? slice : kith_bytes(to + (slice.data - from), slice.size);
}

/* Only the events in use are copied: a run of one takes a few hundred bytes. */
static void copy_run(struct kith_run *to, const struct kith_run *from, uint8_t *bytes)
{
    memcpy(to, from,
           offsetof(struct kith_run, events) + from->count * sizeof(struct kith_event));
    memcpy(bytes, from->bytes.data, from->bytes.size);
    for (size_t i = 0; i < from->count; i++) {
        struct kith_event *event = &to->events[i];
        event->refs = rebase(event->refs, from->bytes.data, bytes);
        event->own = rebase(event->own, from->bytes.data, bytes);
        event->content = rebase(event->content, from->bytes.data, bytes);
    }
    to->bytes = kith_bytes(bytes, from->bytes.size);
}

struct kith_pending *kith_pending_new(struct kith_node *node, const struct kith_run *run)
{
    size_t run_size =
        offsetof(struct kith_run, events) + run->count * sizeof(struct kith_event);
    size_t size = sizeof(struct kith_pending) + run_size + run->bytes.size;
    struct kith_pending *pending = kith_alloc(node->alloc, size);
    if (pending == NULL) {
        kith_node_break(node);
        return NULL;
    }
    *pending = (struct kith_pending){.size = size, .seen = node->now.wall};
    pending->run = (struct kith_run *)(pending + 1);
    copy_run(pending->run, run, (uint8_t *)pending->run + run_size);
    kith_list_init(&pending->in_queue);
    kith_list_init(&pending->in_log);
    node->pending_size += size;
    if (node->pending_size > KITH_PENDING_HIGH && !node->is_paused)
        pause_links(node, true);
    return pending;
}

void kith_pending_append(struct kith_log *log, struct kith_pending *pending)
{
    const struct kith_run *run = pending->run;
    const struct kith_event *last = &run->events[run->count - 1];
    pending->log = log;
    kith_list_push(&log->pending, &pending->in_log);
    log->tail_seq = last->seq;
    log->tail = last->id;
    log->tail_hlc = last->hlc;
}

struct kith_pending *kith_pending_add(struct kith_node *node, struct kith_log *log,
                                      const struct kith_run *run)
{
    struct kith_pending *pending = kith_pending_new(node, run);
    if (pending != NULL)
        kith_pending_append(log, pending);
    return pending;
}

static bool store(struct kith_node *node, struct kith_pending *pending)
{
    if (kith_record_log(node, pending->log) != 0)
        return false;
    pending->arrival_first = node->arrival_next;
    node->arrival_next += pending->run->count;
    kith_peer_record_profiles(node, pending->log, pending->run);
    struct kith_record *record = kith_record_add(node, KITH_RECORD_RUN);
    record->run = (struct kith_record_run){
        .room_no = pending->log->room->no,
        .log_no = pending->log->no,
        .arrival_first = pending->arrival_first,
        .seen = pending->seen,
        .run = pending->run,
    };
    pending->state = KITH_PENDING_STORING;
    pending->store_no = node->store_no;
    kith_list_remove(&pending->in_queue);
    kith_list_push(&node->storing, &pending->in_queue);
    return true;
}

static bool is_stored_next(const struct kith_pending *pending)
{
    const struct kith_list *before = pending->in_log.prev;
    return before == &pending->log->pending ||
           kith_list_item(before, struct kith_pending, in_log)->state ==
               KITH_PENDING_STORING;
}

void kith_pending_ready(struct kith_node *node, struct kith_pending *pending)
{
    struct kith_log *log = pending->log;
    kith_hlc last = pending->run->events[pending->run->count - 1].hlc;
    if (last > log->room->hlc_tail)
        log->room->hlc_tail = last;
    pending->state = KITH_PENDING_READY;
    if (!is_stored_next(pending))
        return;
    struct kith_list *item = &pending->in_log;
    for (; item != &log->pending; item = item->next) {
        struct kith_pending *next = kith_list_item(item, struct kith_pending, in_log);
        if (next->state != KITH_PENDING_READY)
            return;
        if (!store(node, next)) {
            kith_pending_drop_from(node, next, KITH_ELIMIT);
            return;
        }
    }
}

void kith_pending_free(struct kith_node *node, struct kith_pending *pending)
{
    kith_list_remove(&pending->in_log);
    kith_list_remove(&pending->in_queue);
    node->pending_size -= pending->size;
    kith_release(node->alloc, pending);
    if (node->is_paused && node->pending_size < KITH_PENDING_LOW)
        pause_links(node, false);
}

static void answer_from(struct kith_node *node, const struct kith_pending *pending,
                        int error)
{
    const struct kith_list *item = &pending->in_log;
    for (; item != &pending->log->pending; item = item->next) {
        uint64_t token = kith_list_item(item, struct kith_pending, in_log)->token;
        if (token != 0)
            kith_command_reply(node, token, error, 0);
    }
}

void kith_pending_drop_from(struct kith_node *node, struct kith_pending *pending,
                            int error)
{
    struct kith_log *log = pending->log;
    answer_from(node, pending, error);
    while (log->pending.prev != &pending->in_log)
        kith_pending_free(node,
                          kith_list_item(log->pending.prev, struct kith_pending, in_log));
    kith_pending_free(node, pending);
    log->tail_seq = log->head_seq;
    log->tail = log->head;
    log->tail_hlc = log->head_hlc;
    if (!kith_list_is_empty(&log->pending)) {
        const struct kith_run *run =
            kith_list_item(log->pending.prev, struct kith_pending, in_log)->run;
        log->tail_seq = run->events[run->count - 1].seq;
        log->tail = run->events[run->count - 1].id;
        log->tail_hlc = run->events[run->count - 1].hlc;
    }
}
