/* SPDX-License-Identifier: MIT */
#include "core/stream.h"

#include "core/link.h"
#include "core/log.h"
#include "core/share.h"

/* What is queued is streamed in turns of one load, control logs first, so that no log of
 * a room keeps the others waiting for long. */
static void enqueue(struct kith_node *node, struct kith_share *share,
                    struct kith_log *log, struct kith_track *track)
{
    if (track->is_queued || !track->is_subscribed || track->sent >= log->head_seq)
        return;
    if (!kith_index_queue_push(node, &share->streams[log->log_class], log->index))
        return;
    track->is_queued = true;
    kith_list_remove(&share->busy);
    kith_list_push(&share->link->busy_shares, &share->busy);
}

void kith_stream_begin(struct kith_node *node, struct kith_share *share,
                       struct kith_log *log, uint64_t from, const struct kith_id *after)
{
    struct kith_track *track = kith_share_track(node, share, log);
    if (track == NULL)
        return;
    if (from + 1 < log->seq_first)
        from =
            log->seq_first - 1; /* what a branch shares with its base, the base sends */
    track->is_subscribed = true;
    track->is_pruned = false;
    track->sent = from;
    track->after = *after;
    enqueue(node, share, log, track);
    kith_stream_pump(node, share->link);
}

void kith_stream_end(struct kith_node *node, struct kith_share *share,
                     struct kith_log *log)
{
    struct kith_track *track = kith_share_track(node, share, log);
    if (track == NULL)
        return;
    track->is_subscribed = false;
    track->is_pruned = true;
}

static void send_run(struct kith_node *node, struct kith_share *share,
                     struct kith_bytes run)
{
    kith_frame_run_encode(&node->scratch, &share->tag_out, run);
    kith_link_send_scratch(node, share->link);
    kith_link_asked(node, share->link);
}

void kith_stream_publish(struct kith_node *node, struct kith_share *share,
                         struct kith_log *log, const struct kith_run *run)
{
    struct kith_track *track = kith_share_track(node, share, log);
    if (track == NULL)
        return;
    if (track->have >= log->head_seq) {
        bool is_author = log->author == share->link->peer; /* it came by another way */
        bool is_other = track->have == log->head_seq &&
                        !kith_share_holds_head(node, track, log); /* it forked */
        if (is_author || is_other)
            kith_share_announce(node, share, log, false);
        return;
    }
    bool follows = track->sent + 1 == run->seq_first;
    /* Authors push without being asked to those who have all before it. */
    if (follows && log->author == node->self && !track->is_pruned)
        track->is_subscribed = true;
    if (track->is_subscribed && follows && kith_link_has_room(node, share->link)) {
        track->sent = log->head_seq;
        send_run(node, share, run->bytes);
    } else if (track->is_subscribed) {
        enqueue(node, share, log, track);
        kith_stream_pump(node, share->link);
    } else {
        kith_share_announce(node, share, log, false);
    }
}

/* The next log of this share that has something to send; NULL when there is none. */
static struct kith_log *next_log(struct kith_share *share)
{
    for (int log_class = KITH_LOG_CONTROL; log_class >= KITH_LOG_CONTENT; log_class--) {
        struct kith_index_queue *queue = &share->streams[log_class];
        while (queue->count > 0) {
            struct kith_log *log = share->room->logs[kith_index_queue_pop(queue)];
            struct kith_track *track = &share->tracks[log->index];
            track->is_queued = false;
            if (track->is_subscribed && track->sent < log->head_seq)
                return log;
        }
    }
    return NULL;
}

static void load(struct kith_node *node, struct kith_share *share, struct kith_log *log)
{
    struct kith_link *link = share->link;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_LOAD);
    effect->load.load_no = link->load_no = ++node->load_no;
    effect->load.log_no = log->no;
    effect->load.seq_from = share->tracks[log->index].sent + 1;
    effect->load.seq_last = KITH_SEQ_MAX;
    effect->load.bytes_max = KITH_LOAD_SIZE;
    link->load_share = share;
    link->load_log = log;
}

void kith_stream_pump(struct kith_node *node, struct kith_link *link)
{
    while (link->load_no == 0 && kith_link_has_room(node, link) &&
           !kith_list_is_empty(&link->busy_shares)) {
        struct kith_share *share =
            kith_list_item(link->busy_shares.next, struct kith_share, busy);
        struct kith_log *log = next_log(share);
        kith_list_remove(&share->busy);
        if (log == NULL)
            continue;
        kith_list_push(&link->busy_shares, &share->busy); /* shares take turns */
        load(node, share, log);
    }
}

/* The peer's idea of event `sent` is not ours: this is another branch to it. */
static void answer_fork(struct kith_node *node, struct kith_share *share,
                        struct kith_log *log)
{
    struct kith_ref ref = kith_log_ref(log);
    share->tracks[log->index].is_subscribed = false;
    kith_frame_graft_encode(&node->scratch, KITH_FRAME_FORK, &share->tag_out, &ref, NULL,
                            0);
    kith_link_send_scratch(node, share->link);
}

static bool fits(const struct kith_track *track, const struct kith_stored_run *stored,
                 struct kith_run *scratch)
{
    if (kith_id_is_zero(&track->after))
        return true;
    if (kith_run_decode(stored->bytes, scratch) != 0)
        return false;
    return stored->seq_first == track->sent + 1 &&
           kith_id_equal(&scratch->prev, &track->after);
}

void kith_stream_loaded(struct kith_node *node, struct kith_link *link, int error,
                        const struct kith_stored_run *runs, size_t run_count)
{
    struct kith_share *share = link->load_share;
    struct kith_log *log = link->load_log;
    struct kith_track *track = &share->tracks[log->index];
    link->load_no = 0;
    link->load_share = NULL;
    if (run_count > 0 && track->is_subscribed &&
        !fits(track, &runs[0], node->run_scratch))
        answer_fork(node, share, log);
    for (size_t i = 0; i < run_count && track->is_subscribed; i++) {
        track->sent = runs[i].seq_last;
        track->after = (struct kith_id){0};
        send_run(node, share, runs[i].bytes);
    }
    if (error != 0 || run_count == 0)
        track->is_subscribed = false; /* the peer asks again when it misses it */
    enqueue(node, share, log, track);
    kith_stream_pump(node, link);
}
