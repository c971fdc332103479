/* SPDX-License-Identifier: MIT */
/* The disk: rows in the order they came. A row that contradicts those before it is the
 * core's mistake. */
#include "core_world.h"

#include <stdlib.h>
#include <string.h>

#include "core/digest.h"

static const struct world_row *find(const struct world *w, enum kith_record_type type,
                                    uint32_t no)
{
    for (size_t i = 0; i < w->row_count; i++) {
        const struct kith_record *record = &w->rows[i].record;
        uint32_t found = record->type == KITH_RECORD_PEER   ? record->peer.no
                         : record->type == KITH_RECORD_ROOM ? record->room.no
                                                            : record->log.no;
        if (record->type == type && found == no)
            return &w->rows[i];
    }
    return NULL;
}

const struct world_row *world_disk_log(const struct world *w, uint32_t log_no,
                                       bool is_committed,
                                       const struct world_row **out_end)
{
    const struct world_row *log = NULL, *end = NULL;
    size_t count = is_committed ? w->committed_count : w->row_count;
    for (size_t i = 0; i < count; i++) {
        const struct kith_record *record = &w->rows[i].record;
        if (record->type == KITH_RECORD_LOG && record->log.no == log_no)
            log = &w->rows[i];
        if (record->type == KITH_RECORD_RUN && record->run.log_no == log_no)
            end = &w->rows[i];
    }
    if (out_end != NULL)
        *out_end = end;
    return log;
}

/* ---- what is put ---- */

static void check_peer(const struct world *w, const struct kith_record_peer *peer)
{
    const struct world_row *before = find(w, KITH_RECORD_PEER, peer->no);
    assert(before == NULL || kith_id_equal(&before->record.peer.id, &peer->id));
    /* Number 0 is the node itself, whose name is kept. */
    assert((peer->no == 0) == kith_id_equal(&peer->id, &w->id));
    for (size_t i = 0; i < w->row_count; i++)
        assert(w->rows[i].record.type != KITH_RECORD_PEER ||
               w->rows[i].record.peer.no == peer->no ||
               !kith_id_equal(&w->rows[i].record.peer.id, &peer->id));
}

static void check_room(const struct world *w, const struct kith_record_room *room)
{
    const struct world_row *before = find(w, KITH_RECORD_ROOM, room->no);
    assert(room->no > 0);
    assert(before == NULL || kith_id_equal(&before->record.room.id, &room->id));
    if (room->kind == KITH_ROOM_DIRECT)
        assert(find(w, KITH_RECORD_PEER, room->peer_no) != NULL && room->peer_no > 0);
    else
        assert(room->kind == KITH_ROOM_OPEN && room->name.text[0] != '\0');
}

static void check_log(const struct world *w, const struct kith_record_log *log)
{
    const struct world_row *before = find(w, KITH_RECORD_LOG, log->no);
    assert(log->no > 0 && log->no <= KITH_LOG_NO_MAX);
    assert(find(w, KITH_RECORD_ROOM, log->room_no) != NULL);
    assert(log->author_no == 0 || find(w, KITH_RECORD_PEER, log->author_no) != NULL);
    assert(log->base_no == 0 || find(w, KITH_RECORD_LOG, log->base_no) != NULL);
    assert(log->seq_first >= 1 && (log->base_no != 0 || log->seq_first == 1));
    if (before != NULL)
        assert(before->record.log.author_no == log->author_no &&
               before->record.log.room_no == log->room_no &&
               memcmp(&before->record.log.log, &log->log, sizeof(log->log)) == 0);
}

/* The ids of a run stand for what it says, in this room; decoded into `out`. */
static void decode(const struct world *w, const struct kith_record_log *log,
                   const struct kith_run *run, struct kith_run *out)
{
    const struct world_row *room = find(w, KITH_RECORD_ROOM, log->room_no);
    assert(kith_run_decode(run->bytes, out) == 0);
    assert(kith_digest_run(out, &room->record.room.id) == 0);
    assert(out->count == run->count && out->seq_first == run->seq_first);
    for (size_t i = 0; i < run->count; i++)
        assert(kith_id_equal(&out->events[i].id, &run->events[i].id));
    uint8_t message[KITH_VERIFY_SIZE], signature[KITH_SIGNATURE_SIZE];
    kith_digest_signed(&out->events[out->count - 1].id, message);
    world_sign(&out->author, message, sizeof(message), signature);
    assert(memcmp(signature, out->signature, sizeof(signature)) == 0);
}

static void put_run(struct world *w, struct world_row *row,
                    const struct kith_record_run *put)
{
    static struct kith_run run;
    const struct world_row *end;
    const struct world_row *log = world_disk_log(w, put->log_no, false, &end);
    assert(log != NULL && log->record.log.room_no == put->room_no);
    decode(w, &log->record.log, put->run, &run);
    uint32_t author_no = log->record.log.author_no;
    const struct world_row *author = find(w, KITH_RECORD_PEER, author_no);
    assert(kith_id_equal(&run.author, author_no == 0 ? &w->id : &author->record.peer.id));
    assert(run.log_class == log->record.log.log_class);
    assert(memcmp(&run.log, &log->record.log.log, sizeof(run.log)) == 0);
    assert(run.seq_first == (end ? end->seq_last + 1 : log->record.log.seq_first));
    assert(end == NULL || kith_id_equal(&run.prev, &end->head));
    assert(put->arrival_first >= w->arrival_next);
    w->arrival_next = put->arrival_first + run.count;
    row->run = malloc(run.bytes.size);
    row->run_size = run.bytes.size;
    memcpy(row->run, run.bytes.data, run.bytes.size);
    row->seq_first = run.seq_first;
    row->seq_last = run.seq_first + run.count - 1;
    row->head = run.events[run.count - 1].id;
    row->hlc = run.events[run.count - 1].hlc;
}

static void check_ack(const struct world *w, const struct kith_record_ack *ack)
{
    const struct world_row *end;
    const struct world_row *log = world_disk_log(w, ack->log_no, false, &end);
    assert(log != NULL && log->record.log.author_no == 0 && end != NULL);
    assert(ack->seq >= 1 && ack->seq <= end->seq_last);
    assert(ack->peer_no > 0);
}

void world_disk_put(struct world *w, const struct kith_effect *effect)
{
    const struct kith_record *record = &effect->store.record;
    assert(effect->store.store_no > w->store_no);
    w->store_no = effect->store.store_no;
    if (w->row_count == WORLD_ROWS_MAX)
        w->is_disk_full = true;
    if (w->is_disk_full)
        return; /* until the node knows */
    struct world_row *row = &w->rows[w->row_count];
    *row = (struct world_row){.record = *record};
    if (record->type == KITH_RECORD_PEER)
        check_peer(w, &record->peer);
    else if (record->type == KITH_RECORD_ROOM)
        check_room(w, &record->room);
    else if (record->type == KITH_RECORD_LOG)
        check_log(w, &record->log);
    else if (record->type == KITH_RECORD_RUN)
        put_run(w, row, &record->run);
    else if (record->type == KITH_RECORD_ACK)
        check_ack(w, &record->ack);
    w->row_count++;
}

void world_disk_roll_back(struct world *w, size_t row_count)
{
    while (w->row_count > row_count)
        free(w->rows[--w->row_count].run);
}

/* ---- what is read ---- */

size_t world_disk_load(const struct world *w, uint32_t log_no, uint64_t seq_from,
                       uint64_t seq_last, size_t bytes_max, struct kith_stored_run *out,
                       size_t out_max)
{
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < w->committed_count && count < out_max; i++) {
        const struct world_row *row = &w->rows[i];
        if (row->run == NULL || row->record.run.log_no != log_no ||
            row->seq_last < seq_from || row->seq_first > seq_last)
            continue;
        if (count > 0 && bytes + row->run_size > bytes_max)
            break;
        bytes += row->run_size;
        out[count++] = (struct kith_stored_run){row->seq_first, row->seq_last, row->head,
                                                kith_bytes(row->run, row->run_size)};
    }
    return count;
}

static void restore(struct world *w, const struct kith_record *record)
{
    int error = kith_node_restore(w->node, record);
    assert(error == 0);
}

static void restore_meta(struct world *w)
{
    struct kith_record meta = {.type = KITH_RECORD_META};
    meta.meta.arrival_next = w->arrival_next;
    meta.meta.peer_no_next = meta.meta.room_no_next = meta.meta.log_no_next = 1;
    for (size_t i = 0; i < w->row_count; i++) {
        const struct kith_record *record = &w->rows[i].record;
        if (record->type == KITH_RECORD_META)
            memcpy(meta.meta.marker, record->meta.marker, KITH_MARKER_SIZE);
        if (record->type == KITH_RECORD_PEER && record->peer.no >= meta.meta.peer_no_next)
            meta.meta.peer_no_next = record->peer.no + 1;
        if (record->type == KITH_RECORD_ROOM && record->room.no >= meta.meta.room_no_next)
            meta.meta.room_no_next = record->room.no + 1;
        if (record->type == KITH_RECORD_LOG && record->log.no >= meta.meta.log_no_next)
            meta.meta.log_no_next = record->log.no + 1;
    }
    restore(w, &meta);
}

/* The last row of each number; of a log the first, which is the same. */
static bool is_last(const struct world *w, size_t index)
{
    const struct kith_record *record = &w->rows[index].record;
    for (size_t i = index + 1; i < w->row_count; i++) {
        const struct kith_record *later = &w->rows[i].record;
        if (later->type != record->type)
            continue;
        if ((record->type == KITH_RECORD_PEER && later->peer.no == record->peer.no) ||
            (record->type == KITH_RECORD_ROOM && later->room.no == record->room.no) ||
            (record->type == KITH_RECORD_LOG && later->log.no == record->log.no) ||
            (record->type == KITH_RECORD_TRACKER &&
             kith_address_equal(&later->tracker.address, &record->tracker.address)))
            return false;
    }
    return true;
}

static void restore_row(struct world *w, size_t index)
{
    struct kith_record record = w->rows[index].record;
    const struct world_row *end;
    if (!is_last(w, index))
        return;
    if (record.type == KITH_RECORD_LOG) {
        world_disk_log(w, record.log.no, true, &end);
        if (end != NULL) {
            record.log.seq = end->seq_last;
            record.log.head = end->head;
            record.log.hlc = end->hlc;
        }
    }
    restore(w, &record);
}

void world_disk_restore(struct world *w)
{
    static const enum kith_record_type order[] = {
        KITH_RECORD_PEER, KITH_RECORD_ROOM,    KITH_RECORD_LOG,
        KITH_RECORD_ACK,  KITH_RECORD_TRACKER,
    };
    restore_meta(w);
    for (size_t type = 0; type < sizeof(order) / sizeof(order[0]); type++)
        for (size_t i = 0; i < w->row_count; i++)
            if (w->rows[i].record.type == order[type])
                restore_row(w, i);
}
