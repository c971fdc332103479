/* SPDX-License-Identifier: MIT */
/* Stored rows put together again as the runs they came in, byte for byte. */
#include "store/event_row.h"

#include <string.h>

struct log_row {
    struct kith_run_head head; /* author, class and log */
    uint32_t base_no;
};

/* 1, 0 when there is none, or negative. */
static int get_log(struct kith_store *store, uint32_t log_no, struct log_row *out)
{
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_LOG_GET,
                          "SELECT l.author, l.log, l.class, l.base, p.id FROM logs l"
                          " LEFT JOIN peers p ON p.no = l.author WHERE l.no = ?1");
    sqlite3_bind_int64(s, 1, log_no);
    int rc = kith_db_step(store, s, "read a log");
    if (rc != 1)
        return rc;
    *out = (struct log_row){
        .head = {.author = store->self,
                 .log_class = (enum kith_log_class)sqlite3_column_int64(s, 2)},
        .base_no = (uint32_t)sqlite3_column_int64(s, 3),
    };
    bool is_sound = kith_db_copy(s, 1, out->head.log.bytes, KITH_LOG_ID_SIZE);
    if (sqlite3_column_int64(s, 0) != 0)
        is_sound &= kith_db_copy(s, 4, out->head.author.bytes, KITH_ID_SIZE);
    sqlite3_reset(s);
    return is_sound ? 1 : kith_db_fail(store, KITH_ECORRUPT, "read a log");
}

int kith_store_event_id(struct kith_store *store, uint32_t log_no, uint64_t seq,
                        struct kith_id *out)
{
    if (log_no > KITH_LOG_NO_MAX || seq > KITH_SEQ_MAX)
        return KITH_ENOTFOUND;
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_EVENT_ID,
                          "SELECT " KITH_EVENT_COLUMNS " FROM events e WHERE e.key = ?1");
    sqlite3_bind_int64(s, 1, kith_db_key(log_no, seq));
    int rc = kith_db_step(store, s, "read an event");
    if (rc != 1)
        return rc == 0 ? KITH_ENOTFOUND : rc;
    struct kith_event_row row;
    bool is_sound = kith_event_row_read(s, &row);
    if (is_sound)
        memcpy(out->bytes, kith_event_row_bytes(&row, KITH_EVENT_ID).data, KITH_ID_SIZE);
    sqlite3_reset(s);
    return is_sound ? 0 : kith_db_fail(store, KITH_ECORRUPT, "read an event");
}

/* The id before `seq`: of the log itself or, where a branch begins, of what it left. */
static int find_prev(struct kith_store *store, uint32_t log_no, uint64_t seq,
                     struct kith_id *out)
{
    *out = (struct kith_id){0};
    if (seq == 1)
        return 0;
    for (;;) {
        int rc = kith_store_event_id(store, log_no, seq - 1, out);
        if (rc != KITH_ENOTFOUND)
            return rc;
        struct log_row row;
        rc = get_log(store, log_no, &row);
        if (rc < 0)
            return rc;
        /* A branch is numbered after its base, so this ends. */
        if (rc == 0 || row.base_no == 0 || row.base_no >= log_no)
            return kith_db_fail(store, KITH_ECORRUPT, "find what a run follows");
        log_no = row.base_no;
    }
}

/* The row before the first of the run that holds `seq`: the end of the run before it,
 * at most a run's length back. */
static int find_start(struct kith_store *store, uint32_t log_no, uint64_t seq,
                      int64_t *out)
{
    uint64_t lowest = seq > KITH_RUN_COUNT_MAX ? seq - KITH_RUN_COUNT_MAX : 0;
    *out = kith_db_key(log_no, lowest);
    sqlite3_stmt *s = kith_db_statement(
        store, KITH_SQL_RUN_START,
        "SELECT key FROM events WHERE key >= ?1 AND key < ?2 AND signature IS NOT NULL"
        " ORDER BY key DESC LIMIT 1");
    sqlite3_bind_int64(s, 1, *out);
    sqlite3_bind_int64(s, 2, kith_db_key(log_no, seq));
    int rc = kith_db_step(store, s, "find a run");
    if (rc == 1)
        *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return rc < 0 ? rc : 0;
}

/* A run being put together in the store's writer. */
struct assembly {
    struct kith_run_head head;
    struct kith_stored_run run;
    size_t count; /* 0: between runs */
    size_t offset;
    uint64_t seq_next; /* 0: any */
};

enum { RUN_OPEN, RUN_WHOLE, RUN_GAP };

static bool is_possible(struct kith_bytes own, struct kith_bytes content)
{
    bool is_discarded = content.size == 0;
    return own.size <= KITH_OWN_SIZE_MAX &&
           (is_discarded || content.size >= KITH_SALT_SIZE) &&
           content.size <= KITH_SALT_SIZE + KITH_BODY_SIZE_MAX;
}

/* One more row. Returns one of the above or an error. */
static int add_row(struct kith_store *store, struct assembly *a, sqlite3_stmt *s)
{
    struct kith_writer *w = &store->writer;
    struct kith_event_row row;
    if (!kith_event_row_read(s, &row))
        return kith_db_fail(store, KITH_ECORRUPT, "read a run");
    uint64_t seq = kith_db_key_seq(row.numbers[KITH_EVENT_KEY]);
    if (a->seq_next != 0 && seq != a->seq_next)
        return a->count == 0 ? RUN_GAP : kith_db_fail(store, KITH_ECORRUPT, "read a run");
    a->seq_next = seq + 1;
    if (a->count == 0) {
        kith_writer_clear(w);
        a->head.seq_first = a->run.seq_first = seq;
        a->offset = kith_run_begin(w, &a->head);
    }
    struct kith_bytes own = kith_event_row_bytes(&row, KITH_EVENT_OWN);
    struct kith_bytes content = kith_event_row_bytes(&row, KITH_EVENT_CONTENT);
    if (!is_possible(own, content))
        return kith_db_fail(store, KITH_ECORRUPT, "read a run");
    kith_run_add(w, a->offset, own, content);
    a->count++;
    struct kith_bytes signature = kith_event_row_bytes(&row, KITH_EVENT_SIGNATURE);
    if (signature.size == 0 && a->count < KITH_RUN_COUNT_MAX)
        return RUN_OPEN;
    if (signature.size != KITH_SIGNATURE_SIZE)
        return kith_db_fail(store, KITH_ECORRUPT, "read a run");
    memcpy(a->run.head.bytes, kith_event_row_bytes(&row, KITH_EVENT_ID).data,
           KITH_ID_SIZE);
    kith_run_sign(w, a->offset, signature.data);
    a->run.seq_last = seq;
    a->run.bytes = kith_writer_view(w);
    a->head.prev = a->run.head;
    a->count = 0;
    return w->failed ? kith_db_fail(store, KITH_ENOMEM, "read a run") : RUN_WHOLE;
}

static int visit_runs(struct kith_store *store, sqlite3_stmt *s, struct assembly *a,
                      uint64_t seq_last, size_t bytes_max, kith_run_visit *visit,
                      void *ctx)
{
    size_t size = 0;
    int rc;
    while ((rc = kith_db_step(store, s, "read a run")) == 1) {
        rc = add_row(store, a, s);
        if (rc == RUN_OPEN)
            continue;
        if (rc != RUN_WHOLE)
            return rc == RUN_GAP ? 0 : rc;
        if (size > 0 && a->run.bytes.size > bytes_max - size)
            return 0;
        rc = visit(ctx, &a->run);
        size += a->run.bytes.size;
        if (rc != 0 || size >= bytes_max || a->run.seq_last >= seq_last)
            return rc;
    }
    if (rc == 0 && a->count > 0)
        rc = kith_db_fail(store, KITH_ECORRUPT, "read a run: its end is missing");
    return rc;
}

/* What the first run follows is not known before its first row is. */
static int find_first_prev(struct kith_store *store, uint32_t log_no, int64_t start,
                           struct assembly *a)
{
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_RUN_FIRST,
                          "SELECT min(key) FROM events WHERE key > ?1 AND key <= ?2");
    sqlite3_bind_int64(s, 1, start);
    sqlite3_bind_int64(s, 2, kith_db_key(log_no, KITH_SEQ_MAX));
    int rc = kith_db_step(store, s, "find a run");
    bool is_there = rc == 1 && sqlite3_column_type(s, 0) != SQLITE_NULL;
    uint64_t seq = is_there ? kith_db_key_seq(sqlite3_column_int64(s, 0)) : 0;
    sqlite3_reset(s);
    if (!is_there)
        return rc < 0 ? rc : 0;
    rc = find_prev(store, log_no, seq, &a->head.prev);
    return rc != 0 ? rc : 1;
}

int kith_store_load(struct kith_store *store, uint32_t log_no, uint64_t seq_from,
                    uint64_t seq_last, size_t bytes_max, kith_run_visit *visit, void *ctx)
{
    struct log_row row;
    int64_t start = 0;
    if (seq_from > KITH_SEQ_MAX)
        return 0;
    int rc = get_log(store, log_no, &row);
    if (rc != 1)
        return rc == 0 ? KITH_ENOTFOUND : rc;
    struct assembly a = {.head = row.head};
    rc = find_start(store, log_no, seq_from, &start);
    if (rc == 0)
        rc = find_first_prev(store, log_no, start, &a);
    if (rc != 1)
        return rc;
    sqlite3_stmt *s =
        kith_db_statement(store, KITH_SQL_RUN_ROWS,
                          "SELECT " KITH_EVENT_COLUMNS " FROM events e"
                          " WHERE e.key > ?1 AND e.key <= ?2 ORDER BY e.key");
    sqlite3_bind_int64(s, 1, start);
    sqlite3_bind_int64(s, 2, kith_db_key(log_no, KITH_SEQ_MAX));
    rc = visit_runs(store, s, &a, seq_last, bytes_max, visit, ctx);
    sqlite3_reset(s);
    return rc;
}
