/* SPDX-License-Identifier: MIT */
/* Facts of the home: one row. */
#include "store/db.h"

#include <string.h>

static const char schema[] =
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), marker BLOB NOT NULL);"
    "INSERT INTO meta VALUES(1, zeroblob(32));";

static int put(struct kith_store *store, const struct kith_record *record)
{
    const uint8_t *marker = record->meta.marker;
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_META_PUT,
                                        "UPDATE meta SET marker = ?1 WHERE id = 1");
    kith_db_bind_bytes(s, 1, marker, KITH_MARKER_SIZE);
    int rc = kith_db_run(store, s, "store the marker");
    if (rc != 0)
        return rc;
    store->is_sync_owed = memcmp(marker, store->marker, KITH_MARKER_SIZE) != 0;
    memcpy(store->marker_put, marker, KITH_MARKER_SIZE);
    return 0;
}

static int restore(struct kith_store *store, kith_record_visit *visit, void *ctx)
{
    struct kith_record record = {.type = KITH_RECORD_META};
    struct kith_record_meta *meta = &record.meta;
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_META_RESTORE,
        "SELECT marker,"
        " (SELECT first + count FROM arrivals ORDER BY first DESC LIMIT 1),"
        " (SELECT max(no) FROM peers), (SELECT max(no) FROM rooms),"
        " (SELECT max(no) FROM logs) FROM meta WHERE id = 1");
    int rc = kith_db_step(store, s, "read the facts of the home");
    if (rc < 0)
        return rc;
    if (rc == 0 || !kith_db_copy(s, 0, meta->marker, KITH_MARKER_SIZE)) {
        sqlite3_reset(s);
        return kith_db_fail(store, KITH_ECORRUPT, "read the facts of the home");
    }
    memcpy(store->marker, meta->marker, KITH_MARKER_SIZE);
    bool is_new = sqlite3_column_type(s, 1) == SQLITE_NULL;
    meta->arrival_next = is_new ? 1 : (uint64_t)sqlite3_column_int64(s, 1);
    meta->peer_no_next = (uint32_t)sqlite3_column_int64(s, 2) + 1;
    meta->room_no_next = (uint32_t)sqlite3_column_int64(s, 3) + 1;
    meta->log_no_next = (uint32_t)sqlite3_column_int64(s, 4) + 1;
    sqlite3_reset(s);
    return visit(ctx, &record);
}

const struct kith_store_family kith_store_meta = {
    .schema = schema,
    .put = put,
    .restore = restore,
};
