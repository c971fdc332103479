/* SPDX-License-Identifier: MIT */
#include "store/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/event_row.h"
#include "store/schema.h"

#define BUSY_MS_MAX 5000 /* while the owner recovers or checkpoints: soon done */
#define STEP_PAGES  1024 /* 4 MiB: between two of them another thread gets the heap */

static int failed(sqlite3 *db, const char *what, char *detail)
{
    int error = db ? kith_db_error(db, sqlite3_extended_errcode(db)) : KITH_ENOMEM;
    snprintf(detail, KITH_STORE_DETAIL_SIZE, "%s: %s", what,
             db ? sqlite3_errmsg(db) : kith_error_text(KITH_ENOMEM));
    return error == 0 ? KITH_EIO : error;
}

static int failed_file(const char *path, const char *what, char *detail)
{
    int number = errno;
    snprintf(detail, KITH_STORE_DETAIL_SIZE, "%s %.160s: %s", what, path,
             strerror(number));
    if (number == ENOENT)
        return KITH_ENOTFOUND;
    if (number == EACCES || number == EPERM || number == EROFS)
        return KITH_EREADONLY;
    return number == ENOSPC || number == EDQUOT ? KITH_EFULL : KITH_EIO;
}

static int exec(sqlite3 *db, const char *sql, const char *what, char *detail)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : failed(db, what, detail);
}

static int check_application(sqlite3 *db, char *detail)
{
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(db, "PRAGMA application_id", -1, &s, NULL);
    int rc = s ? sqlite3_step(s) : SQLITE_ERROR;
    bool is_ours =
        rc == SQLITE_ROW && sqlite3_column_int64(s, 0) == KITH_SCHEMA_APPLICATION;
    int error = rc == SQLITE_ROW ? 0 : failed(db, "read the database", detail);
    sqlite3_finalize(s);
    if (error != 0 || is_ours)
        return error;
    snprintf(detail, KITH_STORE_DETAIL_SIZE, "not a database of kith");
    return KITH_ECORRUPT;
}

static int open_existing(const char *path, sqlite3 **out, char *detail)
{
    if (access(path, R_OK | W_OK) != 0)
        return failed_file(path, "open", detail);
    if (kith_db_is_lost(path)) {
        snprintf(detail, KITH_STORE_DETAIL_SIZE, "it is empty beside its -wal");
        return KITH_EIO;
    }
    if (kith_db_open(path, 0, out) != SQLITE_OK)
        return failed(*out, "open the database", detail);
    sqlite3_busy_timeout(*out, BUSY_MS_MAX);
    return check_application(*out, detail);
}

/* ---- is it whole? ---- */

/* A page that the disk does not give is told in the same way as one that is damaged. */
static int explain_pages(sqlite3 *db, const char *told, char *detail)
{
    const char *code = strstr(told, "error code=");
    int error = code ? kith_db_error(db, (int)strtol(strchr(code, '=') + 1, NULL, 10))
                     : KITH_ECORRUPT;
    snprintf(detail, KITH_STORE_DETAIL_SIZE, "some of its pages %s",
             error == KITH_ECORRUPT ? "are damaged" : "cannot be read");
    return error == 0 ? KITH_ECORRUPT : error;
}

static int check_pages(sqlite3 *db, char *detail)
{
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL);
    int rc = s ? sqlite3_step(s) : SQLITE_ERROR;
    const char *told = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
    bool is_sound = told && strcmp(told, "ok") == 0;
    int error = is_sound ? 0
                : told   ? explain_pages(db, told, detail)
                         : failed(db, "read the database", detail);
    sqlite3_finalize(s);
    return error;
}

/* Older schemas have no checksums yet, and of newer ones nothing is known. */
static int has_checksums(sqlite3 *db, bool *out, char *detail)
{
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL);
    int rc = s ? sqlite3_step(s) : SQLITE_ERROR;
    int64_t version = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    int error = rc == SQLITE_ROW ? 0 : failed(db, "read the database", detail);
    sqlite3_finalize(s);
    *out = version >= KITH_SCHEMA_CHECKSUMS && version <= KITH_SCHEMA_VERSION;
    return error;
}

static int check_events(sqlite3 *db, char *detail)
{
    struct kith_event_row row;
    sqlite3_stmt *s = NULL;
    unsigned long long damaged = 0;
    int rc = sqlite3_prepare_v2(db, "SELECT " KITH_EVENT_COLUMNS " FROM events e", -1, &s,
                                NULL);
    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW)
        damaged += !kith_event_row_read(s, &row);
    int error = rc == SQLITE_DONE ? 0 : failed(db, "read the events", detail);
    sqlite3_finalize(s);
    if (error != 0 || damaged == 0)
        return error;
    snprintf(detail, KITH_STORE_DETAIL_SIZE, "%llu event%s not as written", damaged,
             damaged == 1 ? " is" : "s are");
    return KITH_ECORRUPT;
}

static int check(sqlite3 *db, char *detail)
{
    bool has = false;
    int error = check_pages(db, detail);
    if (error == 0)
        error = has_checksums(db, &has, detail);
    return error == 0 && has ? check_events(db, detail) : error;
}

/* ---- taking one ---- */

/* Under a name that no other backup has; that is missing afterwards, and SQLite writes to
 * what it has open. */
static int open_part(const char *path, sqlite3 **out, int *fd, char *detail)
{
    char part[PATH_MAX];
    int size = snprintf(part, sizeof part, "%s.snapshot.XXXXXX", path);
    errno = ENAMETOOLONG;
    *fd = size < (int)sizeof part ? mkostemp(part, O_CLOEXEC) : -1;
    if (*fd < 0)
        return failed_file(path, "copy", detail);
    int error = kith_db_open(part, 0, out) == SQLITE_OK
                    ? 0
                    : failed(*out, "make the copy", detail);
    if (error == 0) /* the lock is what opens the file */
        error = exec(*out,
                     "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                     "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT",
                     "make the copy", detail);
    unlink(part);
    return error;
}

/* Somebody who put another file under that name in between has got it. */
static int check_copy(int fd, char *detail)
{
    struct stat is;
    if (fstat(fd, &is) == 0 && is.st_size > 0)
        return 0;
    snprintf(detail, KITH_STORE_DETAIL_SIZE, "the copy is empty");
    return KITH_EIO;
}

/* The first read fixes what is seen until the end of the transaction; without one a copy
 * would begin anew with each commit of another process. */
static int begin_reading(sqlite3 *db, char *detail)
{
    return exec(db, "BEGIN; SELECT count(*) FROM meta", "read the database", detail);
}

static int copy(sqlite3 *from, sqlite3 *to, char *detail)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int rc = backup ? SQLITE_OK : SQLITE_ERROR;
    while (rc == SQLITE_OK)
        rc = sqlite3_backup_step(backup, STEP_PAGES);
    sqlite3_backup_finish(backup);
    if (rc == SQLITE_DONE)
        return 0;
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
        snprintf(detail, KITH_STORE_DETAIL_SIZE, "another program locks the database");
        return KITH_EIO;
    }
    return failed(to, "make the copy", detail);
}

int kith_snapshot_take(const char *path, bool takes_damaged, int *out, char *detail)
{
    sqlite3 *from = NULL, *to = NULL;
    int fd = -1;
    int error = open_existing(path, &from, detail);
    if (error == 0 && !takes_damaged)
        error = check(from, detail);
    if (error == 0) /* not before: the node cannot empty its log while this lasts */
        error = begin_reading(from, detail);
    if (error == 0)
        error = open_part(path, &to, &fd, detail);
    if (error == 0)
        error = copy(from, to, detail);
    sqlite3_close(to);
    sqlite3_close(from);
    if (error == 0)
        error = check_copy(fd, detail);
    if (error == 0 && lseek(fd, 0, SEEK_SET) != 0)
        error = failed_file(path, "copy", detail);
    if (error != 0 && fd >= 0)
        close(fd);
    if (error == 0)
        *out = fd;
    return error;
}

/* ---- taking one into use ---- */

int kith_snapshot_adopt(const char *path, char *detail)
{
    sqlite3 *db = NULL;
    int error = open_existing(path, &db, detail);
    if (error == 0)
        error = exec(db,
                     "PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL;"
                     "UPDATE meta SET marker = zeroblob(32);"
                     "PRAGMA wal_checkpoint(TRUNCATE)",
                     "prepare the database", detail);
    /* Closed by the last who had it open, it leaves one synced file. */
    if (sqlite3_close(db) != SQLITE_OK && error == 0)
        error = failed(db, "prepare the database", detail);
    return error;
}
