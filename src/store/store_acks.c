/* SPDX-License-Identifier: MIT */
#include "store/db.h"

static const char schema[] =
    "CREATE TABLE acks(log INTEGER NOT NULL, peer INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, PRIMARY KEY(log, peer)) WITHOUT ROWID;";

static int put(struct kith_store *store, const struct kith_record *record)
{
    const struct kith_record_ack *ack = &record->ack;
    if (ack->seq > KITH_SEQ_MAX)
        return kith_db_fail(store, KITH_EINVALID, "store an acknowledgement");
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_ACK_PUT,
                          "INSERT INTO acks VALUES(?1,?2,?3) ON CONFLICT DO UPDATE"
                          " SET seq = excluded.seq WHERE excluded.seq > seq");
    sqlite3_bind_int64(s, 1, ack->log_no);
    sqlite3_bind_int64(s, 2, ack->peer_no);
    sqlite3_bind_int64(s, 3, (int64_t)ack->seq);
    return kith_db_run(store, s, "store an acknowledgement");
}

static int restore(struct kith_store *store, kith_record_visit *visit, void *ctx)
{
    struct kith_record record = {.type = KITH_RECORD_ACK};
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_ACK_RESTORE,
                          "SELECT log, peer, seq FROM acks ORDER BY log, peer");
    int rc;
    while ((rc = kith_db_step(store, s, "read the acknowledgements")) == 1) {
        record.ack.log_no = (uint32_t)sqlite3_column_int64(s, 0);
        record.ack.peer_no = (uint32_t)sqlite3_column_int64(s, 1);
        record.ack.seq = (uint64_t)sqlite3_column_int64(s, 2);
        rc = visit(ctx, &record);
        if (rc != 0)
            break;
    }
    sqlite3_reset(s);
    return rc;
}

int kith_store_ack_count(struct kith_store *store, uint32_t log_no, uint64_t seq,
                         size_t *out)
{
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_ACK_COUNT,
                          "SELECT count(*) FROM acks WHERE log = ?1 AND seq >= ?2");
    sqlite3_bind_int64(s, 1, log_no);
    sqlite3_bind_int64(s, 2, seq > KITH_SEQ_MAX ? INT64_MAX : (int64_t)seq);
    int rc = kith_db_step(store, s, "count acknowledgements");
    if (rc < 0)
        return rc;
    *out = rc == 1 ? (size_t)sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return 0;
}

const struct kith_store_family kith_store_acks = {
    .schema = schema,
    .put = put,
    .restore = restore,
};
