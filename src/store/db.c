/* SPDX-License-Identifier: MIT */
#include "store/db.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/memory.h"

static bool is_out_of_space(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

int kith_db_open(const char *path, int flags, sqlite3 **out)
{
    kith_store_memory_set_up();
    int rc = sqlite3_open_v2(path, out,
                             flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    if (rc == SQLITE_OK)
        sqlite3_limit(*out, SQLITE_LIMIT_LENGTH, KITH_VALUE_SIZE_MAX);
    return rc;
}

bool kith_db_is_lost(const char *path)
{
    struct stat is;
    char log[PATH_MAX];
    bool is_lost = false;
    char *real = realpath(path, NULL);
    if (real != NULL && stat(real, &is) == 0 && is.st_size == 0) {
        int size = snprintf(log, sizeof log, "%s-wal", real);
        is_lost = (size_t)size < sizeof log && stat(log, &is) == 0 && is.st_size > 0;
    }
    free(real);
    return is_lost;
}

int kith_db_error(sqlite3 *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return kith_store_memory_ran_out() ? KITH_ENOMEM : KITH_ECORRUPT;
    case SQLITE_FULL:
        return KITH_EFULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return KITH_EREADONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
        return KITH_ECORRUPT;
    case SQLITE_CONSTRAINT:
        return KITH_EINVALID;
    default:
        break;
    }
    int system = db ? sqlite3_system_errno(db) : 0;
    if (is_out_of_space(system))
        return KITH_EFULL;
    if ((rc & 0xff) == SQLITE_CANTOPEN && (system == EACCES || system == EROFS))
        return KITH_EREADONLY;
    if ((rc & 0xff) == SQLITE_CANTOPEN && (system == EMFILE || system == ENFILE))
        return KITH_ELIMIT;
    return KITH_EIO;
}

int kith_db_fail(struct kith_store *store, int error, const char *what)
{
    snprintf(store->detail, sizeof store->detail, "%s: %s", what, kith_error_text(error));
    return error;
}

int kith_db_failed(struct kith_store *store, const char *what)
{
    int error = kith_db_error(store->db, sqlite3_extended_errcode(store->db));
    if (error == 0)
        return kith_db_fail(store, KITH_EIO, what);
    snprintf(store->detail, sizeof store->detail, "%s: %s", what,
             sqlite3_errmsg(store->db));
    return error;
}

sqlite3_stmt *kith_db_statement(struct kith_store *store, enum kith_store_statement which,
                                const char *sql)
{
    sqlite3_stmt **slot = &store->statements[which];
    if (*slot) {
        sqlite3_reset(*slot);
        return *slot;
    }
    sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
    return *slot;
}

int kith_db_step(struct kith_store *store, sqlite3_stmt *statement, const char *what)
{
    if (!statement)
        return kith_db_failed(store, what);
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        return 1;
    int error = rc == SQLITE_DONE ? 0 : kith_db_failed(store, what);
    sqlite3_reset(statement);
    return error;
}

int kith_db_run(struct kith_store *store, sqlite3_stmt *statement, const char *what)
{
    int rc = kith_db_step(store, statement, what);
    if (rc == 1)
        sqlite3_reset(statement);
    return rc < 0 ? rc : 0;
}

int kith_db_exec(struct kith_store *store, const char *sql, const char *what)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return kith_db_failed(store, what);
    return 0;
}

int kith_db_number(struct kith_store *store, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    int rc = kith_db_step(store, statement, "read the database");
    if (rc == 1)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc < 0 ? rc : 0;
}

struct kith_bytes kith_db_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    int size = sqlite3_column_bytes(statement, column);
    return data ? kith_bytes(data, (size_t)size) : kith_bytes(NULL, 0);
}

bool kith_db_copy(sqlite3_stmt *statement, int column, void *out, size_t size)
{
    struct kith_bytes bytes = kith_db_bytes(statement, column);
    if (bytes.size != size) {
        memset(out, 0, size);
        return false;
    }
    memcpy(out, bytes.data, size);
    return true;
}

bool kith_db_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    memset(out, 0, size);
    if (!text || length >= size)
        return false;
    memcpy(out, text, length);
    return true;
}

void kith_db_bind_bytes(sqlite3_stmt *statement, int at, const void *data, size_t size)
{
    /* A NULL pointer would bind NULL where an empty value is meant. */
    sqlite3_bind_blob(statement, at, data ? data : "", (int)size, SQLITE_STATIC);
}

void kith_db_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}
