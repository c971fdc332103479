/* SPDX-License-Identifier: MIT */
/* Transactions: begun by the first put, ended by one commit, as durable as asked for. */
#include "store/checkpoint.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void kith_store_rollback(struct kith_store *store)
{
    if (!store->is_dirty)
        return;
    for (size_t i = 0; i < KITH_SQL_COUNT; i++)
        sqlite3_reset(store->statements[i]);
    /* After some failures SQLite has rolled back by itself. */
    if (!sqlite3_get_autocommit(store->db)) {
        sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_ROLLBACK, "ROLLBACK");
        if (s)
            sqlite3_step(s), sqlite3_reset(s);
    }
    store->is_dirty = false;
    store->is_sync_owed = false;
    store->arrival.count = 0;
}

static int fail_sync(struct kith_store *store)
{
    snprintf(
        store->detail, sizeof store->detail,
        "the disk failed to sync, so what it has is not known; look at it, and start "
        "the node anew");
    return KITH_EIO;
}

/* SQLite rolls back by itself when the disk or memory fails, be it in a statement that
 * only reads. Rows that came after that would each be a transaction of their own, without
 * those they rest on. */
static int check_open(struct kith_store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        return 0;
    kith_store_rollback(store);
    return kith_db_fail(store, KITH_EIO,
                        "the transaction was undone by a read that failed");
}

int kith_db_begin(struct kith_store *store)
{
    if (store->is_sync_failed)
        return fail_sync(store);
    if (store->is_dirty)
        return check_open(store);
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_BEGIN, "BEGIN IMMEDIATE");
    int rc = kith_db_run(store, s, "begin");
    store->is_dirty = rc == 0;
    return rc;
}

/* A commit in mode NORMAL is in the write-ahead log but need not be on the disk. (Where a
 * sync fails within a commit, as in mode FULL, SQLite undoes it but leaves it in the log,
 * and it is back after a crash.) The first time the database file has to follow: a log
 * without it is thrown away. */
static int sync_disk(struct kith_store *store)
{
    sqlite3_file *file = NULL;
    if (store->is_memory)
        return 0;
    if (!store->is_main_synced) {
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
        if (!file || !file->pMethods ||
            file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) != SQLITE_OK)
            return KITH_EIO;
        store->is_main_synced = true;
    }
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (!file || !file->pMethods ||
        file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) != SQLITE_OK)
        return KITH_EIO;
    return 0;
}

/* What is written to a file without a name is gone with the process. */
static bool is_deleted(int file)
{
    struct stat status;
    return file >= 0 && fstat(file, &status) == 0 && status.st_nlink == 0;
}

static int commit(struct kith_store *store)
{
    int rc = store->is_sync_failed ? fail_sync(store) : check_open(store);
    if (rc == 0)
        rc = kith_store_events_flush(store);
    if (rc != 0)
        return rc;
    if (is_deleted(store->file) || is_deleted(store->log)) {
        snprintf(store->detail, sizeof store->detail,
                 "the database%s was deleted while in use; save with `kith export` what "
                 "is still there, and start the node anew",
                 is_deleted(store->file) ? "" : "'s log");
        return KITH_EIO;
    }
    sqlite3_stmt *s = kith_db_statement(store, KITH_SQL_COMMIT, "COMMIT");
    return kith_db_run(store, s, "commit");
}

int kith_store_commit(struct kith_store *store)
{
    if (!store->is_dirty)
        return 0;
    int rc = commit(store);
    if (rc != 0) {
        kith_store_rollback(store);
        return rc;
    }
    store->is_dirty = false;
    bool has_marker = store->is_sync_owed;
    store->is_sync_owed = false;
    if ((has_marker || store->syncs_commits) && sync_disk(store) != 0) {
        store->is_sync_failed = true;
        return fail_sync(store);
    }
    if (has_marker)
        memcpy(store->marker, store->marker_put, KITH_MARKER_SIZE);
    kith_checkpoint_bound(store);
    return 0;
}

int kith_store_mark(struct kith_store *store, const uint8_t marker[KITH_MARKER_SIZE])
{
    struct kith_record record = {.type = KITH_RECORD_META};
    if (memcmp(marker, store->marker, KITH_MARKER_SIZE) == 0)
        return 0;
    memcpy(record.meta.marker, marker, KITH_MARKER_SIZE);
    int rc = kith_store_put(store, &record);
    return rc == 0 ? kith_store_commit(store) : rc;
}

bool kith_store_is_dirty(const struct kith_store *store)
{
    return store->is_dirty;
}
