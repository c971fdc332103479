/* SPDX-License-Identifier: MIT */
/* Full-text search over messages, filled in after the fact.
 *
 * The index holds words only, no texts; its rows are named by arrival number, which rises
 * as FTS5 likes it and lists the latest first without sorting.
 *
 * Each transaction leaves a segment, and segments have to be merged. Left to itself FTS5
 * merges within some insert all there is to merge, a tenth of a second and more. So it is
 * told not to, and a step either merges a few pages or, when nothing is left to merge,
 * adds rows. */
#include "store/history.h"
#include "store/search_query.h"
#include "store/store_ids.h"
#include "store/store_seen.h"

#include <string.h>

#define STEP_ROWS_MAX  4096 /* in one transaction while a search waits */
#define ROW_SIZE       256  /* bytes of text; a longer one counts as several rows */
#define ROWS_A_PAGE    4    /* that take as long as merging a page does */
#define CHANGES_AT_ALL 2    /* FTS5 says: fewer, and there was nothing to merge */
#define ENOUGH         1    /* for this step */

static const char schema[] =
    "CREATE VIRTUAL TABLE search USING fts5(text, content = '',"
    " tokenize = 'unicode61 remove_diacritics 2');"
    "CREATE TABLE search_state(id INTEGER PRIMARY KEY CHECK(id = 1),"
    " next INTEGER NOT NULL);" /* arrival number to go on from */
    "INSERT INTO search_state VALUES(1, 1);";

/* The settings are kept in the database. At most 1999 segments of a level, and merging
 * keeps them far below. */
static const char settings[] =
    "INSERT INTO search(search, rank) VALUES('automerge', 0);"
    "INSERT INTO search(search, rank) VALUES('crisismerge', 1999);";

struct indexing {
    struct kith_store *store;
    size_t rows_left;
    size_t count;
    uint64_t next;
    struct kith_seen_block seen;
};

static int set_up(struct kith_store *store)
{
    int64_t is_set_up = 0;
    int rc = kith_db_number(
        store, "SELECT count(*) FROM search_config WHERE k = 'automerge' AND v = 0",
        &is_set_up);
    if (rc == 0 && !is_set_up) {
        rc = kith_db_begin(store);
        if (rc == 0)
            rc = kith_db_exec(store, settings, "set up the search index");
        if (rc == 0)
            rc = kith_store_commit(store);
        if (rc != 0)
            kith_store_rollback(store);
    }
    store->is_index_set_up = rc == 0;
    return rc;
}

static size_t rows_of(struct kith_bytes text)
{
    return 1 + text.size / ROW_SIZE;
}

static bool get_text(const struct kith_stored_event *event, struct kith_bytes *out)
{
    if (event->kind != KITH_KIND_MESSAGE || event->content.size <= KITH_SALT_SIZE)
        return false;
    struct kith_bytes body = kith_bytes(event->content.data + KITH_SALT_SIZE,
                                        event->content.size - KITH_SALT_SIZE);
    return kith_body_message_decode(body, out) == 0;
}

static int index_event(void *ctx, const struct kith_stored_event *event)
{
    struct indexing *indexing = ctx;
    struct kith_store *store = indexing->store;
    struct kith_bytes text;
    indexing->count++;
    indexing->next = event->arrival + 1;
    int rc = event->is_damaged
                 ? 0
                 : kith_seen_note(store, &indexing->seen, event->arrival, event->seen);
    if (rc != 0)
        return rc;
    if (event->is_damaged || !get_text(event, &text))
        return --indexing->rows_left == 0 ? ENOUGH : 0;
    rc = kith_ids_put(store, &event->id, event->arrival);
    if (rc != 0)
        return rc;
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_INDEX_PUT,
                                        "INSERT INTO search(rowid, text) VALUES(?1, ?2)");
    sqlite3_bind_int64(s, 1, (int64_t)event->arrival);
    sqlite3_bind_text(s, 2, (const char *)text.data, (int)text.size, SQLITE_STATIC);
    rc = kith_db_run(store, s, "index a message");
    size_t rows = rows_of(text);
    indexing->rows_left -= rows < indexing->rows_left ? rows : indexing->rows_left;
    return rc == 0 && indexing->rows_left == 0 ? ENOUGH : rc;
}

/* Within a transaction, as what follows. */
static int index_events(struct kith_store *store, size_t rows_max, bool *out_changed,
                        bool *out_more)
{
    struct indexing indexing = {.store = store, .rows_left = rows_max};
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_INDEX_FROM, "SELECT next FROM search_state");
    int rc = kith_db_step(store, s, "read the state of the search index");
    if (rc != 1)
        return rc == 0 ? kith_db_fail(store, KITH_ECORRUPT, "index messages") : rc;
    uint64_t next = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    rc = kith_store_arrivals(store, next, rows_max, index_event, &indexing);
    *out_changed = indexing.count > 0;
    *out_more = rc == ENOUGH;
    if (rc < 0 || indexing.count == 0)
        return rc;
    rc = kith_seen_flush(store, &indexing.seen);
    if (rc != 0)
        return rc;
    s = kith_db_statement(store, KITH_SQL_INDEX_DONE,
                          "UPDATE search_state SET next = ?1");
    sqlite3_bind_int64(s, 1, (int64_t)indexing.next);
    return kith_db_run(store, s, "index messages");
}

static int merge(struct kith_store *store, size_t pages, bool *out_changed)
{
    int before = sqlite3_total_changes(store->db);
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_INDEX_MERGE,
                          "INSERT INTO search(search, rank) VALUES('merge', ?1)");
    sqlite3_bind_int64(s, 1, (int64_t)pages);
    int rc = kith_db_run(store, s, "merge the search index");
    *out_changed = sqlite3_total_changes(store->db) - before >= CHANGES_AT_ALL;
    return rc;
}

static int merge_or_index(struct kith_store *store, size_t rows_max, bool *out_more)
{
    bool is_changed = false;
    int rc = merge(store, 1 + rows_max / ROWS_A_PAGE, &is_changed);
    *out_more = is_changed;
    if (rc == 0 && !is_changed)
        rc = index_events(store, rows_max, &is_changed, out_more);
    if (rc == 0 && is_changed)
        rc = kith_store_commit(store);
    if (rc != 0 || !is_changed)
        kith_store_rollback(store);
    return rc;
}

int kith_store_index_step(struct kith_store *store, size_t rows_max, bool *out_more)
{
    bool has_more = store->is_dirty;
    int rc = 0;
    if (!store->is_dirty) {
        rc = store->is_index_set_up ? 0 : set_up(store);
        if (rc == 0)
            rc = kith_db_begin(store);
        if (rc == 0)
            rc = merge_or_index(store, rows_max, &has_more);
    }
    if (out_more)
        *out_more = rc == 0 && has_more;
    return rc;
}

static int find(struct kith_store *store, struct kith_bytes words,
                const struct kith_search_query *query, kith_stored_event_visit *visit,
                void *ctx)
{
    bool is_bounded = query->arrival_before != 0 && query->arrival_before <= INT64_MAX;
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_SEARCH,
        "SELECT " KITH_HISTORY_COLUMNS_ARRIVED " FROM search f CROSS JOIN arrivals a"
        " ON a.first = (SELECT max(first) FROM arrivals WHERE first <= f.rowid)"
        " CROSS JOIN events e ON e.key = (a.log << 40) + a.seq + f.rowid - a.first"
        " CROSS JOIN logs l ON l.no = a.log"
        " WHERE f.search MATCH ?1 AND f.rowid < ?2 AND f.rowid >= ?4"
        " ORDER BY f.rowid DESC LIMIT ?3");
    sqlite3_bind_text(s, 1, (const char *)words.data, (int)words.size, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, is_bounded ? (int64_t)query->arrival_before : INT64_MAX);
    sqlite3_bind_int64(s, 3, kith_history_limit(query->limit));
    sqlite3_bind_int64(
        s, 4, query->arrival_from > INT64_MAX ? INT64_MAX : (int64_t)query->arrival_from);
    return kith_history_visit(store, s, visit, ctx);
}

int kith_store_search_indexed(struct kith_store *store,
                              const struct kith_search_query *query,
                              kith_stored_event_visit *visit, void *ctx)
{
    struct kith_writer words = kith_writer(&kith_alloc_heap);
    int rc = kith_search_query(store, query->text, &words);
    if (rc == 1)
        rc = find(store, kith_writer_view(&words), query, visit, ctx);
    kith_writer_deinit(&words);
    return rc;
}

int kith_store_search(struct kith_store *store, struct kith_bytes text,
                      uint64_t arrival_before, size_t limit,
                      kith_stored_event_visit *visit, void *ctx)
{
    struct kith_search_query query = {
        .text = text, .arrival_before = arrival_before, .limit = limit};
    bool is_behind = !store->is_dirty;
    int rc = 0;
    while (rc == 0 && is_behind)
        rc = kith_store_index_step(store, STEP_ROWS_MAX, &is_behind);
    return rc == 0 ? kith_store_search_indexed(store, &query, visit, ctx) : rc;
}

const struct kith_store_family kith_store_index = {
    .schema = schema,
};
