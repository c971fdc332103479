/* SPDX-License-Identifier: MIT */
#include "core/fork.h"

#include <string.h>

#include "core/fetch.h"
#include "core/link.h"
#include "core/log.h"
#include "core/share.h"

/* ---- asking ---- */

static bool is_same_log(const struct kith_ref *a, const struct kith_ref *b)
{
    return kith_id_equal(&a->author, &b->author) &&
           memcmp(a->log.bytes, b->log.bytes, KITH_LOG_ID_SIZE) == 0;
}

static struct kith_question *find_question(const struct kith_share *share,
                                           const struct kith_ref *ref)
{
    for (size_t i = 0; i < share->question_count; i++)
        if (is_same_log(&share->questions[i].head, ref))
            return &share->questions[i];
    return NULL;
}

static bool was_just_asked(const struct kith_node *node,
                           const struct kith_question *question)
{
    return question != NULL && node->now.mono < question->at + KITH_STALL_TIME;
}

/* NULL unless an answer may be on its way. */
static struct kith_question *find_asked_about(const struct kith_node *node,
                                              const struct kith_share *share,
                                              const struct kith_ref *ref)
{
    struct kith_question *question = find_question(share, ref);
    bool is_asked =
        was_just_asked(node, question) || (question != NULL && question->is_open);
    return is_asked ? question : NULL;
}

static bool is_over(const struct kith_question *question)
{
    return !question->is_open && !question->waits && question->missed.seq == 0;
}

/* Of those that are over the oldest, else of all. */
static struct kith_question *find_least(struct kith_share *share)
{
    struct kith_question *least = &share->questions[0];
    for (size_t i = 1; i < share->question_count; i++) {
        struct kith_question *question = &share->questions[i];
        if (is_over(question) != is_over(least) ? is_over(question)
                                                : question->at < least->at)
            least = question;
    }
    return least;
}

/* In place of the one about this log. NULL, and the node is broken, when memory ran out.
 */
static struct kith_question *put_question(struct kith_node *node,
                                          struct kith_share *share,
                                          const struct kith_ref *head)
{
    struct kith_question *question = find_question(share, head);
    if (question == NULL && share->question_count < KITH_QUESTIONS_MAX) {
        void *questions = share->questions;
        if (!kith_node_grow(node, &questions, &share->question_capacity,
                            share->question_count + 1, sizeof(*question)))
            return NULL;
        share->questions = questions;
        question = &share->questions[share->question_count++];
    }
    if (question == NULL)
        question = find_least(share);
    *question = (struct kith_question){
        .head = *head, .at = node->now.mono, .pause = KITH_FORK_RETRY};
    return question;
}

static void open_again(struct kith_node *node, struct kith_question *question)
{
    question->is_open = true;
    if (node->questions_at == KITH_TIME_NEVER)
        node->questions_at = node->now.mono + KITH_STALL_TIME;
    kith_node_wake_at(node, node->questions_at);
}

static void send(struct kith_node *node, struct kith_share *share,
                 struct kith_question *question)
{
    kith_frame_graft_encode(&node->scratch, KITH_FRAME_GRAFT, &share->tag_out,
                            &question->head, &question->missed,
                            question->missed.seq > 0 ? 1 : 0);
    question->missed.seq = 0;
    question->waits = question->is_lost = false;
    question->at = node->now.mono;
    open_again(node, question);
    kith_link_send_scratch(node, share->link);
}

static void ask(struct kith_node *node, struct kith_share *share,
                const struct kith_ref *head)
{
    struct kith_question *question = put_question(node, share, head);
    share->whole_at = node->now.mono;
    if (question != NULL)
        send(node, share, question);
}

void kith_fork_ask(struct kith_node *node, struct kith_share *share,
                   const struct kith_ref *head)
{
    const struct kith_question *question = find_asked_about(node, share, head);
    if (question == NULL || !kith_id_equal(&question->head.id, &head->id))
        ask(node, share, head);
}

void kith_fork_ask_before(struct kith_node *node, struct kith_share *share,
                          const struct kith_ref *last)
{
    if (!was_just_asked(node, find_question(share, last)))
        ask(node, share, last);
}

static struct kith_question *find_asked_of(const struct kith_node *node,
                                           const struct kith_share *share,
                                           const struct kith_log *log)
{
    struct kith_ref ref = kith_log_ref(log);
    return find_asked_about(node, share, &ref);
}

bool kith_fork_is_asked(const struct kith_node *node, const struct kith_share *share,
                        const struct kith_log *log)
{
    return find_asked_of(node, share, log) != NULL;
}

bool kith_fork_came(const struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log, const struct kith_run *run, bool follows)
{
    struct kith_question *question = find_asked_of(node, share, log);
    if (question == NULL)
        return false;
    const struct kith_ref *head = &question->head;
    if (!question->is_lost && head->seq >= run->seq_first &&
        head->seq < run->seq_first + run->count &&
        kith_id_equal(&run->events[head->seq - run->seq_first].id, &head->id))
        question->is_open = false;
    /* What follows may be on its way to that head, until it is past it. */
    if (!follows || (question->is_open && run->seq_first <= head->seq))
        question->at = node->now.mono;
    return !follows;
}

void kith_fork_lost(struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log)
{
    const struct kith_ref ref = kith_log_ref(log);
    struct kith_question *question = find_question(share, &ref);
    if (question != NULL) {
        question->is_lost = true;
        open_again(node, question);
    }
}

void kith_fork_missed(struct kith_node *node, struct kith_share *share,
                      const struct kith_log *log, const struct kith_run *run)
{
    struct kith_question *question = find_asked_of(node, share, log);
    kith_fork_lost(node, share, log);
    if (question != NULL && question->missed.seq == 0 && run->seq_first > 1)
        question->missed = (struct kith_locator){run->seq_first - 1, run->prev};
}

void kith_fork_wait(struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log, const struct kith_run *run)
{
    const struct kith_event *last = &run->events[run->count - 1];
    struct kith_question *question = find_asked_of(node, share, log);
    if (question == NULL)
        question = put_question(
            node, share, &(struct kith_ref){run->author, run->log, last->seq, last->id});
    if (question != NULL) {
        question->waits = true;
        question->is_open = false;
    }
}

void kith_fork_resume(struct kith_node *node, struct kith_share *share)
{
    for (size_t i = 0; i < share->question_count; i++)
        if (share->questions[i].missed.seq > 0 &&
            node->check_count <= KITH_CHECKS_MAX / 2)
            send(node, share, &share->questions[i]);
}

void kith_fork_retry(struct kith_node *node, struct kith_room *room)
{
    kith_list_each_safe (item, &room->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        for (size_t i = 0; i < share->question_count; i++)
            if (share->questions[i].waits)
                ask(node, share, &share->questions[i].head);
    }
}

void kith_fork_begun(struct kith_node *node, struct kith_share *share,
                     struct kith_log *branch)
{
    struct kith_question *question = find_asked_of(node, share, branch);
    if (question == NULL || question->head.seq <= branch->tail_seq)
        return;
    question->is_open = false;
    kith_share_holds(node, &share->tracks[branch->index], question->head.seq,
                     &question->head.id);
    branch->want_seq = question->head.seq;
    branch->want = question->head.id;
    kith_fetch_retry(node, branch); /* what came meanwhile had nothing to follow */
}

/* ---- hearing ---- */

static struct kith_log *find_head(struct kith_log *log, const struct kith_ref *head)
{
    while (log != NULL && (!kith_log_is_held(log) || log->head_seq != head->seq ||
                           !kith_id_equal(&log->head, &head->id)))
        log = log->branch_next;
    return log;
}

/* The branch that the peer was asked to bring up to there. */
static struct kith_log *find_asked(struct kith_log *log, const struct kith_share *share,
                                   const struct kith_ref *head)
{
    while (log != NULL &&
           (log->upstream != share->link->no || log->want_seq != head->seq ||
            !kith_id_equal(&log->want, &head->id)))
        log = log->branch_next;
    return log;
}

/* What the peer told of is not of this branch: it has nothing for it. */
static void take_back_want(struct kith_node *node, struct kith_share *share,
                           struct kith_log *log)
{
    share->tracks[log->index].have = 0;
    if (log->upstream == share->link->no)
        kith_fetch_retry(node, log);
}

/* What has no place comes whole each time that it is asked for; but it may be more of a
 * branch that has one. */
static bool is_in_vain(const struct kith_node *node, const struct kith_share *share,
                       const struct kith_log *first)
{
    return kith_log_is_full(node, first) && share->whole_at != 0 &&
           node->now.mono < share->whole_at + KITH_FORK_FULL_RETRY;
}

void kith_fork_heard(struct kith_node *node, struct kith_share *share,
                     const struct kith_ref *head)
{
    struct kith_log *first = kith_log_find(share->room, &head->author, &head->log);
    if (first == NULL)
        return;
    struct kith_log *held = find_head(first, head);
    struct kith_log *asked = find_asked(first, share, head);
    /* Then that FORK is no answer; unless another event came as this number. */
    bool is_coming =
        asked != NULL && asked->is_coming &&
        (asked->tail_seq < head->seq || kith_id_equal(&asked->tail, &head->id));
    if (asked != NULL && asked != held && !is_coming)
        take_back_want(node, share, asked);
    if (held == NULL) {
        if (!is_coming && !is_in_vain(node, share, first))
            kith_fork_ask(node, share, head);
        return;
    }
    if (kith_share_track(node, share, held) == NULL)
        return;
    kith_fork_sure(node, share, held);
    kith_share_announce(node, share, held, true);
}

/* Is it still to be answered? */
static bool is_open(const struct kith_node *node, const struct kith_share *share,
                    const struct kith_question *question)
{
    const struct kith_ref *head = &question->head;
    struct kith_log *first = kith_log_find(share->room, &head->author, &head->log);
    return question->is_open && first != NULL && !kith_log_is_full(node, first) &&
           find_head(first, head) == NULL;
}

/* True when any is open. */
static bool check_asked(struct kith_node *node, struct kith_share *share)
{
    bool has_open = false;
    for (size_t i = 0; i < share->question_count; i++) {
        struct kith_question *question = &share->questions[i];
        question->is_open = is_open(node, share, question);
        if (question->is_open && node->now.mono >= question->at + question->pause) {
            send(node, share, question);
            question->pause = 2 * question->pause < KITH_FORK_RETRY_MAX
                                  ? 2 * question->pause
                                  : KITH_FORK_RETRY_MAX;
        }
        has_open = has_open || question->is_open;
    }
    return has_open;
}

void kith_fork_check_asked(struct kith_node *node)
{
    if (node->questions_at <= node->now.mono) {
        bool has_open = false;
        node->questions_at = KITH_TIME_NEVER;
        kith_list_each (item, &node->links) {
            struct kith_link *link = kith_list_item(item, struct kith_link, item);
            kith_list_each (share_item, &link->shares)
                has_open = check_asked(node, kith_list_item(share_item, struct kith_share,
                                                            in_link)) ||
                           has_open;
        }
        node->questions_at =
            has_open ? node->now.mono + KITH_STALL_TIME : KITH_TIME_NEVER;
    }
    kith_node_wake_at(node, node->questions_at);
}

/* Is what the peer told of that log in this run? */
static bool is_told_of(const struct kith_node *node, const struct kith_share *share,
                       const struct kith_log *log, const struct kith_run *run)
{
    if (log->index >= share->track_count)
        return false;
    const struct kith_track *track = &share->tracks[log->index];
    return track->have >= run->seq_first && track->have < run->seq_first + run->count &&
           kith_share_told(node, track, &run->events[track->have - run->seq_first].id);
}

void kith_fork_found(struct kith_node *node, const struct kith_log *log,
                     const struct kith_run *run)
{
    if (log->base == NULL && log->branch_next == NULL)
        return;
    struct kith_log *other = kith_log_find(log->room, &log->author_id, &log->id);
    for (; other != NULL; other = other->branch_next) {
        if (other == log)
            continue;
        kith_list_each_safe (item, &log->room->shares) {
            struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
            if (is_told_of(node, share, other, run))
                take_back_want(node, share, other);
        }
    }
}

/* ---- telling ---- */

/* Is it one of several branches, and held? */
static bool is_to_tell(const struct kith_log *log)
{
    return kith_log_is_held(log) && (log->base != NULL || log->branch_next != NULL);
}

/* That long from now, or before. Together with others: each time is a look at all. */
static void tell_in(struct kith_node *node, struct kith_share *share, kith_time delay)
{
    kith_time at = node->now.mono + delay;
    if (delay > KITH_TICK)
        at = kith_next_tick(at);
    if (share->forks_at == 0 || at < share->forks_at)
        share->forks_at = at;
    if (share->forks_at < node->forks_at)
        node->forks_at = share->forks_at;
    kith_node_wake_at(node, node->forks_at);
}

void kith_fork_tell_later(struct kith_node *node, struct kith_share *share)
{
    share->forks_pause = KITH_FORK_RETRY;
    tell_in(node, share, KITH_FORK_DELAY);
}

void kith_fork_moved(struct kith_node *node, const struct kith_log *log, uint32_t link)
{
    kith_list_each (item, &log->room->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        if (log->index < share->track_count)
            share->tracks[log->index].is_sure = share->link->no == link;
        if (share->is_live && is_to_tell(log))
            kith_fork_tell_later(node, share);
    }
}

void kith_fork_sure(struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log)
{
    struct kith_track *track = &share->tracks[log->index];
    if (!track->is_sure && is_to_tell(log)) {
        share->forks_pause = KITH_FORK_RETRY;
        tell_in(node, share, share->forks_pause);
    }
    track->is_sure = true;
}

/* Until the queue is full. True when there was anything to tell. */
static bool tell(struct kith_node *node, struct kith_share *share)
{
    const struct kith_room *room = share->room;
    size_t i = share->forks_next;
    bool has_any = i > 0; /* those before were told when the queue was full */
    share->forks_wait = false;
    for (; i < room->log_count && !share->forks_wait; i++) {
        const struct kith_log *log = room->logs[i];
        const struct kith_track *track =
            is_to_tell(log) ? kith_share_track(node, share, log) : NULL;
        if (track == NULL || track->is_sure)
            continue;
        struct kith_ref head = kith_log_ref(log);
        kith_frame_graft_encode(&node->scratch, KITH_FRAME_FORK, &share->tag_out, &head,
                                NULL, 0);
        kith_link_send_scratch(node, share->link);
        share->forks_wait = !kith_link_has_room(node, share->link);
        has_any = true;
    }
    share->forks_next = share->forks_wait ? i : 0;
    return has_any;
}

void kith_fork_drained(struct kith_node *node, struct kith_link *link)
{
    kith_list_each (item, &link->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_link);
        if (share->forks_wait && kith_link_has_room(node, link))
            tell(node, share);
    }
}

static void check_told(struct kith_node *node, struct kith_share *share)
{
    if (share->forks_at == 0)
        return;
    kith_time pause = share->forks_at - node->now.mono;
    if (pause <= 0) {
        share->forks_at = 0;
        if (!tell(node, share))
            return;
        pause = share->forks_pause;
        share->forks_pause =
            2 * pause < KITH_FORK_RETRY_MAX ? 2 * pause : KITH_FORK_RETRY_MAX;
    }
    tell_in(node, share, pause);
}

void kith_fork_check(struct kith_node *node)
{
    if (node->forks_at <= node->now.mono) {
        node->forks_at = KITH_TIME_NEVER;
        kith_list_each (item, &node->links) {
            struct kith_link *link = kith_list_item(item, struct kith_link, item);
            kith_list_each (share_item, &link->shares)
                check_told(node, kith_list_item(share_item, struct kith_share, in_link));
        }
    }
    kith_node_wake_at(node, node->forks_at);
}
