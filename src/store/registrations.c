/* SPDX-License-Identifier: MIT */
#include "store/registrations.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/error.h"
#include "store/db.h"
#include "store/lock.h"

#define APPLICATION 0x6b747261 /* "ktra", in the file's application id */
#define BUSY_MS_MAX 2000       /* somebody who reads the file with a tool of his own */

/* `is_here` rows were last seen at the mark. */
static const char schema[] =
    "CREATE TABLE peers(id BLOB PRIMARY KEY, tag BLOB NOT NULL, name TEXT NOT NULL,"
    " ip BLOB NOT NULL, port INTEGER NOT NULL, is_here INTEGER NOT NULL,"
    " seen INTEGER NOT NULL, reached INTEGER NOT NULL,"
    " public_counter INTEGER NOT NULL, local_counter INTEGER NOT NULL,"
    " public_record BLOB NOT NULL, local_record BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE mark(one INTEGER PRIMARY KEY CHECK (one = 1), seen INTEGER NOT NULL);"
    "INSERT INTO mark VALUES(1, 0);";

enum statement { BEGIN, COMMIT, PUT, REMOVE, MARK, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [PUT] = "REPLACE INTO peers VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
    [REMOVE] = "DELETE FROM peers WHERE id = ?",
    [MARK] = "UPDATE mark SET seen = ?",
};

struct kith_registrations {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct kith_lock lock;
    bool is_open; /* a transaction */
    char detail[KITH_REGISTRATIONS_DETAIL_SIZE];
};

/* ---- errors ---- */

static int failed(struct kith_registrations *s, const char *what)
{
    int error = kith_db_error(s->db, sqlite3_extended_errcode(s->db));
    snprintf(s->detail, sizeof s->detail, "%s: %s", what, sqlite3_errmsg(s->db));
    if (error == KITH_EINVALID) /* a constraint, which no row of a tracker's breaks */
        error = KITH_ECORRUPT;
    return error != 0 ? error : KITH_EIO;
}

static int exec(struct kith_registrations *s, const char *sql, const char *what)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(s, what);
}

static void undo(struct kith_registrations *s)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_reset(s->statements[i]);
    if (!sqlite3_get_autocommit(s->db)) /* after some failures SQLite did it already */
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->is_open = false;
}

static int run(struct kith_registrations *s, enum statement which, const char *what)
{
    sqlite3_stmt *statement = s->statements[which];
    int rc = sqlite3_step(statement);
    int error = rc == SQLITE_DONE ? 0 : failed(s, what);
    sqlite3_reset(statement);
    if (error != 0)
        undo(s);
    return error;
}

static int begin(struct kith_registrations *s)
{
    if (s->is_open)
        return 0;
    int error = run(s, BEGIN, "begin");
    s->is_open = error == 0;
    return error;
}

static int damaged(struct kith_registrations *s)
{
    snprintf(s->detail, sizeof s->detail, "a row is damaged");
    return KITH_ECORRUPT;
}

/* ---- opening ---- */

static int take_lock(struct kith_registrations *s, const char *path)
{
    char lock[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = slash != NULL ? (int)(slash - path) : 1;
    if ((size_t)size + sizeof "/lock" > sizeof lock)
        return KITH_EINVALID;
    snprintf(lock, sizeof lock, "%.*s/lock", size, slash != NULL ? path : ".");
    return kith_lock_take(lock, &s->lock, s->detail, sizeof s->detail);
}

/* Nobody else reads along: SQLite gives its other files the mode of this one. */
static int touch(struct kith_registrations *s, const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        close(file);
        return 0;
    }
    int number = errno;
    snprintf(s->detail, sizeof s->detail, "open %.160s: %s", path, strerror(number));
    if (number == EACCES || number == EPERM || number == EROFS)
        return KITH_EREADONLY;
    return number == ENOSPC || number == EDQUOT ? KITH_EFULL : KITH_EIO;
}

static int number(struct kith_registrations *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    int error = sqlite3_step(statement) == SQLITE_ROW ? 0 : failed(s, "read");
    if (error == 0)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return error;
}

static int make_tables(struct kith_registrations *s)
{
    char version[96];
    snprintf(version, sizeof version,
             "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", APPLICATION,
             KITH_REGISTRATIONS_VERSION);
    int error = exec(s, "BEGIN IMMEDIATE", "create the tables");
    if (error == 0)
        error = exec(s, schema, "create the tables");
    return error == 0 ? exec(s, version, "create the tables") : error;
}

static int prepare_schema(struct kith_registrations *s)
{
    int64_t version = 0, application = 0, count = 0;
    int error = number(s, "PRAGMA user_version", &version);
    if (error == 0)
        error = number(s, "PRAGMA application_id", &application);
    if (error == 0)
        error = number(s, "SELECT count(*) FROM sqlite_schema", &count);
    if (error != 0)
        return error;
    if (version == 0 && application == 0 && count == 0)
        return make_tables(s);
    if (application != APPLICATION || version < 1) {
        snprintf(s->detail, sizeof s->detail, "not a tracker's database");
        return KITH_ECORRUPT;
    }
    if (version <= KITH_REGISTRATIONS_VERSION)
        return 0;
    snprintf(s->detail, sizeof s->detail,
             "its schema is version %lld, this kith knows %d", (long long)version,
             KITH_REGISTRATIONS_VERSION);
    return KITH_ENEWER;
}

static int prepare_statements(struct kith_registrations *s)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &s->statements[i], NULL) != SQLITE_OK)
            return failed(s, "prepare");
    return 0;
}

static int open_database(struct kith_registrations *s, const char *path)
{
    int error = take_lock(s, path);
    if (error == 0)
        error = touch(s, path);
    if (error != 0)
        return error;
    if (kith_db_open(path, SQLITE_OPEN_CREATE, &s->db) != SQLITE_OK)
        return failed(s, "open the database");
    sqlite3_busy_timeout(s->db, BUSY_MS_MAX);
    error = exec(s,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                 "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY",
                 "open the database");
    if (error == 0)
        error = prepare_schema(s);
    return error == 0 ? prepare_statements(s) : error;
}

int kith_registrations_open(const char *path, struct kith_registrations **out,
                            char detail[static KITH_REGISTRATIONS_DETAIL_SIZE])
{
    struct kith_registrations *s = calloc(1, sizeof *s);
    if (s == NULL)
        return KITH_ENOMEM;
    s->lock = KITH_LOCK_NONE;
    int error = open_database(s, path);
    if (error != 0) {
        memcpy(detail, s->detail, sizeof s->detail);
        kith_registrations_close(s);
        return error;
    }
    *out = s;
    return 0;
}

void kith_registrations_close(struct kith_registrations *registrations)
{
    struct kith_registrations *s = registrations;
    if (s == NULL)
        return;
    if (s->is_open)
        (void)kith_registrations_commit(s); /* nobody is left to be told */
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    kith_lock_release(&s->lock);
    free(s);
}

const char *kith_registrations_detail(const struct kith_registrations *registrations)
{
    return registrations->detail;
}

void kith_registrations_limit(struct kith_registrations *registrations,
                              uint32_t page_count_max)
{
    char sql[48];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %u",
             page_count_max != 0 ? page_count_max : UINT32_MAX - 1);
    sqlite3_exec(registrations->db, sql, NULL, NULL, NULL);
}

/* ---- writing ---- */

int kith_registrations_put(struct kith_registrations *s,
                           const struct kith_registration *row)
{
    sqlite3_stmt *put = s->statements[PUT];
    int error = begin(s);
    if (error != 0)
        return error;
    kith_db_bind_bytes(put, 1, row->id.bytes, sizeof row->id.bytes);
    kith_db_bind_bytes(put, 2, row->tag, sizeof row->tag);
    kith_db_bind_text(put, 3, row->name.text);
    kith_db_bind_bytes(put, 4, row->remote.ip.bytes, sizeof row->remote.ip.bytes);
    sqlite3_bind_int(put, 5, row->remote.port);
    sqlite3_bind_int(put, 6, row->is_here);
    sqlite3_bind_int64(put, 7, (int64_t)row->seen_s);
    sqlite3_bind_int(put, 8, row->reached);
    for (int i = 0; i < KITH_TRACKED_RECORDS_MAX; i++) {
        sqlite3_bind_int64(put, 9 + i, (int64_t)row->counters[i]); /* all 64 bits */
        kith_db_bind_bytes(put, 9 + KITH_TRACKED_RECORDS_MAX + i, row->records[i].data,
                           row->records[i].size);
    }
    return run(s, PUT, "keep a peer");
}

int kith_registrations_remove(struct kith_registrations *s, const struct kith_id *id)
{
    int error = begin(s);
    if (error != 0)
        return error;
    kith_db_bind_bytes(s->statements[REMOVE], 1, id->bytes, sizeof id->bytes);
    return run(s, REMOVE, "forget a peer");
}

int kith_registrations_mark(struct kith_registrations *s, uint64_t seen_s)
{
    int error = begin(s);
    if (error != 0)
        return error;
    sqlite3_bind_int64(s->statements[MARK], 1, (int64_t)seen_s);
    return run(s, MARK, "keep the time");
}

int kith_registrations_commit(struct kith_registrations *s)
{
    if (!s->is_open)
        return 0;
    int error = run(s, COMMIT, "commit");
    s->is_open = false;
    return error;
}

/* ---- reading ---- */

static bool read_row(sqlite3_stmt *get, struct kith_registration *out)
{
    int64_t port = sqlite3_column_int64(get, 4);
    bool is_whole =
        kith_db_copy(get, 0, out->id.bytes, sizeof out->id.bytes) &&
        kith_db_copy(get, 1, out->tag, sizeof out->tag) &&
        kith_db_text(get, 2, out->name.text, sizeof out->name.text) &&
        kith_db_copy(get, 3, out->remote.ip.bytes, sizeof out->remote.ip.bytes) &&
        port >= 0 && port <= UINT16_MAX && sqlite3_column_int64(get, 6) >= 0;
    out->remote.port = (uint16_t)port;
    out->is_here = sqlite3_column_int(get, 5) != 0;
    out->seen_s = (uint64_t)sqlite3_column_int64(get, 6);
    out->reached = (uint8_t)sqlite3_column_int(get, 7);
    for (int i = 0; i < KITH_TRACKED_RECORDS_MAX; i++) {
        out->counters[i] = (uint64_t)sqlite3_column_int64(get, 8 + i);
        out->records[i] = kith_db_bytes(get, 8 + KITH_TRACKED_RECORDS_MAX + i);
    }
    return is_whole;
}

static int visit_rows(struct kith_registrations *s, sqlite3_stmt *get,
                      kith_registration_visit *visit, void *ctx)
{
    int rc;
    while ((rc = sqlite3_step(get)) == SQLITE_ROW) {
        struct kith_registration row = {0};
        int stopped = read_row(get, &row) ? visit(ctx, &row) : KITH_ECORRUPT;
        if (stopped != 0)
            return stopped == KITH_ECORRUPT ? damaged(s) : stopped;
    }
    return rc == SQLITE_DONE ? 0 : failed(s, "read the peers");
}

/* Those who were here when the tracker ended are away now, and stay so in later marks. */
static int settle(struct kith_registrations *s, uint64_t since_s)
{
    char sql[96];
    snprintf(sql, sizeof sql, "DELETE FROM peers WHERE seen <= %llu",
             (unsigned long long)since_s);
    int error = exec(s,
                     "UPDATE peers SET is_here = 0, seen = max(seen, (SELECT seen FROM"
                     " mark)) WHERE is_here",
                     "settle the peers");
    return error == 0 ? exec(s, sql, "settle the peers") : error;
}

int kith_registrations_restore(struct kith_registrations *s, uint64_t since_s,
                               kith_registration_visit *visit, void *ctx)
{
    sqlite3_stmt *get = NULL;
    int error = settle(s, since_s);
    if (error != 0)
        return error;
    sqlite3_prepare_v2(s->db,
                       "SELECT id, tag, name, ip, port, is_here, seen, reached,"
                       " public_counter, local_counter, public_record, local_record"
                       " FROM peers ORDER BY seen, id",
                       -1, &get, NULL);
    error = get != NULL ? visit_rows(s, get, visit, ctx) : failed(s, "read the peers");
    sqlite3_finalize(get);
    return error;
}
