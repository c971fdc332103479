/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include "memory.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_disk_init(struct sim_disk *disk, const struct kith_id *self)
{
    *disk = (struct sim_disk){.self = *self};
    disk->peers = sim_grown(NULL, &disk->peer_capacity, 0, sizeof(*disk->peers));
    disk->peers[0] = *self;
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    const struct kith_store_config config = {.path = ":memory:", .self = *self};
    const int error = kith_store_open(&config, &disk->store, detail);
    if (error != 0) {
        fprintf(stderr, "kith-sim: opening a store in memory: %s (%s)\n",
                kith_error_text(error), detail);
        abort();
    }
}

void sim_disk_deinit(struct sim_disk *disk)
{
    kith_store_close(disk->store);
    free(disk->peers);
    free(disk->rooms);
    free(disk->logs);
    free(disk->texts);
    free(disk->pending);
    free(disk->text_pending);
    *disk = (struct sim_disk){0};
}

static void note_log(struct sim_disk *disk, const struct kith_record_log *log)
{
    disk->logs = sim_grown(disk->logs, &disk->log_capacity, log->no, sizeof(*disk->logs));
    if (log->no > disk->log_no_max)
        disk->log_no_max = log->no;
    struct sim_disk_log *noted = &disk->logs[log->no];
    const bool is_same =
        memcmp(noted->log.bytes, log->log.bytes, sizeof(noted->log.bytes)) == 0;
    *noted = (struct sim_disk_log){.author = disk->peers[log->author_no],
                                   .log = log->log,
                                   .log_class = log->log_class,
                                   .room_no = log->room_no,
                                   .seq = is_same ? noted->seq : 0};
}

static void note_run(struct sim_disk *disk, const struct kith_record_run *record)
{
    const struct kith_run *run = record->run;
    disk->pending = sim_grown(disk->pending, &disk->pending_capacity, disk->pending_count,
                              sizeof(*disk->pending));
    disk->pending[disk->pending_count++] =
        (struct sim_disk_run){.log_no = record->log_no,
                              .seq = run->seq_first + run->count - 1,
                              .text_first = disk->text_pending_count};
    for (size_t i = 0; i < run->count; i++) {
        const struct kith_event *event = &run->events[i];
        const uint32_t no =
            sim_ledger_number(sim_ledger_body(event->kind, event->content));
        disk->text_pending =
            sim_grown(disk->text_pending, &disk->text_pending_capacity,
                      disk->text_pending_count, sizeof(*disk->text_pending));
        disk->text_pending[disk->text_pending_count++] = no;
    }
}

static void note(struct sim_disk *disk, const struct kith_record *record)
{
    switch (record->type) {
    case KITH_RECORD_PEER:
        disk->peers = sim_grown(disk->peers, &disk->peer_capacity, record->peer.no,
                                sizeof(*disk->peers));
        disk->peers[record->peer.no] = record->peer.id;
        break;
    case KITH_RECORD_ROOM:
        disk->rooms = sim_grown(disk->rooms, &disk->room_capacity, record->room.no,
                                sizeof(*disk->rooms));
        disk->rooms[record->room.no] = record->room;
        if (record->room.no > disk->room_no_max)
            disk->room_no_max = record->room.no;
        break;
    case KITH_RECORD_LOG:
        note_log(disk, &record->log);
        break;
    case KITH_RECORD_RUN:
        note_run(disk, &record->run);
        break;
    case KITH_RECORD_META:
    case KITH_RECORD_ACK:
    case KITH_RECORD_TRACKER:
        break;
    }
}

int sim_disk_put(struct sim_disk *disk, const struct kith_record *record)
{
    const int error = kith_store_put(disk->store, record);
    if (error == 0)
        note(disk, record);
    return error;
}

int sim_disk_commit(struct sim_disk *disk)
{
    const int error = kith_store_commit(disk->store);
    if (error != 0)
        return error;
    for (size_t i = 0; i < disk->pending_count; i++) {
        struct sim_disk_log *log = &disk->logs[disk->pending[i].log_no];
        if (disk->pending[i].seq > log->seq)
            log->seq = disk->pending[i].seq;
    }
    for (size_t i = 0; i < disk->text_pending_count; i++) {
        const uint32_t no = disk->text_pending[i];
        disk->texts =
            sim_grown(disk->texts, &disk->text_capacity, no, sizeof(*disk->texts));
        if (disk->texts[no] < UINT8_MAX)
            disk->texts[no]++;
    }
    disk->event_count += disk->text_pending_count;
    disk->pending_count = 0;
    disk->text_pending_count = 0;
    return 0;
}

static int note_again(void *ctx, const struct kith_record *record)
{
    struct sim_disk *disk = ctx;
    note(disk, record);
    if (record->type == KITH_RECORD_LOG)
        disk->logs[record->log.no].seq = record->log.seq;
    return 0;
}

void sim_disk_rollback(struct sim_disk *disk)
{
    if (!kith_store_is_dirty(disk->store))
        return;
    kith_store_rollback(disk->store);
    disk->pending_count = 0;
    disk->text_pending_count = 0;
    /* Numbers of what was taken back may be given to others. */
    if (disk->rooms != NULL)
        memset(disk->rooms, 0, disk->room_capacity * sizeof(*disk->rooms));
    if (disk->logs != NULL)
        memset(disk->logs, 0, disk->log_capacity * sizeof(*disk->logs));
    disk->room_no_max = 0;
    disk->log_no_max = 0;
    kith_store_restore(disk->store, note_again, disk);
}

struct copy {
    struct sim_disk *to;
    const struct kith_record_log *log;
    uint64_t arrival;
    struct kith_run run;
};

static int copy_record(void *ctx, const struct kith_record *record)
{
    struct copy *copy = ctx;
    return sim_disk_put(copy->to, record);
}

/* Event ids as PROTOCOL has them: hashes of header bytes, each naming the one before. */
static void hash_run(const struct kith_id *room, struct kith_run *run)
{
    struct kith_id prev = run->prev;
    for (size_t i = 0; i < run->count; i++) {
        struct kith_event *event = &run->events[i];
        uint8_t prefix[KITH_EVENT_PREFIX_SIZE];
        kith_event_prefix(run, room, event->seq, &prev, prefix);
        crypto_generichash_state state;
        crypto_generichash_init(&state, NULL, 0, KITH_ID_SIZE);
        crypto_generichash_update(&state, prefix, sizeof(prefix));
        crypto_generichash_update(&state, event->own.data, event->own.size);
        crypto_generichash_final(&state, event->id.bytes, KITH_ID_SIZE);
        prev = event->id;
    }
}

static int copy_run(void *ctx, const struct kith_stored_run *stored)
{
    struct copy *copy = ctx;
    const int error = kith_run_decode(stored->bytes, &copy->run);
    if (error != 0)
        return error;
    hash_run(&copy->to->rooms[copy->log->room_no].id, &copy->run);
    const struct kith_record record = {.type = KITH_RECORD_RUN,
                                       .run = {.room_no = copy->log->room_no,
                                               .log_no = copy->log->no,
                                               .arrival_first = copy->arrival,
                                               .run = &copy->run}};
    copy->arrival += copy->run.count;
    return sim_disk_put(copy->to, &record);
}

int sim_disk_copy(struct sim_disk *disk, struct sim_disk *from)
{
    struct copy copy = {.to = disk, .arrival = 1};
    int error = kith_store_restore(from->store, copy_record, &copy);
    for (uint32_t no = 1; no <= from->log_no_max && error == 0; no++) {
        const struct kith_record_log log = {.no = no, .room_no = from->logs[no].room_no};
        copy.log = &log;
        for (uint64_t seq = 1; seq <= from->logs[no].seq && error == 0;) {
            error = kith_store_load(from->store, no, seq, KITH_SEQ_MAX, KITH_RUN_SIZE_MAX,
                                    copy_run, &copy);
            seq = copy.run.seq_first + copy.run.count;
        }
    }
    return error != 0 ? error : sim_disk_commit(disk);
}

unsigned sim_disk_text_count(const struct sim_disk *disk, uint32_t text_no)
{
    return text_no < disk->text_capacity ? disk->texts[text_no] : 0;
}

uint64_t sim_disk_logs_seq(const struct sim_disk_log *logs, uint32_t no_max,
                           const struct kith_id *author, const struct kith_log_id *log,
                           enum kith_log_class log_class)
{
    uint64_t seq = 0;
    for (uint32_t no = 1; no <= no_max; no++) {
        const struct sim_disk_log *held = &logs[no];
        if (held->seq > seq && held->log_class == log_class &&
            memcmp(held->log.bytes, log->bytes, sizeof(log->bytes)) == 0 &&
            kith_id_equal(&held->author, author))
            seq = held->seq;
    }
    return seq;
}

uint64_t sim_disk_seq(const struct sim_disk *disk, const struct kith_id *author,
                      const struct kith_log_id *log, enum kith_log_class log_class)
{
    return sim_disk_logs_seq(disk->logs, disk->log_no_max, author, log, log_class);
}
