/* SPDX-License-Identifier: MIT */
#include "store/db.h"

#include <string.h>

static const char schema[] =
    "CREATE TABLE trackers(address TEXT NOT NULL PRIMARY KEY, id BLOB NOT NULL,"
    " is_kept INTEGER NOT NULL) WITHOUT ROWID;";

static int put(struct kith_store *store, const struct kith_record *record)
{
    char address[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(&record->tracker.address, address);
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_TRACKER_PUT, "INSERT OR REPLACE INTO trackers VALUES(?1,?2,?3)");
    kith_db_bind_text(s, 1, address);
    kith_db_bind_bytes(s, 2, record->tracker.id.bytes, KITH_ID_SIZE);
    sqlite3_bind_int(s, 3, record->tracker.is_kept);
    return kith_db_run(store, s, "store the key of a tracker");
}

static int restore(struct kith_store *store, kith_record_visit *visit, void *ctx)
{
    struct kith_record record = {.type = KITH_RECORD_TRACKER};
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_TRACKER_RESTORE,
                                        "SELECT address, id, is_kept FROM trackers");
    int rc;
    while ((rc = kith_db_step(store, s, "read the keys of trackers")) == 1) {
        const char *address = (const char *)sqlite3_column_text(s, 0);
        if (address == NULL || sqlite3_column_bytes(s, 1) != KITH_ID_SIZE ||
            kith_address_parse(kith_bytes(address, strlen(address)), 0, false,
                               &record.tracker.address, NULL) != 0) {
            rc = kith_db_fail(store, KITH_ECORRUPT, "read the keys of trackers");
            break;
        }
        memcpy(record.tracker.id.bytes, sqlite3_column_blob(s, 1), KITH_ID_SIZE);
        record.tracker.is_kept = sqlite3_column_int(s, 2) != 0;
        rc = visit(ctx, &record);
        if (rc != 0)
            break;
    }
    sqlite3_reset(s);
    return rc;
}

const struct kith_store_family kith_store_trackers = {
    .schema = schema,
    .put = put,
    .restore = restore,
};
