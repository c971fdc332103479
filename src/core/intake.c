/* SPDX-License-Identifier: MIT */
#include "core/intake.h"

#include <assert.h>
#include <string.h>

#include "core/digest.h"
#include "core/fetch.h"
#include "core/fork.h"
#include "core/hearsay.h"
#include "core/link.h"
#include "core/log.h"
#include "core/peer.h"
#include "core/room.h"
#include "core/share.h"

/* ---- where a run belongs ---- */

static uint64_t last_seq(const struct kith_run *run)
{
    return run->seq_first + run->count - 1;
}

/* Of an event of the run, or of the one before it. */
static const struct kith_id *id_at(const struct kith_run *run, uint64_t seq)
{
    return seq < run->seq_first ? &run->prev : &run->events[seq - run->seq_first].id;
}

bool kith_intake_follows(const struct kith_log *log, const struct kith_run *run)
{
    return run->seq_first == log->tail_seq + 1 && kith_id_equal(&run->prev, &log->tail);
}

/* A branch of which nothing came yet: what begins it may be another branch's as well. */
static bool is_empty_branch(const struct kith_log *log)
{
    return log->base != NULL && log->tail_seq < log->seq_first;
}

/* The branch that this run goes on, or the nearest guess. NULL when the room is full. */
static struct kith_log *find_log(struct kith_node *node, struct kith_share *share,
                                 const struct kith_run *run)
{
    struct kith_log *first = kith_log_find(share->room, &run->author, &run->log);
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        if (kith_intake_follows(log, run) && !is_empty_branch(log))
            return log;
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        if (log->seq_first <= run->seq_first && run->seq_first <= log->tail_seq + 1)
            return log;
    if (first != NULL)
        return first;
    return kith_hearsay_add(node, share, &run->author, &run->log, run->log_class);
}

bool kith_intake_holds(const struct kith_room *room, const struct kith_ref *ref)
{
    for (const struct kith_log *log = kith_log_find(room, &ref->author, &ref->log);
         log != NULL; log = log->branch_next)
        if (log->tail_seq >= ref->seq)
            return true;
    return false;
}

/* Control events that an event rests on must be held before it. Who sends the one holds
 * the other: it is asked for what is missing. */
static bool has_controls(struct kith_node *node, struct kith_share *share,
                         const struct kith_run *run)
{
    const struct kith_room *room = share->room;
    bool has_all = true;
    for (size_t i = 0; i < run->count; i++) {
        for (size_t j = 0; j < run->events[i].ctl_count; j++) {
            struct kith_ref ref = kith_event_ref(&run->events[i], j);
            if (kith_intake_holds(room, &ref))
                continue;
            has_all = false;
            kith_fetch_learn_control(node, share, &ref);
        }
    }
    return has_all;
}

static bool is_of_the_future(const struct kith_node *node, const struct kith_run *run)
{
    kith_time wall = kith_hlc_wall(run->events[run->count - 1].hlc);
    return wall > node->now.wall + KITH_FUTURE_MAX;
}

/* More than a day ahead: not shown, not acknowledged, not asked for until due. Only its
 * author's signature can bring that upon a log. */
static void park(struct kith_node *node, struct kith_log *log, const struct kith_run *run)
{
    if (log->parked_until <= node->now.wall)
        kith_peer_warn(node, &run->author, KITH_WARNING_FUTURE, 0);
    log->parked_until = kith_hlc_wall(run->events[run->count - 1].hlc) - KITH_FUTURE_MAX;
    if (last_seq(run) > log->want_seq)
        log->want_seq = last_seq(run);
    if (kith_list_is_empty(&log->wanting))
        kith_list_push(&node->wanting, &log->wanting);
    log->asked_at = node->now.mono - KITH_STALL_TIME; /* nobody is asked */
    kith_node_wake_at(node, node->now.mono + (log->parked_until - node->now.wall));
}

/* ---- runs that do not simply follow ---- */

/* Is this event on its way to the store? */
static bool is_pending(const struct kith_log *log, uint64_t seq, const struct kith_id *id)
{
    kith_list_each (item, &log->pending) {
        const struct kith_run *run =
            kith_list_item(item, struct kith_pending, in_log)->run;
        if (seq >= run->seq_first && seq <= last_seq(run))
            return kith_id_equal(&run->events[seq - run->seq_first].id, id);
    }
    return false;
}

/* The next branch, from `log` on, that may have stored this run, or what is before it. */
static struct kith_log *next_to_compare(struct kith_log *log, const struct kith_run *run)
{
    while (log != NULL && (!kith_log_is_held(log) || log->seq_first > last_seq(run) ||
                           log->head_seq + 1 < run->seq_first))
        log = log->branch_next;
    return log;
}

static void load_branch(struct kith_node *node, struct kith_check *check,
                        struct kith_log *log, const struct kith_run *run)
{
    uint64_t before = run->seq_first > 1 ? run->seq_first - 1 : 1;
    check->log = log;
    check->load_no = ++node->load_no;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_LOAD);
    effect->load.load_no = check->load_no;
    effect->load.log_no = log->no;
    effect->load.seq_from = before > log->seq_first ? before : log->seq_first;
    effect->load.seq_last = last_seq(run);
    effect->load.bytes_max = KITH_COMPARE_SIZE;
}

/* Compare with what is stored of the log: a duplicate, or another branch? */
static void check_later(struct kith_node *node, struct kith_share *share,
                        const struct kith_log *log, const struct kith_run *run)
{
    struct kith_log *first = kith_log_find(log->room, &log->author_id, &log->id);
    struct kith_log *next = next_to_compare(first, run);
    if (next == NULL)
        return;
    if (node->check_count >= KITH_CHECKS_MAX) {
        kith_fork_missed(node, share, log, run);
        return; /* it is asked for again */
    }
    struct kith_check *check =
        kith_alloc_zero(node->alloc, sizeof(*check) + run->bytes.size);
    if (check == NULL) {
        kith_node_break(node);
        return;
    }
    memcpy(check + 1, run->bytes.data, run->bytes.size);
    check->bytes = kith_bytes(check + 1, run->bytes.size);
    check->link = share->link->no;
    check->stored = kith_log_count_stored(first, last_seq(run));
    kith_list_push(&node->checks, &check->item);
    node->check_count++;
    load_branch(node, check, next, run);
}

/* Held already, or of another branch, as it seems. Pushed by a link that was not asked:
 * it need not go on. */
static void take_duplicate(struct kith_node *node, struct kith_share *share,
                           struct kith_log *log, const struct kith_run *run)
{
    const struct kith_event *last = &run->events[run->count - 1];
    bool is_same = last->seq == log->tail_seq && kith_id_equal(&last->id, &log->tail);
    if (!is_same && !is_pending(log, last->seq, &last->id))
        check_later(node, share, log, run);
    if (log->upstream != share->link->no && !kith_fork_is_asked(node, share, log))
        kith_fetch_prune(node, share, log);
    if (is_same)
        kith_share_announce(node, share, log, true);
}

/* ---- runs that follow ---- */

static void verify(struct kith_node *node, struct kith_pending *pending)
{
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_VERIFY);
    const struct kith_run *run = pending->run;
    pending->state = KITH_PENDING_VERIFYING;
    pending->verify_no = ++node->verify_no;
    kith_list_push(&node->verifying, &pending->in_queue);
    effect->verify.verify_no = pending->verify_no;
    effect->verify.author = run->author;
    memcpy(effect->verify.signature, run->signature, KITH_SIGNATURE_SIZE);
    kith_digest_signed(&run->events[run->count - 1].id, effect->verify.message);
}

static int accept(struct kith_node *node, struct kith_share *share, struct kith_log *log,
                  const struct kith_run *run)
{
    if (log->tail_seq == 0)
        log->log_class = run->log_class; /* until now it was only hearsay */
    if (run->log_class != log->log_class || run->events[0].hlc <= log->tail_hlc)
        return KITH_ECHAIN;
    if (log->parked_until > node->now.wall && is_of_the_future(node, run))
        return 0;
    if (!has_controls(node, share, run)) {
        log->waits_for_control = true;
        log->room->has_waiting = true;
        return 0;
    }
    struct kith_pending *pending = kith_pending_add(node, log, run);
    if (pending == NULL)
        return 0;
    pending->link = share->link->no;
    kith_fetch_progress(node, log, share);
    verify(node, pending);
    return 0;
}

static void take_gap(struct kith_node *node, struct kith_share *share,
                     struct kith_log *log, const struct kith_run *run)
{
    if (last_seq(run) > log->want_seq)
        log->want_seq = last_seq(run);
    kith_fetch_gap(node, log, share);
}

static int take(struct kith_node *node, struct kith_share *share, struct kith_log *log,
                const struct kith_run *run)
{
    struct kith_track *track = kith_share_track(node, share, log);
    if (track == NULL)
        return 0;
    bool follows = kith_intake_follows(log, run);
    bool is_of_fork = kith_fork_came(node, share, log, run, follows);
    if (!is_of_fork && last_seq(run) > track->have)
        kith_share_holds(node, track, last_seq(run), id_at(run, last_seq(run)));
    if (node->now.mono < node->store_retry_at) {
        if (is_of_fork)
            kith_fork_wait(node, share, log, run);
        return 0; /* nothing can be kept now; it is fetched when that is over */
    }
    if (follows)
        return accept(node, share, log, run);
    if (run->seq_first > log->tail_seq + 1) {
        if (!is_of_fork)
            take_gap(node, share, log, run);
        return 0;
    }
    if (run->seq_first == log->tail_seq + 1)
        check_later(node, share, log, run); /* follows another event than our last */
    else
        take_duplicate(node, share, log, run);
    return 0;
}

bool kith_intake_has_bodies(const struct kith_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->events[i].content.size < KITH_SALT_SIZE)
            return false;
    return true;
}

int kith_intake_run(struct kith_node *node, struct kith_share *share,
                    struct kith_bytes bytes)
{
    struct kith_run *run = node->run_scratch;
    int error = kith_run_decode(bytes, run);
    if (error != 0)
        return error;
    if (!share->room->ops->admits(node, share->room, &run->author))
        return KITH_EUNEXPECTED;
    error = kith_digest_run(run, &share->room->id);
    if (error == 0 && !kith_intake_has_bodies(run))
        error = KITH_ECHAIN;
    if (error != 0)
        return error;
    share->link->used_at = node->now.mono;
    struct kith_log *log = find_log(node, share, run);
    return log == NULL ? 0 : take(node, share, log, run);
}

/* ---- answers ---- */

static void take_verified(struct kith_node *node, struct kith_pending *pending)
{
    kith_fetch_disown(node, pending->log);
    if (is_of_the_future(node, pending->run)) {
        park(node, pending->log, pending->run);
        kith_pending_drop_from(node, pending, KITH_EUNEXPECTED);
    } else if (kith_hearsay_settle(node, pending->log)) {
        kith_pending_ready(node, pending);
    }
}

void kith_intake_verified(struct kith_node *node, uint64_t verify_no, bool is_valid)
{
    kith_list_each (item, &node->verifying) {
        struct kith_pending *pending =
            kith_list_item(item, struct kith_pending, in_queue);
        if (pending->verify_no != verify_no)
            continue;
        if (is_valid) {
            take_verified(node, pending);
            return;
        }
        struct kith_link *link = kith_link_find(node, pending->link);
        struct kith_log *log = pending->log;
        kith_pending_drop_from(node, pending, KITH_EUNEXPECTED);
        if (link != NULL)
            kith_link_fault(node, link, KITH_ESIGNATURE);
        kith_fetch_retry(node, log);
        kith_log_forget_branch(node, log);
        return;
    }
}

static struct kith_share *share_of(struct kith_node *node, const struct kith_check *check)
{
    const struct kith_link *link = kith_link_find(node, check->link);
    if (link == NULL)
        return NULL;
    kith_list_each (item, &link->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_link);
        if (share->is_live && share->room == check->log->room)
            return share;
    }
    return NULL;
}

bool kith_intake_compare(struct kith_log *log, const struct kith_stored_run *runs,
                         size_t run_count, const struct kith_run *run,
                         struct kith_run *scratch, struct kith_origin *origin)
{
    if (origin->log == NULL && run->seq_first == 1)
        *origin = (struct kith_origin){.log = log};
    for (size_t i = 0; i < run_count && runs[i].seq_first <= last_seq(run); i++) {
        if (kith_run_decode(runs[i].bytes, scratch) != 0 ||
            kith_digest_run(scratch, &log->room->id) != 0)
            return true;
        for (size_t j = 0; j < scratch->count; j++) {
            const struct kith_event *event = &scratch->events[j];
            if (event->seq + 1 < run->seq_first || event->seq > last_seq(run))
                continue;
            if (!kith_id_equal(&event->id, id_at(run, event->seq)))
                return false;
            if (event->seq == last_seq(run))
                return true;
            if (origin->log == NULL || event->seq > origin->seq)
                *origin = (struct kith_origin){log, event->seq, event->hlc};
        }
    }
    return false;
}

bool kith_intake_advance(struct kith_log *first, const struct kith_run *run,
                         struct kith_origin *origin)
{
    bool has_any = false;
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        kith_list_each (item, &log->pending) {
            const struct kith_run *other =
                kith_list_item(item, struct kith_pending, in_log)->run;
            for (size_t i = 0; i < other->count; i++) {
                const struct kith_event *event = &other->events[i];
                if (event->seq < run->seq_first || event->seq >= last_seq(run) ||
                    (origin->log != NULL && event->seq <= origin->seq) ||
                    !kith_id_equal(&event->id, id_at(run, event->seq)))
                    continue;
                *origin = (struct kith_origin){log, event->seq, event->hlc};
                has_any = true;
            }
        }
    return has_any;
}

bool kith_intake_is_doubtful(const struct kith_origin *origin)
{
    kith_list_each (item, &origin->log->pending) {
        const struct kith_pending *pending =
            kith_list_item(item, struct kith_pending, in_log);
        if (last_seq(pending->run) > origin->seq)
            return pending->state == KITH_PENDING_VERIFYING;
    }
    return false;
}

void kith_intake_cut(struct kith_run *run, uint64_t seq_first)
{
    if (seq_first <= run->seq_first)
        return;
    size_t count = (size_t)(seq_first - run->seq_first);
    run->prev = run->events[count - 1].id;
    run->seq_first = seq_first;
    run->count -= count;
    memmove(run->events, run->events + count, run->count * sizeof(run->events[0]));
}

/* So it seems. It is told once the branch is stored, hence verified. */
static void take_fork(struct kith_node *node, struct kith_share *share,
                      const struct kith_origin *origin, const struct kith_run *run)
{
    struct kith_log *branch =
        kith_log_branch(node, origin->log, run->seq_first, &run->prev, origin->hlc);
    if (branch == NULL)
        return;
    int error = take(node, share, branch, run);
    if (error == 0 && branch->tail_seq >= branch->seq_first) {
        kith_fork_begun(node, share, branch);
    } else {
        if (branch->waits_for_control || node->now.mono < node->store_retry_at)
            kith_fork_wait(node, share, branch, run);
        kith_log_forget_branch(node, branch);
    }
    if (error != 0)
        kith_link_fault(node, share->link, error);
}

/* No branch has stored it, but maybe what it begins with. */
static void take_unknown(struct kith_node *node, struct kith_share *share,
                         struct kith_check *check, struct kith_run *run)
{
    const struct kith_id *last = &run->events[run->count - 1].id;
    struct kith_log *first = kith_log_find(share->room, &run->author, &run->log);
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        if (is_pending(log, last_seq(run), last)) {
            if (kith_fork_is_asked(node, share, first))
                kith_fork_lost(node, share, first); /* that may be refused */
            return;
        }
    bool is_early = kith_intake_advance(first, run, &check->origin);
    if (check->origin.log != NULL)
        kith_intake_cut(run, check->origin.seq + 1);
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        if (kith_intake_follows(log, run)) {
            int error = take(node, share, log, run);
            if (error != 0)
                kith_link_fault(node, share->link, error);
            return;
        }
    bool has_origin = check->origin.log != NULL;
    if (is_early || (has_origin && kith_intake_is_doubtful(&check->origin)))
        kith_fork_lost(node, share, first); /* what it leaves may still be refused */
    else if (has_origin)
        take_fork(node, share, &check->origin, run);
    else
        kith_fork_ask_before(
            node, share, &(struct kith_ref){run->author, run->log, last_seq(run), *last});
}

/* False when it is to be compared with another branch, too. */
static bool compare(struct kith_node *node, struct kith_share *share,
                    struct kith_check *check, const struct kith_stored_run *runs,
                    size_t run_count, struct kith_run *scratch)
{
    struct kith_run *run = node->run_scratch;
    int error = kith_run_decode(check->bytes, run);
    if (error == 0)
        error = kith_digest_run(run, &check->log->room->id);
    assert(error == 0); /* it was sound when it came */
    if (kith_intake_compare(check->log, runs, run_count, run, scratch, &check->origin))
        return true; /* a duplicate */
    struct kith_log *next = next_to_compare(check->log->branch_next, run);
    struct kith_log *first = kith_log_find(share->room, &run->author, &run->log);
    uint64_t stored = kith_log_count_stored(first, last_seq(run));
    if (next == NULL && stored > check->stored) {
        check->stored = stored; /* it may have been stored meanwhile: once more */
        next = next_to_compare(first, run);
    }
    if (next != NULL)
        load_branch(node, check, next, run);
    else
        take_unknown(node, share, check, run);
    return next == NULL;
}

static struct kith_check *find_check(struct kith_node *node, uint64_t load_no)
{
    kith_list_each (item, &node->checks) {
        struct kith_check *check = kith_list_item(item, struct kith_check, item);
        if (check->load_no == load_no)
            return check;
    }
    return NULL;
}

bool kith_intake_loaded(struct kith_node *node, uint64_t load_no, int error,
                        const struct kith_stored_run *runs, size_t run_count)
{
    struct kith_check *check = find_check(node, load_no);
    if (check == NULL)
        return false;
    struct kith_share *share = share_of(node, check);
    struct kith_run *scratch = kith_alloc(node->alloc, sizeof(*scratch));
    bool is_done = true;
    if (scratch == NULL)
        kith_node_break(node);
    else if (error == 0 && share != NULL)
        is_done = compare(node, share, check, runs, run_count, scratch);
    else if (share != NULL)
        kith_fork_lost(node, share, check->log);
    kith_release(node->alloc, scratch);
    if (is_done) {
        share = share_of(node, check); /* a fault ends it */
        kith_list_remove(&check->item);
        kith_release(node->alloc, check);
        node->check_count--;
        if (share != NULL)
            kith_fork_resume(node, share);
    }
    return true;
}

void kith_intake_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->checks)
        kith_release(node->alloc, kith_list_item(item, struct kith_check, item));
}
