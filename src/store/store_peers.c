/* SPDX-License-Identifier: MIT */
#include "store/db.h"

#include <string.h>

static const char schema[] =
    "CREATE TABLE peers(no INTEGER PRIMARY KEY, id BLOB NOT NULL, name TEXT NOT NULL,"
    " name_hlc INTEGER NOT NULL, last_seen INTEGER NOT NULL, host TEXT NOT NULL,"
    " port INTEGER NOT NULL, is_contact INTEGER NOT NULL,"
    " is_blocked INTEGER NOT NULL DEFAULT 0, is_verified INTEGER NOT NULL DEFAULT 0);";

/* Names come with what else changes of a peer, and with runs that are on their way to the
 * disk: whichever is put last, the latest one stays. ?4 is the hlc, ?11 what is stored.
 */
#define IS_EARLIER                                                                       \
    "(peers.name_hlc <> 0 AND excluded.id = peers.id"                                    \
    " AND (?4, excluded.name) < (peers.name_hlc, peers.name))"

static int put(struct kith_store *store, const struct kith_record *record)
{
    const struct kith_record_peer *peer = &record->peer;
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_PEER_PUT,
        "INSERT INTO peers VALUES(?1,?2,?3,?11,?5,?6,?7,?8,?9,?10)"
        " ON CONFLICT(no) DO UPDATE SET name = CASE WHEN " IS_EARLIER
        " THEN name ELSE excluded.name END, name_hlc = CASE WHEN " IS_EARLIER
        " THEN name_hlc ELSE excluded.name_hlc END, id = excluded.id,"
        " last_seen = excluded.last_seen, host = excluded.host, port = excluded.port,"
        " is_contact = excluded.is_contact, is_blocked = excluded.is_blocked,"
        " is_verified = excluded.is_verified");
    sqlite3_bind_int64(s, 1, peer->no);
    kith_db_bind_bytes(s, 2, peer->id.bytes, KITH_ID_SIZE);
    kith_db_bind_text(s, 3, peer->name.text);
    sqlite3_bind_int64(s, 4, kith_db_hlc(peer->name_hlc));
    sqlite3_bind_int64(s, 5, peer->last_seen);
    kith_db_bind_text(s, 6, peer->address.host);
    sqlite3_bind_int64(s, 7, peer->address.port);
    sqlite3_bind_int64(s, 8, peer->is_contact);
    sqlite3_bind_int64(s, 9, peer->is_blocked);
    sqlite3_bind_int64(s, 10, peer->is_verified);
    sqlite3_bind_int64(s, 11, peer->is_name_told ? 0 : kith_db_hlc(peer->name_hlc));
    return kith_db_run(store, s, "store a peer");
}

static bool read_row(sqlite3_stmt *s, struct kith_record_peer *peer)
{
    peer->no = (uint32_t)sqlite3_column_int64(s, 0);
    peer->name_hlc = (kith_hlc)sqlite3_column_int64(s, 3);
    peer->last_seen = sqlite3_column_int64(s, 4);
    peer->address.port = (uint16_t)sqlite3_column_int64(s, 6);
    peer->is_contact = sqlite3_column_int64(s, 7) != 0;
    peer->is_blocked = sqlite3_column_int64(s, 8) != 0;
    peer->is_verified = sqlite3_column_int64(s, 9) != 0;
    return kith_db_copy(s, 1, peer->id.bytes, KITH_ID_SIZE) &&
           kith_db_text(s, 2, peer->name.text, sizeof peer->name.text) &&
           kith_db_text(s, 5, peer->address.host, sizeof peer->address.host);
}

static int restore(struct kith_store *store, kith_record_visit *visit, void *ctx)
{
    struct kith_record record = {.type = KITH_RECORD_PEER};
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_PEER_RESTORE,
                                        "SELECT no, id, name, name_hlc, last_seen, host,"
                                        " port, is_contact, is_blocked, is_verified"
                                        " FROM peers ORDER BY no");
    int rc;
    while ((rc = kith_db_step(store, s, "read the peers")) == 1) {
        rc = read_row(s, &record.peer)
                 ? visit(ctx, &record)
                 : kith_db_fail(store, KITH_ECORRUPT, "read a peer");
        if (rc != 0)
            break;
    }
    sqlite3_reset(s);
    return rc;
}

const struct kith_store_family kith_store_peers = {
    .schema = schema,
    .put = put,
    .restore = restore,
};
