/* SPDX-License-Identifier: MIT */
/* When things were seen, a row for many arrivals, filled in after the fact with the
 * search index.
 *
 * Arrivals are not in the order of the time they were seen at: clocks are set back, and
 * what waits for its signature is overtaken. So nothing may be concluded from a single
 * one; the latest of a block says what none of them exceeds. */
#include "store/store_seen.h"

static const char schema[] =
    "CREATE TABLE seen_blocks(block INTEGER PRIMARY KEY, latest INTEGER NOT NULL);";

int kith_seen_flush(struct kith_store *store, struct kith_seen_block *at)
{
    if (!at->has_any)
        return 0;
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_SEEN_PUT,
        "INSERT INTO seen_blocks VALUES(?1, ?2)"
        " ON CONFLICT DO UPDATE SET latest = max(latest, excluded.latest)");
    sqlite3_bind_int64(s, 1, (int64_t)at->block);
    sqlite3_bind_int64(s, 2, at->latest);
    at->has_any = false;
    return kith_db_run(store, s, "note when messages were seen");
}

int kith_seen_note(struct kith_store *store, struct kith_seen_block *at, uint64_t arrival,
                   kith_time seen)
{
    uint64_t block = arrival / KITH_SEEN_BLOCK;
    int rc = at->block != block ? kith_seen_flush(store, at) : 0;
    if (!at->has_any || seen > at->latest)
        *at = (struct kith_seen_block){block, seen, true};
    return rc;
}

int kith_store_arrival_since(struct kith_store *store, kith_time since, uint64_t *out)
{
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_SEEN_FROM,
                          "SELECT min(next, ifnull((SELECT min(block) FROM seen_blocks"
                          " WHERE latest >= ?1) * ?2, next)) FROM search_state");
    sqlite3_bind_int64(s, 1, since);
    sqlite3_bind_int64(s, 2, KITH_SEEN_BLOCK);
    int rc = kith_db_step(store, s, "look for a time");
    if (rc != 1)
        return rc == 0 ? kith_db_fail(store, KITH_ECORRUPT, "look for a time") : rc;
    *out = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return 0;
}

const struct kith_store_family kith_store_seen = {
    .schema = schema,
};
