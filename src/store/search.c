/* SPDX-License-Identifier: MIT */
/* Full-text search over messages, filled in after the fact.
 *
 * The index holds words only, no texts; its rows are named by arrival number, which rises
 * as FTS5 likes it and lists the latest first without sorting. */
#include "store/history.h"

#include <string.h>

#define STEP_ROWS_MAX 4096 /* in one transaction while a search waits */

static const char schema[] =
    "CREATE VIRTUAL TABLE search USING fts5(text, content = '',"
    " tokenize = 'unicode61 remove_diacritics 2');"
    "CREATE TABLE search_state(id INTEGER PRIMARY KEY CHECK(id = 1),"
    " next INTEGER NOT NULL);" /* arrival number to go on from */
    "INSERT INTO search_state VALUES(1, 1);";

struct indexing {
    struct kith_store *store;
    size_t count;
    uint64_t next;
};

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
    if (!get_text(event, &text))
        return 0;
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_INDEX_PUT,
                                        "INSERT INTO search(rowid, text) VALUES(?1, ?2)");
    sqlite3_bind_int64(s, 1, (int64_t)event->arrival);
    sqlite3_bind_text(s, 2, (const char *)text.data, (int)text.size, SQLITE_STATIC);
    return kith_db_run(store, s, "index a message");
}

/* Within a transaction. */
static int index_events(struct kith_store *store, size_t rows_max, size_t *out_count)
{
    struct indexing indexing = {.store = store};
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_INDEX_FROM, "SELECT next FROM search_state");
    int rc = kith_db_step(store, s, "read the state of the search index");
    if (rc != 1)
        return rc == 0 ? kith_db_fail(store, KITH_ECORRUPT, "index messages") : rc;
    uint64_t next = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    rc = kith_store_arrivals(store, next, rows_max, index_event, &indexing);
    *out_count = indexing.count;
    if (rc != 0 || indexing.count == 0)
        return rc;
    s = kith_db_statement(store, KITH_SQL_INDEX_DONE,
                          "UPDATE search_state SET next = ?1");
    sqlite3_bind_int64(s, 1, (int64_t)indexing.next);
    return kith_db_run(store, s, "index messages");
}

int kith_store_index_step(struct kith_store *store, size_t rows_max, bool *out_more)
{
    size_t count = 0;
    bool is_dirty = store->is_dirty;
    int rc = is_dirty ? 0 : kith_db_begin(store);
    if (!is_dirty && rc == 0) {
        rc = index_events(store, rows_max, &count);
        if (rc == 0 && count > 0)
            rc = kith_store_commit(store);
        if (rc != 0 || count == 0)
            kith_store_rollback(store);
    }
    if (out_more)
        *out_more = is_dirty || (rc == 0 && count == rows_max);
    return rc;
}

static bool is_space(uint8_t byte)
{
    return byte <= ' ' || byte == 0x7f;
}

/* Each word in quotes, so that nothing in it is an operator; the last as a prefix. False
 * when there is no word. */
static bool make_query(struct kith_bytes text, struct kith_writer *out)
{
    size_t size =
        text.size > KITH_STORE_QUERY_SIZE_MAX ? KITH_STORE_QUERY_SIZE_MAX : text.size;
    size_t words = 0;
    for (size_t i = 0; i < size && words < KITH_STORE_QUERY_WORDS_MAX;) {
        if (is_space(text.data[i])) {
            i++;
            continue;
        }
        kith_writer_bytes(out, " \"", 2);
        for (; i < size && !is_space(text.data[i]); i++) {
            kith_writer_u8(out, text.data[i]);
            if (text.data[i] == '"')
                kith_writer_u8(out, '"');
        }
        kith_writer_u8(out, '"');
        words++;
    }
    kith_writer_u8(out, '*');
    return words > 0;
}

static int find(struct kith_store *store, struct kith_bytes query,
                uint64_t arrival_before, size_t limit, kith_stored_event_visit *visit,
                void *ctx)
{
    bool is_bounded = arrival_before != 0 && arrival_before <= INT64_MAX;
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_SEARCH,
        "SELECT " KITH_HISTORY_COLUMNS " FROM search f CROSS JOIN arrivals a ON a.first ="
        " (SELECT max(first) FROM arrivals WHERE first <= f.rowid)"
        " CROSS JOIN events e ON e.key = (a.log << 40) + a.seq + f.rowid - a.first"
        " CROSS JOIN logs l ON l.no = a.log"
        " WHERE f.search MATCH ?1 AND f.rowid < ?2 ORDER BY f.rowid DESC LIMIT ?3");
    sqlite3_bind_text(s, 1, (const char *)query.data, (int)query.size, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, is_bounded ? (int64_t)arrival_before : INT64_MAX);
    sqlite3_bind_int64(s, 3, kith_history_limit(limit));
    return kith_history_visit(store, s, visit, ctx);
}

int kith_store_search(struct kith_store *store, struct kith_bytes text,
                      uint64_t arrival_before, size_t limit,
                      kith_stored_event_visit *visit, void *ctx)
{
    struct kith_writer query = kith_writer(&kith_alloc_heap);
    bool has_word = make_query(text, &query);
    bool is_behind = has_word && !store->is_dirty;
    int rc = query.failed ? kith_db_fail(store, KITH_ENOMEM, "search") : 0;
    while (rc == 0 && is_behind)
        rc = kith_store_index_step(store, STEP_ROWS_MAX, &is_behind);
    if (rc == 0 && has_word)
        rc = find(store, kith_writer_view(&query), arrival_before, limit, visit, ctx);
    kith_writer_deinit(&query);
    return rc;
}

const struct kith_store_family kith_store_index = {
    .schema = schema,
};
