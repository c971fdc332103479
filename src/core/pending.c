/* SPDX-License-Identifier: MIT */
#include "core/intake.h"

#include <string.h>

#include "core/command.h"
#include "core/digest.h"
#include "core/link.h"
#include "core/log.h"
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

void kith_pending_append(struct kith_node *node, struct kith_log *log,
                         struct kith_pending *pending)
{
    const struct kith_run *run = pending->run;
    const struct kith_event *last = &run->events[run->count - 1];
    pending->log = log;
    pending->place_no = ++node->place_no;
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
        kith_pending_append(node, log, pending);
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

/* ---- control events first ---- */

/* How far the log is stored, or will be by the transaction that is open. */
static uint64_t placed_seq(const struct kith_log *log)
{
    uint64_t seq = log->head_seq;
    kith_list_each (item, &log->pending) {
        const struct kith_pending *pending =
            kith_list_item(item, struct kith_pending, in_log);
        if (pending->state != KITH_PENDING_STORING)
            break;
        seq = pending->run->seq_first + pending->run->count - 1;
    }
    return seq;
}

static bool is_placed(const struct kith_room *room, const struct kith_ref *ref)
{
    const struct kith_log *log = kith_log_find(room, &ref->author, &ref->log);
    while (log != NULL && placed_seq(log) < ref->seq)
        log = log->branch_next;
    return log != NULL;
}

/* Is it in a run that took its place before this one did? So none waits for itself, nor
 * for who waits for it. */
static bool is_coming(const struct kith_room *room, const struct kith_ref *ref,
                      const struct kith_pending *resting)
{
    const struct kith_log *log = kith_log_find(room, &ref->author, &ref->log);
    for (; log != NULL; log = log->branch_next)
        kith_list_each (item, &log->pending) {
            const struct kith_pending *pending =
                kith_list_item(item, struct kith_pending, in_log);
            uint64_t last = pending->run->seq_first + pending->run->count - 1;
            if (ref->seq <= last && pending->place_no < resting->place_no)
                return true;
        }
    return false;
}

enum rest { REST_PLACED, REST_COMING, REST_NOWHERE };

/* Where is what it rests on? It was held when the run came, but may have been refused. */
static enum rest find_rest(const struct kith_pending *pending)
{
    const struct kith_room *room = pending->log->room;
    enum rest rest = REST_PLACED;
    for (size_t i = 0; i < pending->run->count; i++)
        for (size_t j = 0; j < pending->run->events[i].ctl_count; j++) {
            struct kith_ref ref = kith_event_ref(&pending->run->events[i], j);
            if (is_placed(room, &ref))
                continue;
            if (!is_coming(room, &ref, pending))
                return REST_NOWHERE;
            rest = REST_COMING;
        }
    return rest;
}

/* The next run of the log that is not on its way to the store. NULL: there is none. */
static struct kith_pending *next_of(const struct kith_log *log)
{
    kith_list_each (item, &log->pending) {
        struct kith_pending *pending = kith_list_item(item, struct kith_pending, in_log);
        if (pending->state != KITH_PENDING_STORING)
            return pending;
    }
    return NULL;
}

/* It is asked for again when a control log moves. */
static void drop_resting(struct kith_node *node, struct kith_pending *pending)
{
    pending->log->waits_for_control = true;
    pending->log->room->has_waiting = true;
    kith_pending_drop_from(node, pending, KITH_EUNEXPECTED);
}

/* What is ready goes to the store, in order. */
static void go_on(struct kith_node *node, struct kith_log *log)
{
    struct kith_pending *next = next_of(log);
    kith_list_remove(&log->in_resting);
    for (; next != NULL && next->state == KITH_PENDING_READY; next = next_of(log)) {
        enum rest rest = find_rest(next);
        if (rest == REST_COMING) {
            kith_list_push(&log->room->resting, &log->in_resting);
            return;
        }
        if (rest == REST_NOWHERE) {
            drop_resting(node, next);
            return;
        }
        if (!store(node, next)) {
            kith_pending_drop_from(node, next, KITH_ELIMIT);
            return;
        }
        log->room->has_moved = true;
    }
}

/* A log moved, to the store or back. What rests on its events goes the same way; others
 * may rest on these. */
static void resume(struct kith_node *node, struct kith_room *room)
{
    if (room->is_resuming)
        return;
    room->is_resuming = true;
    while (room->has_moved && !node->is_broken) {
        struct kith_list logs;
        kith_list_init(&logs);
        room->has_moved = false;
        while (!kith_list_is_empty(&room->resting)) {
            struct kith_list *item = room->resting.next;
            kith_list_remove(item);
            kith_list_push(&logs, item);
        }
        while (!kith_list_is_empty(&logs))
            go_on(node, kith_list_item(logs.next, struct kith_log, in_resting));
    }
    room->is_resuming = false;
}

void kith_pending_ready(struct kith_node *node, struct kith_pending *pending)
{
    struct kith_log *log = pending->log;
    kith_hlc last = pending->run->events[pending->run->count - 1].hlc;
    if (last > log->room->hlc_tail)
        log->room->hlc_tail = last;
    pending->state = KITH_PENDING_READY;
    if (next_of(log) == pending)
        go_on(node, log);
    resume(node, log->room);
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
    log->room->has_moved = true;
    resume(node, log->room);
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
