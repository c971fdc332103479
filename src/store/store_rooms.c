/* SPDX-License-Identifier: MIT */
#include "store/db.h"

static const char schema[] =
    "CREATE TABLE rooms(no INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL,"
    " name TEXT NOT NULL, peer INTEGER NOT NULL, is_joined INTEGER NOT NULL DEFAULT 1);";

static int put(struct kith_store *store, const struct kith_record *record)
{
    const struct kith_record_room *room = &record->room;
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_ROOM_PUT,
                          "INSERT OR REPLACE INTO rooms VALUES(?1,?2,?3,?4,?5,?6)");
    sqlite3_bind_int64(s, 1, room->no);
    kith_db_bind_bytes(s, 2, room->id.bytes, KITH_ID_SIZE);
    sqlite3_bind_int64(s, 3, room->kind);
    kith_db_bind_text(s, 4, room->name.text);
    sqlite3_bind_int64(s, 5, room->peer_no);
    sqlite3_bind_int64(s, 6, room->is_joined);
    return kith_db_run(store, s, "store a room");
}

static bool read_row(sqlite3_stmt *s, struct kith_record_room *room)
{
    room->no = (uint32_t)sqlite3_column_int64(s, 0);
    room->kind = (enum kith_room_kind)sqlite3_column_int64(s, 2);
    room->peer_no = (uint32_t)sqlite3_column_int64(s, 4);
    room->is_joined = sqlite3_column_int64(s, 5) != 0;
    return kith_db_copy(s, 1, room->id.bytes, KITH_ID_SIZE) &&
           kith_db_text(s, 3, room->name.text, sizeof room->name.text);
}

static int restore(struct kith_store *store, kith_record_visit *visit, void *ctx)
{
    struct kith_record record = {.type = KITH_RECORD_ROOM};
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_ROOM_RESTORE,
                          "SELECT no, id, kind, name, peer, is_joined FROM rooms"
                          " ORDER BY no");
    int rc;
    while ((rc = kith_db_step(store, s, "read the rooms")) == 1) {
        rc = read_row(s, &record.room)
                 ? visit(ctx, &record)
                 : kith_db_fail(store, KITH_ECORRUPT, "read a room");
        if (rc != 0)
            break;
    }
    sqlite3_reset(s);
    return rc;
}

const struct kith_store_family kith_store_rooms = {
    .schema = schema,
    .put = put,
    .restore = restore,
};
