/* SPDX-License-Identifier: MIT */
/* Looking a message up by its id, filled in after the fact with the search index.
 *
 * Ids are random, and an index of them costs a commit a factor of three; so nothing is
 * added to it while messages come. A quarter of an id is kept: it finds the row, which
 * has all of it. */
#include "store/store_ids.h"

#include "store/history.h"

static const char schema[] =
    "CREATE TABLE ids(beginning INTEGER NOT NULL, arrival INTEGER NOT NULL,"
    " PRIMARY KEY(beginning, arrival)) WITHOUT ROWID;";

static int64_t beginning_of(const struct kith_id *id)
{
    uint64_t beginning = 0;
    for (size_t i = 0; i < sizeof beginning; i++)
        beginning = beginning << 8 | id->bytes[i];
    return (int64_t)beginning;
}

int kith_ids_put(struct kith_store *store, const struct kith_id *id, uint64_t arrival)
{
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_ID_PUT,
                                        "INSERT OR IGNORE INTO ids VALUES(?1, ?2)");
    sqlite3_bind_int64(s, 1, beginning_of(id));
    sqlite3_bind_int64(s, 2, (int64_t)arrival);
    return kith_db_run(store, s, "note the id of a message");
}

struct once {
    kith_stored_event_visit *visit;
    void *ctx;
    bool is_found;
};

static int visit_once(void *ctx, const struct kith_stored_event *event)
{
    struct once *once = ctx;
    once->is_found = true;
    return once->visit(once->ctx, event);
}

int kith_store_message(struct kith_store *store, const struct kith_id *id,
                       kith_stored_event_visit *visit, void *ctx)
{
    struct once once = {.visit = visit, .ctx = ctx};
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_ID_GET,
        "SELECT " KITH_HISTORY_COLUMNS_ARRIVED " FROM ids i CROSS JOIN arrivals a"
        " ON a.first = (SELECT max(first) FROM arrivals WHERE first <= i.arrival)"
        " CROSS JOIN events e ON e.key = (a.log << 40) + a.seq + i.arrival - a.first"
        " CROSS JOIN logs l ON l.no = a.log"
        " WHERE i.beginning = ?1 AND e.id = ?2 AND " KITH_HISTORY_FITS_CLASS " LIMIT 1");
    sqlite3_bind_int64(s, 1, beginning_of(id));
    kith_db_bind_bytes(s, 2, id->bytes, KITH_ID_SIZE);
    int rc = kith_history_visit(store, s, visit_once, &once);
    return rc != 0 || once.is_found ? rc : KITH_ENOTFOUND;
}

const struct kith_store_family kith_store_ids = {
    .schema = schema,
};
