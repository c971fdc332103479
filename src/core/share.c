/* SPDX-License-Identifier: MIT */
#include "core/share.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "core/digest.h"
#include "core/fetch.h"
#include "core/fork.h"
#include "core/hearsay.h"
#include "core/link.h"
#include "core/log.h"
#include "core/room.h"
#include "core/stream.h"

#define TAGS_ROUND 16 /* so that their number tells little */

_Static_assert(KITH_JOINED_MAX + 1 + TAGS_ROUND <= KITH_TAGS_MAX,
               "the open rooms and the direct one fit a frame");

static struct kith_share *add(struct kith_node *node, struct kith_link *link,
                              struct kith_room *room)
{
    struct kith_share *share = kith_alloc_zero(node->alloc, sizeof(*share));
    if (share == NULL) {
        kith_node_break(node);
        return NULL;
    }
    enum kith_role other =
        link->role == KITH_ROLE_DIALLER ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER;
    share->link = link;
    share->room = room;
    share->tag_out = kith_digest_tag(link->exporter_room, link->role, &node->self->id,
                                     &link->id, &room->id);
    share->tag_in = kith_digest_tag(link->exporter_room, other, &link->id,
                                    &node->self->id, &room->id);
    kith_list_init(&share->telling);
    kith_list_init(&share->busy);
    kith_list_init(&share->urgent);
    kith_list_init(&share->hearsay);
    room->share_count++;
    kith_list_push(&link->shares, &share->in_link);
    kith_list_push(&room->shares, &share->in_room);
    return share;
}

/* All that came of its being live. It may become so again. */
static void rest(struct kith_node *node, struct kith_share *share)
{
    struct kith_link *link = share->link;
    share->is_live = share->has_vector = share->is_in_page = share->is_asking = false;
    share->has_more = false;
    share->whole_at = share->forks_at = share->more_at = share->more_pause = 0;
    share->forks_wait = false;
    share->forks_next = 0;
    kith_list_remove(&share->telling);
    kith_list_remove(&share->busy);
    kith_list_remove(&share->urgent);
    kith_hearsay_share_gone(node, share);
    kith_release(node->alloc, share->questions);
    kith_release(node->alloc, share->tracks);
    kith_release(node->alloc, share->streams[0].items);
    kith_release(node->alloc, share->streams[1].items);
    kith_release(node->alloc, share->dirty.items);
    share->questions = NULL;
    share->question_count = share->question_capacity = 0;
    share->tracks = NULL;
    share->track_count = share->track_capacity = 0;
    share->streams[0] = share->streams[1] = share->dirty = (struct kith_index_queue){0};
    if (link->load_share == share) {
        link->load_share = NULL;
        link->load_no = 0;
    }
}

static void drop(struct kith_node *node, struct kith_share *share)
{
    kith_list_remove(&share->in_link);
    kith_list_remove(&share->in_room);
    share->room->share_count--;
    rest(node, share);
    kith_release(node->alloc, share);
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, KITH_TAG_SIZE);
}

/* The padding stays the same as long as the link lasts: of two frames of it only what was
 * joined or left in between differs. */
static void send_tags(struct kith_node *node, struct kith_link *link)
{
    size_t count = 0;
    kith_list_each (item, &link->shares)
        count++;
    size_t padded = (count + TAGS_ROUND) / TAGS_ROUND * TAGS_ROUND;
    struct kith_tag *tags = kith_outbox_alloc(&node->out, padded * sizeof(*tags));
    if (tags == NULL)
        return;
    size_t i = 0;
    kith_list_each (item, &link->shares)
        tags[i++] = kith_list_item(item, struct kith_share, in_link)->tag_out;
    for (uint32_t index = 0; i < padded; i++, index++)
        tags[i] = kith_digest_padding(node->hash_key, link->no, index);
    qsort(tags, padded, sizeof(*tags), compare_tags);
    kith_frame_rooms_encode(&node->scratch, &(struct kith_frame_rooms){
                                                .count = padded, .tags = tags[0].bytes});
    kith_link_send_scratch(node, link);
}

void kith_share_offer(struct kith_node *node, struct kith_link *link)
{
    struct kith_room *direct = kith_room_get_direct(node, link->peer);
    bool is_added = direct != NULL && add(node, link, direct) != NULL;
    size_t count = 0;
    kith_list_each (item, &node->open_rooms) {
        struct kith_room *room = kith_list_item(item, struct kith_room, in_open);
        if (!is_added || count == KITH_JOINED_MAX)
            break;
        if (!room->is_joined)
            continue;
        is_added = add(node, link, room) != NULL;
        count++;
    }
    if (is_added)
        send_tags(node, link);
}

void kith_share_open_room(struct kith_node *node, struct kith_room *room)
{
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (link->state == KITH_LINK_LIVE && add(node, link, room) != NULL)
            send_tags(node, link);
    }
}

void kith_share_close_room(struct kith_node *node, struct kith_room *room)
{
    kith_list_each_safe (item, &room->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        struct kith_link *link = share->link;
        drop(node, share);
        kith_fetch_share_gone(node, room, link->no);
        send_tags(node, link);
        kith_stream_pump(node, link);
    }
}

/* ---- vectors ---- */

/* The first index of a held log, `at` or later; log_count when there is none. */
static size_t next_held(const struct kith_room *room, size_t at)
{
    while (at < room->log_count && !kith_log_is_held(room->logs[at]))
        at++;
    return at;
}

/* One page, of the logs from index `*at` on, which is left behind them. True when it was
 * the last. */
static bool send_page(struct kith_node *node, struct kith_share *share, size_t *at)
{
    struct kith_vector_entry *page =
        kith_outbox_alloc(&node->out, KITH_VECTOR_ENTRIES_MAX * sizeof(*page));
    if (page == NULL)
        return true;
    size_t count = 0;
    const struct kith_room *room = share->room;
    size_t i = next_held(room, *at);
    for (; i < room->log_count && count < KITH_VECTOR_ENTRIES_MAX;
         i = next_held(room, i + 1))
        page[count++] = kith_log_entry(room->logs[i]);
    *at = i;
    bool is_last = i == room->log_count;
    kith_frame_vector_encode(&node->scratch, &share->tag_out, is_last, page, count);
    kith_link_send_scratch(node, share->link);
    return is_last;
}

void kith_share_tell(struct kith_node *node, struct kith_link *link)
{
    while (kith_link_has_room(node, link) && !kith_list_is_empty(&link->telling)) {
        struct kith_share *share =
            kith_list_item(link->telling.next, struct kith_share, telling);
        if (send_page(node, share, &share->told))
            kith_list_remove(&share->telling);
    }
}

void kith_share_send_more(struct kith_node *node, struct kith_share *share,
                          const struct kith_log *after)
{
    size_t at = after != NULL ? after->index + (size_t)1 : 0;
    send_page(node, share, &at);
}

/* Both offer it. */
static void wake(struct kith_node *node, struct kith_share *share)
{
    share->is_live = true;
    share->told = 0;
    share->page_end = (struct kith_ref){.seq = 1}; /* no such log: from the first */
    kith_list_push(&share->link->telling, &share->telling);
    kith_share_tell(node, share->link);
    if (share->room->branch_count > 0)
        kith_fork_tell_later(node, share);
}

void kith_share_accept(struct kith_node *node, struct kith_link *link,
                       const struct kith_frame_rooms *rooms)
{
    kith_list_each (item, &link->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_link);
        bool is_offered = bsearch(share->tag_in.bytes, rooms->tags, rooms->count,
                                  KITH_TAG_SIZE, compare_tags) != NULL;
        if (is_offered && !share->is_live)
            wake(node, share);
        if (!is_offered && share->is_live) {
            rest(node, share);
            kith_fetch_share_gone(node, share->room, link->no);
        }
    }
    kith_stream_pump(node, link); /* a load may have been given up */
}

static struct kith_share *find(struct kith_link *link, const struct kith_tag *tag)
{
    kith_list_each (item, &link->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_link);
        if (memcmp(share->tag_in.bytes, tag->bytes, KITH_TAG_SIZE) == 0)
            return share;
    }
    return NULL;
}

struct kith_share *kith_share_wake(struct kith_node *node, struct kith_link *link,
                                   const struct kith_tag *tag)
{
    struct kith_share *share = find(link, tag);
    if (share != NULL && !share->is_live)
        wake(node, share);
    return share;
}

struct kith_share *kith_share_find(struct kith_link *link, const struct kith_tag *tag)
{
    struct kith_share *share = find(link, tag);
    return share != NULL && share->is_live ? share : NULL;
}

struct kith_track *kith_share_track(struct kith_node *node, struct kith_share *share,
                                    const struct kith_log *log)
{
    if (log->index >= share->track_count) {
        void *tracks = share->tracks;
        if (!kith_node_grow(node, &tracks, &share->track_capacity, share->room->log_count,
                            sizeof(struct kith_track)))
            return NULL;
        share->tracks = tracks;
        share->track_count = share->room->log_count;
    }
    return &share->tracks[log->index];
}

static void digest(const struct kith_node *node, const struct kith_id *id,
                   uint8_t out[static 3])
{
    uint64_t hash = kith_siphash(node->hash_key, id->bytes, sizeof(id->bytes));
    for (int i = 0; i < 3; i++)
        out[i] = (uint8_t)(hash >> 8 * i);
}

void kith_share_holds(const struct kith_node *node, struct kith_track *track,
                      uint64_t seq, const struct kith_id *id)
{
    track->have = seq;
    digest(node, id, track->told);
}

bool kith_share_told(const struct kith_node *node, const struct kith_track *track,
                     const struct kith_id *id)
{
    uint8_t told[sizeof(track->told)];
    digest(node, id, told);
    return memcmp(told, track->told, sizeof(told)) == 0;
}

bool kith_share_holds_head(const struct kith_node *node, const struct kith_track *track,
                           const struct kith_log *log)
{
    return track->have == log->head_seq && kith_share_told(node, track, &log->head);
}

/* ---- acknowledging and announcing ---- */

bool kith_index_queue_push(struct kith_node *node, struct kith_index_queue *queue,
                           uint32_t index)
{
    if (queue->head > 0 && queue->head + queue->count == queue->capacity) {
        memmove(queue->items, queue->items + queue->head, queue->count * sizeof(index));
        queue->head = 0;
    }
    void *items = queue->items;
    if (!kith_node_grow(node, &items, &queue->capacity, queue->head + queue->count + 1,
                        sizeof(index)))
        return false;
    queue->items = items;
    queue->items[queue->head + queue->count++] = index;
    return true;
}

uint32_t kith_index_queue_pop(struct kith_index_queue *queue)
{
    uint32_t index = queue->items[queue->head];
    queue->head = --queue->count == 0 ? 0 : queue->head + 1;
    return index;
}

void kith_share_announce(struct kith_node *node, struct kith_share *share,
                         const struct kith_log *log, bool is_urgent)
{
    struct kith_track *track = kith_share_track(node, share, log);
    if (track == NULL || !kith_log_is_held(log))
        return; /* nothing of it is held yet */
    if (!track->is_dirty) {
        track->is_dirty = true;
        kith_index_queue_push(node, &share->dirty, log->index);
    }
    if (is_urgent) {
        kith_list_remove(&share->urgent);
        kith_list_push(&node->urgent_shares, &share->urgent);
    } else if (node->announce_at == KITH_TIME_NEVER) {
        node->announce_at = node->now.mono + KITH_ANNOUNCE_DELAY;
        kith_node_wake_at(node, node->announce_at);
    }
}

static void send_haves(struct kith_node *node, struct kith_share *share)
{
    struct kith_vector_entry *page =
        kith_outbox_alloc(&node->out, (share->dirty.count < KITH_VECTOR_ENTRIES_MAX
                                           ? share->dirty.count
                                           : KITH_VECTOR_ENTRIES_MAX) *
                                          sizeof(*page));
    if (page == NULL)
        return;
    kith_list_remove(&share->urgent);
    while (share->dirty.count > 0) {
        size_t count = 0;
        while (share->dirty.count > 0 && count < KITH_VECTOR_ENTRIES_MAX) {
            const struct kith_log *log =
                share->room->logs[kith_index_queue_pop(&share->dirty)];
            share->tracks[log->index].is_dirty = false;
            page[count++] = kith_log_entry(log);
        }
        kith_frame_have_encode(&node->scratch, &share->tag_out, page, count);
        kith_link_send_scratch(node, share->link);
    }
}

static void flush(struct kith_node *node, struct kith_share *share)
{
    kith_list_remove(&share->urgent);
    if (!kith_link_is_stuffed(share->link) && share->dirty.count > 0)
        send_haves(node, share);
}

void kith_share_flush_urgent(struct kith_node *node)
{
    while (!kith_list_is_empty(&node->urgent_shares))
        flush(node, kith_list_item(node->urgent_shares.next, struct kith_share, urgent));
}

void kith_share_flush_all(struct kith_node *node)
{
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        kith_list_each (share, &link->shares)
            flush(node, kith_list_item(share, struct kith_share, in_link));
    }
}

void kith_share_close_all(struct kith_node *node, struct kith_link *link)
{
    kith_list_each_safe (item, &link->shares)
        drop(node, kith_list_item(item, struct kith_share, in_link));
    link->load_share = NULL;
    link->load_no = 0;
    kith_fetch_link_gone(node, link->no);
}
