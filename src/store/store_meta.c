/* SPDX-License-Identifier: MIT */
/* Facts of the home: one row. */
#include "store/db.h"

#include <stdio.h>
#include <string.h>

static const char schema[] =
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), marker BLOB NOT NULL,"
    " self BLOB);"
    "INSERT INTO meta(id, marker) VALUES(1, zeroblob(32));";

static int note_owner(struct kith_store *store)
{
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(store->db, "UPDATE meta SET self = ?1", -1, &s, NULL);
    kith_db_bind_bytes(s, 1, store->self.bytes, KITH_ID_SIZE);
    int rc = kith_db_run(store, s, "note whose database it is");
    sqlite3_finalize(s);
    return rc;
}

static int refuse_owner(struct kith_store *store, const struct kith_id *owner)
{
    char text[KITH_ID_TEXT_SIZE];
    kith_id_format(owner, text);
    snprintf(store->detail, sizeof store->detail, "it is of %s", text);
    return KITH_EINVALID;
}

int kith_store_claim(struct kith_store *store)
{
    struct kith_id owner = {0};
    sqlite3_stmt *s = NULL;
    if (kith_id_equal(&store->self, &owner))
        return 0;
    sqlite3_prepare_v2(store->db, "SELECT self FROM meta", -1, &s, NULL);
    int rc = kith_db_step(store, s, "see whose database it is");
    bool is_noted = rc == 1 && sqlite3_column_type(s, 0) != SQLITE_NULL;
    bool is_sound = rc == 1 && (!is_noted || kith_db_copy(s, 0, &owner, KITH_ID_SIZE));
    sqlite3_finalize(s);
    if (rc < 0)
        return rc;
    if (!is_sound)
        return kith_db_fail(store, KITH_ECORRUPT, "see whose database it is");
    if (!is_noted)
        return note_owner(store);
    return kith_id_equal(&store->self, &owner) ? 0 : refuse_owner(store, &owner);
}

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
