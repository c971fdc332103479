/* SPDX-License-Identifier: MIT */
#include "core/commit.h"

#include "core/author.h"
#include "core/command.h"
#include "core/fetch.h"
#include "core/fork.h"
#include "core/intake.h"
#include "core/link.h"
#include "core/log.h"
#include "core/peer.h"
#include "core/promise.h"
#include "core/record.h"
#include "core/share.h"
#include "core/stream.h"

/* ---- kept ---- */

static void advance(struct kith_log *log, const struct kith_run *run)
{
    const struct kith_event *last = &run->events[run->count - 1];
    log->head_seq = last->seq;
    log->head = last->id;
    log->head_hlc = last->hlc;
}

static void take_profile(struct kith_node *node, struct kith_log *log,
                         const struct kith_event *event)
{
    struct kith_bytes name;
    if (kith_peer_profile(log, event, &name))
        kith_peer_rename(node, log->author, name, event->hlc);
}

static void tell(struct kith_node *node, const struct kith_pending *pending)
{
    const struct kith_log *log = pending->log;
    struct kith_notice *tell = &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    tell->type = KITH_NOTICE_MESSAGE;
    tell->message.room_no = log->room->no;
    tell->message.log_no = log->no;
    tell->message.author_no = log->author->no;
    tell->message.arrival_first = pending->arrival_first;
    tell->message.seen = pending->seen;
    tell->message.run = pending->run;
}

static void reply(struct kith_node *node, const struct kith_pending *pending)
{
    const struct kith_run *run = pending->run;
    if (pending->token == 0)
        return;
    struct kith_id *ids =
        kith_outbox_alloc(&node->out, run->count * sizeof(struct kith_id));
    if (ids == NULL)
        return;
    for (size_t i = 0; i < run->count; i++)
        ids[i] = run->events[i].id;
    struct kith_notice *tell = kith_command_reply(node, pending->token, 0, 0);
    tell->reply.room_no = pending->log->room->no;
    tell->reply.log_no = pending->log->no;
    tell->reply.seq_first = run->seq_first;
    tell->reply.count = run->count;
    tell->reply.ids = ids;
    tell->reply.hlc_first = run->events[0].hlc;
}

static void publish(struct kith_node *node, const struct kith_pending *pending)
{
    struct kith_log *log = pending->log;
    kith_list_each_safe (item, &log->room->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        if (!share->is_live)
            continue;
        if (share->link->no == pending->link)
            kith_share_announce(node, share, log, true);
        else
            kith_stream_publish(node, share, log, pending->run);
    }
}

/* Content that was refused because a control log was behind may now be asked for. Once
 * for all that came: a room may have very many logs. */
static void wake_waiting(struct kith_node *node, struct kith_room *room)
{
    bool has_waiting = room->has_waiting;
    room->has_new_control = room->has_waiting = false;
    for (size_t i = 0; has_waiting && i < room->log_count; i++) {
        struct kith_log *log = room->logs[i];
        if (!log->waits_for_control)
            continue;
        log->waits_for_control = false;
        kith_fetch_retry(node, log);
    }
    kith_fork_retry(node, room);
}

static void mark_contact(struct kith_node *node, struct kith_room *room)
{
    if (room->peer == NULL || room->peer->is_contact)
        return;
    room->peer->is_contact = true;
    kith_peer_record(node, room->peer);
}

/* A branch with a run that verified is proof of a fork. */
static void note_fork(struct kith_node *node, const struct kith_log *branch)
{
    if (branch->base == NULL || branch->base->is_forked)
        return;
    branch->base->is_forked = true;
    kith_fork_moved(node, branch->base, 0);
    kith_peer_warn(node, &branch->author_id, KITH_WARNING_FORK, 0);
    kith_fetch_disown(node, branch->base);
}

static void commit(struct kith_node *node, struct kith_pending *pending)
{
    struct kith_log *log = pending->log;
    advance(log, pending->run);
    note_fork(node, log);
    mark_contact(node, log->room);
    if (log->log_class == KITH_LOG_CONTROL) {
        for (size_t i = 0; i < pending->run->count; i++)
            take_profile(node, log, &pending->run->events[i]);
        log->room->has_new_control = true;
    } else if (log->author != node->self) {
        kith_log_touch(log);
    }
    tell(node, pending);
    reply(node, pending);
    publish(node, pending);
    if (log->author == node->self && pending->link != 0)
        kith_fetch_acknowledged_again(node, log, pending->run);
    kith_fork_moved(node, log, pending->link);
    kith_fork_found(node, log, pending->run);
}

void kith_commit_stored(struct kith_node *node, uint64_t store_no)
{
    struct kith_list done;
    kith_list_init(&done);
    node->stored_no = store_no;
    kith_list_each_safe (item, &node->storing) {
        struct kith_pending *pending =
            kith_list_item(item, struct kith_pending, in_queue);
        if (pending->store_no > store_no)
            break;
        kith_list_remove(&pending->in_queue);
        kith_list_remove(&pending->in_log);
        kith_list_push(&done, &pending->in_queue);
        commit(node, pending);
    }
    kith_list_each (item, &done) {
        struct kith_room *room =
            kith_list_item(item, struct kith_pending, in_queue)->log->room;
        if (room->has_new_control)
            wake_waiting(node, room);
    }
    kith_promise_keep(node, store_no);
    /* Effects point at the runs until the next step. */
    kith_list_each_safe (item, &done) {
        kith_list_remove(item);
        kith_list_push(&node->done, item);
    }
}

/* ---- not kept ---- */

/* A full disk has nothing of it: the log goes on. Whatever another disk made of it, these
 * sequence numbers are not used again; and a log that had just begun is forgotten, or
 * there would be one more with each attempt. */
static void give_up(struct kith_node *node, struct kith_log *log, int error)
{
    struct kith_room *room = log->room;
    bool is_begun_here = room->own[log->log_class] == log;
    room->own_control_told = 0;
    if (error == KITH_EFULL || error == KITH_EREADONLY)
        return;
    room->own[log->log_class] = NULL;
    if (is_begun_here && !kith_log_is_held(log))
        kith_log_forget_placed(node, log);
}

static void refuse_all(struct kith_node *node, struct kith_log *log, int error)
{
    kith_pending_drop_from(
        node, kith_list_item(log->pending.next, struct kith_pending, in_log), error);
    if (log->author == node->self)
        give_up(node, log, error);
}

/* Soon, unless that was just tried: what is missing comes again each time. */
static void retry_later(struct kith_node *node)
{
    if (node->store_retry_at > node->now.mono)
        return;
    bool is_again = node->store_wait != 0 &&
                    node->now.mono < node->store_retried_at + 2 * KITH_STORE_RETRY_MAX;
    kith_time wait = is_again ? 2 * node->store_wait : KITH_STORE_RETRY_MIN;
    node->store_wait = wait < KITH_STORE_RETRY_MAX ? wait : KITH_STORE_RETRY_MAX;
    node->store_retry_at = node->now.mono + node->store_wait;
    kith_node_wake_at(node, node->store_retry_at);
}

void kith_commit_failed(struct kith_node *node, int error)
{
    while (!kith_list_is_empty(&node->storing))
        refuse_all(node,
                   kith_list_item(node->storing.next, struct kith_pending, in_queue)->log,
                   error);
    kith_record_forget_uncommitted(node);
    kith_promise_break(node, error);
    retry_later(node);
}

void kith_commit_check(struct kith_node *node)
{
    if (node->store_retry_at == 0)
        return;
    if (node->now.mono < node->store_retry_at) {
        kith_node_wake_at(node, node->store_retry_at);
        return;
    }
    node->store_retry_at = 0;
    node->store_retried_at = node->now.mono;
    kith_author_introduce(node);
    struct kith_map_entry *entry = NULL;
    while ((entry = kith_map_next(&node->room_map, entry)) != NULL) {
        struct kith_room *room = kith_map_entry_value(entry);
        for (size_t i = 0; i < room->log_count; i++)
            kith_fetch_retry(node, room->logs[i]);
        kith_fork_retry(node, room);
    }
}
