/* SPDX-License-Identifier: MIT */
#include "core/hearsay.h"

#include "core/fetch.h"
#include "core/link.h"
#include "core/log.h"
#include "core/peer.h"

_Static_assert(KITH_HEARSAY_ROOM_MAX > KITH_LINKS_MAX + KITH_STRANGERS_MAX + 1,
               "every share may tell of some");

/* In a room of very many shares each may tell of less. */
static size_t quota(const struct kith_room *room)
{
    size_t fair = KITH_HEARSAY_ROOM_MAX / (room->share_count + 1);
    return fair < KITH_HEARSAY_MAX ? fair : KITH_HEARSAY_MAX;
}

static bool is_full(const struct kith_share *share)
{
    const struct kith_room *room = share->room;
    size_t most =
        room->hearsay_count < KITH_HEARSAY_ROOM_MAX ? quota(room) : KITH_HEARSAY_FEW;
    return share->hearsay_count >= most;
}

static void attach(struct kith_share *share, struct kith_log *log)
{
    log->herald = share;
    kith_list_push(&share->hearsay, &log->in_hearsay);
    share->hearsay_count++;
}

static void detach(struct kith_log *log)
{
    if (log->herald == NULL)
        return;
    log->herald->hearsay_count--;
    kith_list_remove(&log->in_hearsay);
    log->herald = NULL;
}

static void ask_later(struct kith_node *node, struct kith_share *share)
{
    if (share->more_at == 0) {
        kith_time pause = 2 * share->more_pause;
        if (pause == 0)
            pause = KITH_MORE_RETRY_MIN;
        share->more_pause = pause < KITH_MORE_RETRY_MAX ? pause : KITH_MORE_RETRY_MAX;
        share->more_at = kith_next_tick(node->now.mono + share->more_pause);
    }
    if (share->more_at < node->more_at)
        node->more_at = share->more_at;
    kith_node_wake_at(node, node->more_at);
}

void kith_hearsay_miss(struct kith_node *node, struct kith_share *share)
{
    share->has_more = true;
    share->more_after = (struct kith_ref){.seq = 1}; /* no such log: from the first */
    ask_later(node, share);
}

static void miss_in_page(struct kith_share *share)
{
    if (!share->has_more)
        share->more_after = share->page_end; /* of the page before */
    share->has_more = true;
}

struct kith_log *kith_hearsay_add(struct kith_node *node, struct kith_share *share,
                                  const struct kith_id *author,
                                  const struct kith_log_id *id,
                                  enum kith_log_class log_class)
{
    struct kith_room *room = share->room;
    if (is_full(share)) {
        if (share->is_in_page)
            miss_in_page(share);
        else
            kith_hearsay_miss(node, share);
        return NULL;
    }
    struct kith_log *log = kith_log_add(node, room, author, id, log_class);
    if (log == NULL)
        return NULL;
    if (log->author != node->self)
        log->author = NULL; /* it may be forgotten before this is settled */
    log->is_hearsay = true;
    room->hearsay_count++;
    attach(share, log);
    return log;
}

/* For a page; in a full room, for the few of it that each may tell of. */
static bool has_place(const struct kith_share *share)
{
    const struct kith_room *room = share->room;
    return share->hearsay_count == 0 ||
           (share->hearsay_count + KITH_VECTOR_ENTRIES_MAX <= quota(room) &&
            room->hearsay_count + KITH_VECTOR_ENTRIES_MAX <= KITH_HEARSAY_ROOM_MAX);
}

static void ask_more(struct kith_node *node, struct kith_share *share)
{
    if (!share->has_more || share->is_asking || !share->has_vector || !has_place(share) ||
        share->link->state != KITH_LINK_LIVE)
        return;
    kith_frame_graft_encode(&node->scratch, KITH_FRAME_MORE, &share->tag_out,
                            &share->more_after, NULL, 0);
    share->page_end = share->more_after;
    share->has_more = false;
    share->is_asking = true;
    kith_link_send_scratch(node, share->link);
}

static void check(struct kith_node *node, struct kith_share *share)
{
    if (share->more_at > node->now.mono) {
        ask_later(node, share);
    } else if (share->more_at > 0) {
        share->more_at = 0;
        ask_more(node, share);
    }
}

void kith_hearsay_check(struct kith_node *node)
{
    if (node->more_at <= node->now.mono) {
        node->more_at = KITH_TIME_NEVER;
        kith_list_each (item, &node->links) {
            struct kith_link *link = kith_list_item(item, struct kith_link, item);
            kith_list_each (share_item, &link->shares)
                check(node, kith_list_item(share_item, struct kith_share, in_link));
        }
    }
    kith_node_wake_at(node, node->more_at);
}

void kith_hearsay_page(struct kith_node *node, struct kith_share *share,
                       const struct kith_frame_vector *page)
{
    bool is_answer = share->has_vector;
    if (page->count > 0) {
        struct kith_vector_entry last = kith_vector_entry_at(page, page->count - 1);
        share->page_end = (struct kith_ref){last.author, last.log, last.seq, last.head};
        if (is_answer && !page->is_last)
            miss_in_page(share);
    }
    if (is_answer)
        share->is_asking = false;
    if (page->is_last)
        share->has_vector = true;
    ask_more(node, share);
}

bool kith_hearsay_settle(struct kith_node *node, struct kith_log *log)
{
    if (!log->is_hearsay)
        return true;
    log->author = kith_peer_get(node, &log->author_id);
    if (log->author == NULL)
        return false;
    if (!log->author->is_kept)
        kith_peer_keep(node, log->author);
    struct kith_share *herald = log->herald;
    detach(log);
    log->is_hearsay = false;
    log->room->hearsay_count--;
    if (herald != NULL) {
        herald->more_at = herald->more_pause = 0;
        ask_more(node, herald);
    }
    return true;
}

void kith_hearsay_forget(struct kith_node *node, struct kith_log *log)
{
    if (!log->is_hearsay || !kith_list_is_empty(&log->pending) ||
        log->branch_next != NULL)
        return;
    detach(log);
    log->room->hearsay_count--;
    kith_log_forget(node, log);
}

void kith_hearsay_share_gone(struct kith_node *node, struct kith_share *share)
{
    kith_list_each_safe (item, &share->hearsay) {
        struct kith_log *log = kith_list_item(item, struct kith_log, in_hearsay);
        detach(log);
        struct kith_share *other = kith_fetch_source(log);
        if (other != NULL && other->hearsay_count < quota(log->room)) {
            attach(other, log);
            continue;
        }
        if (other != NULL)
            kith_hearsay_miss(node, other);
        kith_hearsay_forget(node, log);
    }
}
