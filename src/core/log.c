/* SPDX-License-Identifier: MIT */
#include "core/log.h"

#include <sodium.h>
#include <string.h>

#include "core/compact.h"
#include "core/peer.h"

struct log_key {
    struct kith_id author;
    struct kith_log_id log;
};

struct kith_log *kith_log_find(const struct kith_room *room, const struct kith_id *author,
                               const struct kith_log_id *id)
{
    struct log_key key = {*author, *id};
    return kith_map_get(&room->log_map, &key);
}

static struct kith_log *extend(struct kith_node *node, struct kith_room *room)
{
    void *logs = room->logs;
    if (!kith_node_grow(node, &logs, &room->log_capacity, room->log_count + 1,
                        sizeof(struct kith_log *)))
        return NULL;
    room->logs = logs;
    struct kith_log *log = kith_alloc_zero(node->alloc, sizeof(*log));
    if (log == NULL) {
        kith_node_break(node);
        return NULL;
    }
    log->index = (uint32_t)room->log_count;
    room->logs[room->log_count++] = log;
    return log;
}

static struct kith_log *take_spare(struct kith_room *room)
{
    struct kith_log *log = room->spare;
    if (log == NULL)
        return NULL;
    room->spare = log->branch_next;
    room->spare_count--;
    *log = (struct kith_log){.index = log->index};
    return log;
}

/* It keeps its place among the logs, and the tracks of all shares count by places; there
 * nothing may be left of it. */
static void make_spare(struct kith_node *node, struct kith_log *log)
{
    struct kith_room *room = log->room;
    kith_list_each (item, &room->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_room);
        if (log->index < share->track_count)
            share->tracks[log->index] = (struct kith_track){0};
    }
    kith_list_remove(&log->wanting);
    kith_list_remove(&log->in_resting);
    kith_release(node->alloc, log->acks);
    uint32_t index = log->index;
    *log = (struct kith_log){
        .index = index,
        .room = room,
        .seq_first = 1,
        .branch_next = room->spare,
        .is_spare = true,
    };
    kith_list_init(&log->pending);
    kith_list_init(&log->wanting);
    kith_list_init(&log->in_hearsay);
    kith_list_init(&log->in_resting);
    room->spare = log;
    room->spare_count++;
    kith_compact_note(node, room);
}

/* What was stored once is taken back. */
static bool is_room_full(const struct kith_node *node, const struct kith_room *room)
{
    return node->is_started &&
           room->log_count - room->hearsay_count - room->spare_count >=
               KITH_ROOM_LOGS_MAX;
}

/* But for our own there is. */
static bool has_no_place(const struct kith_node *node, const struct kith_room *room,
                         const struct kith_id *author)
{
    return is_room_full(node, room) && !kith_id_equal(author, &node->self->id);
}

static struct kith_log *make(struct kith_node *node, struct kith_room *room,
                             const struct kith_id *author, const struct kith_log_id *id,
                             enum kith_log_class log_class)
{
    if (has_no_place(node, room, author)) {
        if (!room->is_full_told)
            kith_peer_warn(node, author, KITH_WARNING_FULL, 0);
        room->is_full_told = true;
        return NULL;
    }
    struct kith_log *log = take_spare(room);
    if (log == NULL)
        log = extend(node, room);
    if (log == NULL)
        return NULL;
    log->room = room;
    log->author_id = *author;
    log->author = kith_peer_find(node, author);
    log->id = *id;
    log->log_class = log_class;
    log->seq_first = 1;
    kith_list_init(&log->pending);
    kith_list_init(&log->wanting);
    kith_list_init(&log->in_hearsay);
    kith_list_init(&log->in_resting);
    return log;
}

struct kith_log *kith_log_add(struct kith_node *node, struct kith_room *room,
                              const struct kith_id *author, const struct kith_log_id *id,
                              enum kith_log_class log_class)
{
    struct kith_log *log = make(node, room, author, id, log_class);
    if (log == NULL)
        return NULL;
    struct log_key key = {*author, *id};
    if (kith_map_put(&room->log_map, &key, log) != 0) {
        make_spare(node, log);
        kith_node_break(node);
        return NULL;
    }
    return log;
}

static bool has_all_branches(const struct kith_log *first)
{
    size_t count = 0;
    for (; first != NULL; first = first->branch_next)
        count++;
    return count >= KITH_BRANCHES_MAX;
}

bool kith_log_is_full(const struct kith_node *node, const struct kith_log *first)
{
    return has_all_branches(first) || has_no_place(node, first->room, &first->author_id);
}

struct kith_log *kith_log_branch(struct kith_node *node, struct kith_log *base,
                                 uint64_t seq_first, const struct kith_id *prev,
                                 kith_hlc hlc)
{
    struct kith_log *last = kith_log_find(base->room, &base->author_id, &base->id);
    if (has_all_branches(last))
        return NULL;
    while (last->branch_next != NULL)
        last = last->branch_next;
    struct kith_log *log =
        make(node, base->room, &base->author_id, &base->id, base->log_class);
    if (log == NULL)
        return NULL;
    log->base = base;
    log->seq_first = seq_first;
    log->head_seq = log->tail_seq = seq_first - 1;
    log->head = log->tail = *prev;
    log->head_hlc = log->tail_hlc = hlc;
    log->is_forked = true;
    last->branch_next = log;
    log->room->branch_count++;
    return log;
}

void kith_log_forget(struct kith_node *node, struct kith_log *log)
{
    struct log_key key = {log->author_id, log->id};
    kith_map_remove(&log->room->log_map, &key);
    make_spare(node, log);
}

void kith_log_forget_placed(struct kith_node *node, struct kith_log *log)
{
    node->logs[log->no] = NULL;
    kith_log_forget(node, log);
}

void kith_log_forget_branch(struct kith_node *node, struct kith_log *log)
{
    if (log->base == NULL || log->no != 0 || !kith_list_is_empty(&log->pending))
        return;
    struct kith_log *before = kith_log_find(log->room, &log->author_id, &log->id);
    while (before->branch_next != log)
        before = before->branch_next;
    before->branch_next = log->branch_next;
    log->room->branch_count--;
    make_spare(node, log);
}

bool kith_log_place(struct kith_node *node, struct kith_log *log, uint32_t no)
{
    void *logs = node->logs;
    if (!kith_node_grow(node, &logs, &node->log_capacity, (size_t)no + 1,
                        sizeof(struct kith_log *)))
        return false;
    node->logs = logs;
    log->no = no;
    node->logs[no] = log;
    return true;
}

struct kith_log *kith_log_match(struct kith_log *first, uint64_t seq,
                                const struct kith_id *id)
{
    if (first == NULL || first->branch_next == NULL)
        return first;
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        if ((kith_log_is_held(log) && log->head_seq == seq &&
             kith_id_equal(&log->head, id)) ||
            (log->tail_seq == seq && log->tail_seq >= log->seq_first &&
             kith_id_equal(&log->tail, id)))
            return log;
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        if (log->head_seq > seq && log->seq_first <= seq)
            return log;
    return first;
}

uint64_t kith_log_count_stored(const struct kith_log *first, uint64_t seq)
{
    uint64_t found = 0;
    for (const struct kith_log *log = first; log != NULL; log = log->branch_next) {
        uint64_t last = log->head_seq < seq ? log->head_seq : seq;
        found += last >= log->seq_first ? last - log->seq_first + 1 : 0;
    }
    return found;
}

struct kith_vector_entry kith_log_entry(const struct kith_log *log)
{
    return (struct kith_vector_entry){
        .author = log->author_id,
        .log_class = log->log_class,
        .log = log->id,
        .seq = log->head_seq,
        .head = log->head,
    };
}

struct kith_ref kith_log_ref(const struct kith_log *log)
{
    return (struct kith_ref){
        .author = log->author_id,
        .log = log->id,
        .seq = log->head_seq,
        .id = log->head,
    };
}

void kith_log_touch(struct kith_log *log)
{
    struct kith_room *room = log->room;
    for (size_t i = 0; i < room->recent_count; i++)
        if (room->recent[i] == log)
            return;
    if (room->recent_count == KITH_REFS_MAX) {
        memmove(room->recent, room->recent + 1,
                (KITH_REFS_MAX - 1) * sizeof(room->recent[0]));
        room->recent_count--;
    }
    room->recent[room->recent_count++] = log;
}

bool kith_log_acknowledge(struct kith_node *node, struct kith_log *log, uint32_t peer_no,
                          uint64_t seq)
{
    for (size_t i = 0; i < log->ack_count; i++) {
        if (log->acks[i].peer_no != peer_no)
            continue;
        bool is_news = seq > log->acks[i].seq;
        if (is_news)
            log->acks[i].seq = seq;
        return is_news;
    }
    void *acks = log->acks;
    if (!kith_node_grow(node, &acks, &log->ack_capacity, log->ack_count + 1,
                        sizeof(struct kith_ack)))
        return false;
    log->acks = acks;
    log->acks[log->ack_count++] = (struct kith_ack){peer_no, seq};
    return true;
}

static struct kith_peer *author_of(struct kith_node *node, uint32_t peer_no)
{
    if (peer_no == 0)
        return node->self;
    return peer_no < node->peer_capacity ? node->peers[peer_no] : NULL;
}

static struct kith_log *log_of(struct kith_node *node, uint32_t log_no)
{
    return log_no < node->log_capacity ? node->logs[log_no] : NULL;
}

#define DRAWN_SIZE 8 /* of a log id; the rest is the mark */

static void mark(const struct kith_node *node, struct kith_log_id *id)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof(hash), id->bytes, DRAWN_SIZE, node->marker,
                       sizeof(node->marker));
    memcpy(id->bytes + DRAWN_SIZE, hash, KITH_LOG_ID_SIZE - DRAWN_SIZE);
}

struct kith_log_id kith_log_draw_id(const struct kith_node *node)
{
    struct kith_log_id id;
    kith_rng_fill(&node->rng, id.bytes, DRAWN_SIZE);
    mark(node, &id);
    return id;
}

static bool bears_our_mark(const struct kith_node *node, const struct kith_log *log)
{
    struct kith_log_id id = log->id;
    mark(node, &id);
    return memcmp(id.bytes, log->id.bytes, sizeof(id.bytes)) == 0;
}

/* Logs of this node go on only where the marker proves that nothing was lost or copied
 * since they began, and their end can be read: nobody could take what follows it. That
 * the home bears it is not enough: it was marked anew after a power cut, which may have
 * cost an older log its end. */
static void take_up(struct kith_node *node, struct kith_log *log, bool is_damaged)
{
    if (log->author == node->self && node->is_marked && log->base == NULL &&
        !log->is_forked && !is_damaged && bears_our_mark(node, log))
        log->room->own[log->log_class] = log;
}

static struct kith_log *restore_branch(struct kith_node *node,
                                       const struct kith_record_log *record)
{
    struct kith_log *base = log_of(node, record->base_no);
    if (base == NULL || record->seq_first == 0)
        return NULL;
    struct kith_id unknown = {0};
    base->is_forked = true;
    if (base->room->own[base->log_class] == base)
        base->room->own[base->log_class] = NULL; /* it was taken up before */
    struct kith_log *log = kith_log_branch(node, base, record->seq_first, &unknown, 0);
    if (log != NULL)
        log->log_class = record->log_class; /* not that of its base if both begin at 1 */
    return log;
}

int kith_log_restore(struct kith_node *node, const struct kith_record_log *record)
{
    struct kith_peer *author = author_of(node, record->author_no);
    struct kith_room *room =
        record->room_no < node->room_capacity ? node->rooms[record->room_no] : NULL;
    if (author == NULL || room == NULL || record->no == 0 ||
        record->no >= node->log_no_next || log_of(node, record->no) != NULL ||
        record->log_class > KITH_LOG_CONTROL)
        return KITH_ECORRUPT;
    struct kith_log *log = NULL;
    if (record->base_no != 0)
        log = restore_branch(node, record);
    else if (kith_log_find(room, &author->id, &record->log) == NULL)
        log = kith_log_add(node, room, &author->id, &record->log, record->log_class);
    if (log == NULL)
        return node->is_broken ? KITH_ENOMEM : KITH_ECORRUPT;
    if (record->seq > 0) {
        log->head_seq = log->tail_seq = record->seq;
        log->head = log->tail = record->head;
        log->head_hlc = log->tail_hlc = record->hlc;
    }
    log->is_recorded = true;
    if (record->hlc > room->hlc_tail)
        room->hlc_tail = record->hlc;
    take_up(node, log, record->is_damaged);
    return kith_log_place(node, log, record->no) ? 0 : KITH_ENOMEM;
}

int kith_log_restore_ack(struct kith_node *node, const struct kith_record_ack *record)
{
    struct kith_log *log = log_of(node, record->log_no);
    if (log == NULL || log->author != node->self)
        return KITH_ECORRUPT;
    kith_log_acknowledge(node, log, record->peer_no, record->seq);
    return node->is_broken ? KITH_ENOMEM : 0;
}

void kith_log_free(struct kith_node *node, struct kith_log *log)
{
    kith_list_each_safe (item, &log->pending)
        kith_release(node->alloc, kith_list_item(item, struct kith_pending, in_log));
    kith_release(node->alloc, log->acks);
    kith_release(node->alloc, log);
}
