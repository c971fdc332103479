/* SPDX-License-Identifier: MIT */
/* Events, a row each, clustered by (log, seq); and the order they arrived in.
 *
 * The signature of a run stands in the row of its last event and marks its end. Content
 * comes behind what queries choose rows by, so that they never touch the overflow pages
 * of a long one. */
#include "store/event_row.h"

static const char schema[] =
    "CREATE TABLE events(key INTEGER PRIMARY KEY, room INTEGER NOT NULL,"
    " hlc INTEGER NOT NULL, kind INTEGER NOT NULL, seen INTEGER NOT NULL,"
    " arrival INTEGER NOT NULL, id BLOB NOT NULL, own BLOB NOT NULL, signature BLOB,"
    " content BLOB, checksum INTEGER);"
    "CREATE INDEX events_by_time ON events(room, hlc);"
    "CREATE TABLE arrivals(first INTEGER PRIMARY KEY, log INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, count INTEGER NOT NULL);";

static bool is_in_range(const struct kith_record_run *run)
{
    return run->room_no != 0 && run->log_no != 0 && run->log_no <= KITH_LOG_NO_MAX &&
           run->run->count != 0 && run->run->count <= KITH_RUN_COUNT_MAX &&
           run->run->seq_first != 0 &&
           run->run->seq_first <= KITH_SEQ_MAX - (run->run->count - 1) &&
           run->arrival_first != 0 &&
           run->arrival_first <= INT64_MAX - KITH_RUN_COUNT_MAX;
}

int kith_store_events_flush(struct kith_store *store)
{
    const struct kith_arrival *arrival = &store->arrival;
    if (arrival->count == 0)
        return 0;
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_ARRIVAL_PUT,
                                        "INSERT INTO arrivals VALUES(?1,?2,?3,?4)");
    sqlite3_bind_int64(s, 1, (int64_t)arrival->first);
    sqlite3_bind_int64(s, 2, arrival->log_no);
    sqlite3_bind_int64(s, 3, (int64_t)arrival->seq);
    sqlite3_bind_int64(s, 4, (int64_t)arrival->count);
    store->arrival.count = 0;
    return kith_db_run(store, s, "store the order of arrival");
}

static int note_arrival(struct kith_store *store, const struct kith_record_run *run)
{
    struct kith_arrival *arrival = &store->arrival;
    size_t count = run->run->count;
    if (arrival->count != 0 && arrival->log_no == run->log_no &&
        arrival->first + arrival->count == run->arrival_first &&
        arrival->seq + arrival->count == run->run->seq_first) {
        arrival->count += count;
        return 0;
    }
    int rc = kith_store_events_flush(store);
    *arrival = (struct kith_arrival){
        .first = run->arrival_first,
        .log_no = run->log_no,
        .seq = run->run->seq_first,
        .count = count,
    };
    return rc;
}

static struct kith_event_row row_of(const struct kith_record_run *run, size_t index)
{
    const struct kith_event *event = &run->run->events[index];
    bool is_last = index + 1 == run->run->count;
    return (struct kith_event_row){
        .numbers = {kith_db_key(run->log_no, run->run->seq_first + index), run->room_no,
                    kith_db_hlc(event->hlc), event->kind, run->seen,
                    (int64_t)(run->arrival_first + index)},
        .bytes = {kith_bytes(event->id.bytes, KITH_ID_SIZE), event->own,
                  kith_bytes(run->run->signature, is_last ? KITH_SIGNATURE_SIZE : 0),
                  event->content},
    };
}

static int put(struct kith_store *store, const struct kith_record *record)
{
    const struct kith_record_run *run = &record->run;
    if (!is_in_range(run))
        return kith_db_fail(store, KITH_EINVALID, "store a run");
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_EVENT_PUT,
        "INSERT INTO events VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)");
    for (size_t i = 0; i < run->run->count; i++) {
        struct kith_event_row row = row_of(run, i);
        kith_event_row_bind(s, &row);
        int rc = kith_db_run(store, s, "store an event");
        if (rc != 0)
            return rc;
    }
    return note_arrival(store, run);
}

const struct kith_store_family kith_store_events = {
    .schema = schema,
    .put = put,
};
