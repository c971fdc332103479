/* SPDX-License-Identifier: MIT */
#include "core/fetch.h"

#include "core/fork.h"
#include "core/hearsay.h"
#include "core/link.h"
#include "core/log.h"
#include "core/peer.h"
#include "core/record.h"
#include "core/room.h"
#include "core/share.h"

static struct kith_share *upstream_share(const struct kith_node *node,
                                         const struct kith_log *log)
{
    const struct kith_link *link = kith_link_find(node, log->upstream);
    if (link == NULL)
        return NULL;
    struct kith_share *found = NULL; /* there is one: see kith_fetch_share_gone */
    kith_list_each (item, &link->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_link);
        if (share->room == log->room)
            found = share;
    }
    return found;
}

void kith_fetch_ask(struct kith_node *node, struct kith_log *log,
                    struct kith_share *share)
{
    if (node->now.mono < node->store_retry_at || log->parked_until > node->now.wall)
        return; /* asked again when that is over */
    struct kith_ref wanted = kith_log_ref(log);
    wanted.seq = log->want_seq;
    wanted.id = log->want;
    struct kith_locator have = {log->tail_seq, log->tail};
    bool has_some = log->tail_seq > 0;
    kith_frame_graft_encode(&node->scratch, KITH_FRAME_GRAFT, &share->tag_out, &wanted,
                            &have, has_some ? 1 : 0);
    log->upstream = share->link->no;
    log->is_coming = !has_some; /* no FORK is an answer to that */
    log->asked_at = node->now.mono;
    kith_link_send_scratch(node, share->link);
    kith_node_wake_at(node, log->asked_at + KITH_STALL_TIME);
}

void kith_fetch_prune(struct kith_node *node, struct kith_share *share,
                      const struct kith_log *log)
{
    struct kith_ref ref = kith_log_ref(log);
    if (ref.seq == 0)
        return;
    kith_frame_graft_encode(&node->scratch, KITH_FRAME_PRUNE, &share->tag_out, &ref, NULL,
                            0);
    kith_link_send_scratch(node, share->link);
}

/* Somebody who has more than we do, other than `avoid` if it can be; NULL when nobody
 * has. */
static struct kith_share *find_source(const struct kith_log *log, uint32_t avoid)
{
    struct kith_share *first = NULL, *same = NULL;
    bool is_behind = false; /* they take turns: the next one behind `avoid` */
    kith_list_each (item, &log->room->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        bool is_avoided = share->link->no == avoid;
        is_behind |= is_avoided;
        if (!share->is_live || log->index >= share->track_count ||
            share->tracks[log->index].have <= log->tail_seq)
            continue;
        if (is_avoided)
            same = share;
        else if (is_behind)
            return share;
        else if (first == NULL)
            first = share;
    }
    return first != NULL ? first : same;
}

struct kith_share *kith_fetch_source(const struct kith_log *log)
{
    return find_source(log, 0);
}

static void want_no_more(struct kith_log *log)
{
    kith_list_remove(&log->wanting);
    log->want_seq = 0;
}

void kith_fetch_retry(struct kith_node *node, struct kith_log *log)
{
    struct kith_share *share = find_source(log, log->upstream);
    if (share == NULL) {
        log->upstream = 0;
        want_no_more(log);
        kith_hearsay_forget(node, log);
        return;
    }
    uint64_t have = share->tracks[log->index].have;
    if (have > log->want_seq)
        log->want_seq = have;
    if (kith_list_is_empty(&log->wanting))
        kith_list_push(&node->wanting, &log->wanting);
    log->asked_at = node->now.mono;
    kith_node_wake_at(node, log->asked_at + KITH_STALL_TIME);
    kith_fetch_ask(node, log, share);
}

/* Take note that so much exists, and ask unless somebody is at it. */
static void want(struct kith_node *node, struct kith_log *log, struct kith_share *share,
                 const struct kith_vector_entry *entry)
{
    if (entry->seq <= log->tail_seq)
        return;
    if (entry->seq > log->want_seq) {
        log->want_seq = entry->seq;
        log->want = entry->head;
    }
    bool is_fetched = !kith_list_is_empty(&log->wanting) || upstream_share(node, log);
    if (kith_list_is_empty(&log->wanting)) {
        kith_list_push(&node->wanting, &log->wanting);
        log->asked_at = node->now.mono;
        kith_node_wake_at(node, log->asked_at + KITH_STALL_TIME);
    }
    if (!is_fetched)
        kith_fetch_ask(node, log, share);
}

void kith_fetch_gap(struct kith_node *node, struct kith_log *log,
                    struct kith_share *share)
{
    bool is_asked = !kith_list_is_empty(&log->wanting) &&
                    log->upstream == share->link->no &&
                    node->now.mono < log->asked_at + KITH_STALL_TIME;
    if (kith_list_is_empty(&log->wanting)) {
        kith_list_push(&node->wanting, &log->wanting);
        log->asked_at = node->now.mono;
        kith_node_wake_at(node, log->asked_at + KITH_STALL_TIME);
    }
    if (!is_asked && !log->waits_for_control)
        kith_fetch_ask(node, log, share);
}

void kith_fetch_disown(struct kith_node *node, struct kith_log *log)
{
    if (log->author == node->self)
        log->room->own[log->log_class] = NULL;
}

static struct kith_log *get_log(struct kith_node *node, struct kith_share *share,
                                const struct kith_vector_entry *entry)
{
    struct kith_room *room = share->room;
    struct kith_log *first = kith_log_find(room, &entry->author, &entry->log);
    if (first != NULL)
        return kith_log_match(first, entry->seq, &entry->head);
    if (!room->ops->admits(node, room, &entry->author))
        return NULL;
    return kith_hearsay_add(node, share, &entry->author, &entry->log, entry->log_class);
}

static void acknowledged(struct kith_node *node, struct kith_share *share,
                         struct kith_log *log, uint64_t seq)
{
    if (!share->link->peer->is_kept)
        return; /* its number may be another's */
    uint32_t peer_no = share->link->peer->no;
    if (seq > log->head_seq) /* of a history that is not known yet */
        return;
    if (seq < log->seq_first || !kith_log_acknowledge(node, log, peer_no, seq))
        return;
    if (!share->link->peer->is_recorded)
        kith_peer_keep(node, share->link->peer);
    struct kith_record *record = kith_record_add(node, KITH_RECORD_ACK);
    record->ack = (struct kith_record_ack){log->no, peer_no, seq};
    struct kith_notice *tell = &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    tell->type = KITH_NOTICE_DELIVERY;
    tell->delivery.room_no = log->room->no;
    tell->delivery.log_no = log->no;
    tell->delivery.seq = seq;
    tell->delivery.peer_no = peer_no;
}

void kith_fetch_acknowledged_before(struct kith_node *node, struct kith_link *link)
{
    kith_list_each (item, &link->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_link);
        for (size_t i = 0; i < share->track_count; i++) {
            struct kith_log *log = share->room->logs[i];
            if (log->author == node->self && share->tracks[i].have > 0)
                acknowledged(node, share, log, share->tracks[i].have);
        }
    }
}

void kith_fetch_acknowledged_again(struct kith_node *node, struct kith_log *log,
                                   const struct kith_run *run)
{
    kith_list_each (item, &log->room->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        if (log->index >= share->track_count)
            continue;
        const struct kith_track *track = &share->tracks[log->index];
        if (track->have >= run->seq_first && track->have - run->seq_first < run->count &&
            kith_share_told(node, track, &run->events[track->have - run->seq_first].id))
            acknowledged(node, share, log, track->have);
    }
}

/* Both at the same length with different heads: two histories under one name. */
static bool differs(const struct kith_log *log, const struct kith_vector_entry *entry)
{
    return entry->seq == log->head_seq && !kith_id_equal(&entry->head, &log->head);
}

static void learn(struct kith_node *node, struct kith_share *share,
                  const struct kith_vector_entry *entry, bool is_told)
{
    struct kith_log *log = get_log(node, share, entry);
    struct kith_track *track = log == NULL ? NULL : kith_share_track(node, share, log);
    if (track == NULL || (entry->log_class != log->log_class && !log->is_hearsay))
        return;
    if (differs(log, entry)) {
        kith_fork_ask(
            node, share,
            &(struct kith_ref){entry->author, entry->log, entry->seq, entry->head});
        return;
    }
    if (entry->seq == log->head_seq)
        kith_fork_sure(node, share, log);
    if (entry->seq > track->have || (is_told && entry->seq == track->have))
        kith_share_holds(node, track, entry->seq, &entry->head);
    if (track->have > track->sent)
        track->sent = track->have <= log->head_seq ? track->have : track->sent;
    if (log->author == node->self)
        acknowledged(node, share, log, entry->seq);
    want(node, log, share, entry);
}

void kith_fetch_learn(struct kith_node *node, struct kith_share *share,
                      const struct kith_vector_entry *entry)
{
    learn(node, share, entry, true);
}

void kith_fetch_learn_control(struct kith_node *node, struct kith_share *share,
                              const struct kith_ref *ref)
{
    learn(node, share,
          &(struct kith_vector_entry){.author = ref->author,
                                      .log_class = KITH_LOG_CONTROL,
                                      .log = ref->log,
                                      .seq = ref->seq,
                                      .head = ref->id},
          false);
}

void kith_fetch_progress(struct kith_node *node, struct kith_log *log,
                         struct kith_share *share)
{
    struct kith_share *before = upstream_share(node, log);
    if (before != NULL && before != share)
        kith_fetch_prune(node, before, log);
    log->upstream = share->link->no;
    log->is_coming = true;
    log->asked_at = share->link->fetched_at = node->now.mono;
    if (log->tail_seq >= log->want_seq)
        kith_list_remove(&log->wanting);
}

void kith_fetch_link_gone(struct kith_node *node, uint32_t link_no)
{
    kith_list_each_safe (item, &node->wanting) {
        struct kith_log *log = kith_list_item(item, struct kith_log, wanting);
        if (log->upstream == link_no)
            kith_fetch_retry(node, log);
    }
}

void kith_fetch_share_gone(struct kith_node *node, struct kith_room *room,
                           uint32_t link_no)
{
    for (size_t i = 0; i < room->log_count; i++) {
        struct kith_log *log = room->logs[i];
        if (log->upstream != link_no)
            continue;
        log->upstream = 0;
        if (!kith_list_is_empty(&log->wanting))
            kith_fetch_retry(node, log);
    }
}

/* Who told of a log and brings nothing at all is not believed to have it. */
static void doubt(struct kith_node *node, struct kith_log *log)
{
    struct kith_share *share = upstream_share(node, log);
    if (share == NULL || node->now.mono < share->link->fetched_at + KITH_STALL_TIME ||
        log->index >= share->track_count || !kith_list_is_empty(&log->pending))
        return;
    share->tracks[log->index].have = 0;
    kith_hearsay_miss(node, share);
}

static void check(struct kith_node *node, struct kith_log *log)
{
    kith_time due = log->asked_at + KITH_STALL_TIME;
    if (log->parked_until > node->now.wall) {
        due = node->now.mono + (log->parked_until - node->now.wall);
    } else if (node->store_retry_at > node->now.mono) {
        due = node->store_retry_at;
    } else if (due <= node->now.mono) {
        if (log->is_hearsay)
            doubt(node, log);
        kith_fetch_retry(node, log);
        return;
    }
    kith_node_wake_at(node, due);
}

void kith_fetch_check_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->wanting)
        check(node, kith_list_item(item, struct kith_log, wanting));
}
