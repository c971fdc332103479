/* SPDX-License-Identifier: MIT */
/* History for people: pages in the order shown, and events as they arrived. */
#include "store/history.h"

#include <string.h>

/* What the cursors leave of a room. All that may be many stays in: so a page takes a time
 * that is bounded by its limit. */
#define WITHIN                                                                           \
    " e.hlc >= ?2 AND (e.hlc > ?2 OR e.id > ?3) AND e.hlc <= ?4"                         \
    " AND (e.hlc < ?4 OR e.id < ?5) AND " KITH_HISTORY_IS_SHOWN " "

#define PAGE_ROOM(order)                                                                 \
    "SELECT " KITH_HISTORY_COLUMNS " FROM events e CROSS JOIN logs l"                    \
    " ON l.no = e.key >> 40 WHERE e.room = ?1 AND" WITHIN "ORDER BY e.hlc " order        \
    ", e.id " order " LIMIT ?6"

/* At most a page of each room, then the best of those. */
#define PAGE_ALL(order)                                                                  \
    "SELECT " KITH_HISTORY_COLUMNS " FROM rooms r CROSS JOIN events e ON e.key IN"       \
    " (SELECT e.key FROM events e CROSS JOIN logs l ON l.no = e.key >> 40"               \
    "  WHERE e.room = r.no AND" WITHIN "ORDER BY e.hlc " order ", e.id " order           \
    "  LIMIT ?6) CROSS JOIN logs l ON l.no = e.key >> 40 AND ?1 = 0"                     \
    " ORDER BY e.hlc " order ", e.id " order " LIMIT ?6"

enum { AUTHOR = KITH_EVENT_COLUMN_COUNT, CLASS, ARRIVED };

static uint16_t kind_of(int64_t kind, int64_t log_class)
{
    bool fits = kind != KITH_KIND_MESSAGE || log_class == KITH_LOG_CONTENT;
    return fits ? (uint16_t)kind : 0;
}

static struct kith_stored_event to_event(const struct kith_event_row *row, int64_t author,
                                         int64_t log_class)
{
    int64_t key = row->numbers[KITH_EVENT_KEY];
    struct kith_stored_event event = {
        .room_no = (uint32_t)row->numbers[KITH_EVENT_ROOM],
        .log_no = kith_db_key_log(key),
        .author_no = (uint32_t)author,
        .seq = kith_db_key_seq(key),
        .arrival = (uint64_t)row->numbers[KITH_EVENT_ARRIVAL],
        .hlc = (kith_hlc)row->numbers[KITH_EVENT_HLC],
        .seen = row->numbers[KITH_EVENT_SEEN],
        .kind = kind_of(row->numbers[KITH_EVENT_KIND], log_class),
        .own = kith_event_row_bytes(row, KITH_EVENT_OWN),
        .content = kith_event_row_bytes(row, KITH_EVENT_CONTENT),
    };
    memcpy(event.id.bytes, kith_event_row_bytes(row, KITH_EVENT_ID).data, KITH_ID_SIZE);
    return event;
}

int kith_history_visit(struct kith_store *store, sqlite3_stmt *s,
                       kith_stored_event_visit *visit, void *ctx)
{
    int rc;
    while ((rc = kith_db_step(store, s, "read the history")) == 1) {
        struct kith_event_row row;
        struct kith_stored_event event = {
            .is_damaged = !kith_event_row_read(s, &row),
            .arrival = (uint64_t)sqlite3_column_int64(s, ARRIVED),
        };
        if (event.is_damaged)
            kith_db_fail(store, KITH_ECORRUPT, "read an event");
        else
            event = to_event(&row, sqlite3_column_int64(s, AUTHOR),
                             sqlite3_column_int64(s, CLASS));
        rc = visit(ctx, &event);
        if (rc != 0)
            break;
    }
    sqlite3_reset(s);
    return rc;
}

static sqlite3_stmt *page_statement(struct kith_store *store,
                                    const struct kith_page_query *query)
{
    if (query->room_no != 0 && query->is_newest_first)
        return kith_db_statement(store, KITH_SQL_PAGE_ROOM_NEWEST, PAGE_ROOM("DESC"));
    if (query->room_no != 0)
        return kith_db_statement(store, KITH_SQL_PAGE_ROOM_OLDEST, PAGE_ROOM("ASC"));
    if (query->is_newest_first)
        return kith_db_statement(store, KITH_SQL_PAGE_ALL_NEWEST, PAGE_ALL("DESC"));
    return kith_db_statement(store, KITH_SQL_PAGE_ALL_OLDEST, PAGE_ALL("ASC"));
}

int kith_history_limit(size_t limit)
{
    return limit > INT32_MAX ? INT32_MAX : (int)limit;
}

int kith_store_page(struct kith_store *store, const struct kith_page_query *query,
                    kith_stored_event_visit *visit, void *ctx)
{
    uint8_t above_all[KITH_ID_SIZE + 1]; /* longer than any id, so greater than each */
    memset(above_all, 0xff, sizeof above_all);
    sqlite3_stmt *s = page_statement(store, query);
    sqlite3_bind_int64(s, 1, query->room_no);
    sqlite3_bind_int64(s, 2, query->after ? kith_db_hlc(query->after->hlc) : -1);
    kith_db_bind_bytes(s, 3, query->after ? query->after->id.bytes : NULL,
                       query->after ? KITH_ID_SIZE : 0);
    sqlite3_bind_int64(s, 4, query->before ? kith_db_hlc(query->before->hlc) : INT64_MAX);
    kith_db_bind_bytes(s, 5, query->before ? query->before->id.bytes : above_all,
                       query->before ? KITH_ID_SIZE : sizeof above_all);
    sqlite3_bind_int64(s, 6, kith_history_limit(query->limit));
    return kith_history_visit(store, s, visit, ctx);
}

int kith_store_arrivals(struct kith_store *store, uint64_t arrival_from, size_t limit,
                        kith_stored_event_visit *visit, void *ctx)
{
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_ARRIVALS,
        "SELECT " KITH_HISTORY_COLUMNS_ARRIVED " FROM arrivals a CROSS JOIN events e"
        " ON e.key BETWEEN (a.log << 40) + a.seq + max(0, ?1 - a.first)"
        " AND (a.log << 40) + a.seq + a.count - 1"
        " CROSS JOIN logs l ON l.no = a.log AND " KITH_HISTORY_IS_SHOWN
        " WHERE a.first >="
        "  ifnull((SELECT max(first) FROM arrivals WHERE first <= ?1), 0)"
        " ORDER BY a.first, e.key LIMIT ?2");
    sqlite3_bind_int64(s, 1,
                       arrival_from > INT64_MAX ? INT64_MAX : (int64_t)arrival_from);
    sqlite3_bind_int64(s, 2, kith_history_limit(limit));
    return kith_history_visit(store, s, visit, ctx);
}

int kith_store_arrival_group(struct kith_store *store, uint64_t arrival_from,
                             struct kith_arrival_group *out)
{
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_ARRIVAL_GROUP,
                          "SELECT first, log, seq, count FROM arrivals WHERE first >= ?1"
                          " ORDER BY first LIMIT 1");
    sqlite3_bind_int64(s, 1,
                       arrival_from > INT64_MAX ? INT64_MAX : (int64_t)arrival_from);
    int rc = kith_db_step(store, s, "read the order of arrival");
    if (rc != 1)
        return rc == 0 ? KITH_ENOTFOUND : rc;
    *out = (struct kith_arrival_group){
        .first = (uint64_t)sqlite3_column_int64(s, 0),
        .log_no = (uint32_t)sqlite3_column_int64(s, 1),
        .seq = (uint64_t)sqlite3_column_int64(s, 2),
        .count = (uint64_t)sqlite3_column_int64(s, 3),
    };
    sqlite3_reset(s);
    return 0;
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

int kith_store_event(struct kith_store *store, uint32_t log_no, uint64_t seq,
                     kith_stored_event_visit *visit, void *ctx)
{
    struct once once = {.visit = visit, .ctx = ctx};
    if (log_no > KITH_LOG_NO_MAX || seq > KITH_SEQ_MAX)
        return KITH_ENOTFOUND;
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_EVENT_GET,
                          "SELECT " KITH_HISTORY_COLUMNS " FROM events e"
                          " CROSS JOIN logs l ON l.no = e.key >> 40 WHERE e.key = ?1");
    sqlite3_bind_int64(s, 1, kith_db_key(log_no, seq));
    int rc = kith_history_visit(store, s, visit_once, &once);
    return rc != 0 || once.is_found ? rc : KITH_ENOTFOUND;
}
