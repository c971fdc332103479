/* SPDX-License-Identifier: MIT */
#include "store/event_row.h"

static const char schema[] =
    "CREATE TABLE logs(no INTEGER PRIMARY KEY, room INTEGER NOT NULL,"
    " author INTEGER NOT NULL, log BLOB NOT NULL, class INTEGER NOT NULL,"
    " base INTEGER NOT NULL, seq_first INTEGER NOT NULL);";

static int put(struct kith_store *store, const struct kith_record *record)
{
    const struct kith_record_log *log = &record->log;
    if (log->no == 0 || log->no > KITH_LOG_NO_MAX || log->seq_first > KITH_SEQ_MAX)
        return kith_db_fail(store, KITH_EINVALID, "store a log");
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_LOG_PUT,
                          "INSERT OR REPLACE INTO logs VALUES(?1,?2,?3,?4,?5,?6,?7)");
    sqlite3_bind_int64(s, 1, log->no);
    sqlite3_bind_int64(s, 2, log->room_no);
    sqlite3_bind_int64(s, 3, log->author_no);
    kith_db_bind_bytes(s, 4, log->log.bytes, KITH_LOG_ID_SIZE);
    sqlite3_bind_int64(s, 5, log->log_class);
    sqlite3_bind_int64(s, 6, log->base_no);
    sqlite3_bind_int64(s, 7, (int64_t)log->seq_first);
    return kith_db_run(store, s, "store a log");
}

enum { LOG_NO = KITH_EVENT_COLUMN_COUNT, ROOM, AUTHOR, LOG, CLASS, BASE, SEQ_FIRST };

static bool read_row(struct kith_store *store, sqlite3_stmt *s,
                     struct kith_record_log *log)
{
    struct kith_event_row head;
    *log = (struct kith_record_log){
        .no = (uint32_t)sqlite3_column_int64(s, LOG_NO),
        .room_no = (uint32_t)sqlite3_column_int64(s, ROOM),
        .author_no = (uint32_t)sqlite3_column_int64(s, AUTHOR),
        .log_class = (enum kith_log_class)sqlite3_column_int64(s, CLASS),
        .base_no = (uint32_t)sqlite3_column_int64(s, BASE),
        .seq_first = (uint64_t)sqlite3_column_int64(s, SEQ_FIRST),
    };
    bool is_sound = kith_db_copy(s, LOG, log->log.bytes, KITH_LOG_ID_SIZE);
    if (sqlite3_column_type(s, KITH_EVENT_KEY) == SQLITE_NULL)
        return is_sound;
    log->is_damaged = !kith_event_row_read(s, &head);
    log->seq = kith_db_key_seq(head.numbers[KITH_EVENT_KEY]);
    kith_db_copy(s, KITH_EVENT_ID, log->head.bytes, KITH_ID_SIZE);
    if (log->is_damaged)
        kith_db_fail(store, KITH_ECORRUPT, "read the end of a log");
    else
        log->hlc = (kith_hlc)head.numbers[KITH_EVENT_HLC];
    return is_sound;
}

static int restore(struct kith_store *store, kith_record_visit *visit, void *ctx)
{
    struct kith_record record = {.type = KITH_RECORD_LOG};
    /* The head is the highest row of the log's key range: one seek. */
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_LOG_RESTORE,
        "SELECT " KITH_EVENT_COLUMNS
        ", l.no, l.room, l.author, l.log, l.class, l.base, l.seq_first"
        " FROM logs l LEFT JOIN events e ON e.key ="
        " (SELECT max(key) FROM events"
        "  WHERE key BETWEEN l.no << 40 AND (l.no << 40) + 1099511627775) ORDER BY l.no");
    int rc;
    while ((rc = kith_db_step(store, s, "read the logs")) == 1) {
        rc = read_row(store, s, &record.log)
                 ? visit(ctx, &record)
                 : kith_db_fail(store, KITH_ECORRUPT, "read a log");
        if (rc != 0)
            break;
    }
    sqlite3_reset(s);
    return rc;
}

const struct kith_store_family kith_store_logs = {
    .schema = schema,
    .put = put,
    .restore = restore,
};
