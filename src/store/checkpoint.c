/* SPDX-License-Identifier: MIT */
/* Checkpoints, off the path of commits.
 *
 * A worker with a connection of its own moves what was committed into the database while
 * commits append to the write-ahead log. SQLite starts the log again at its beginning
 * only when a commit finds all of it moved; under unbroken load something was always
 * appended meanwhile, and the log grows. So past half the hard limit the worker is sent
 * again for less and less, and when only a little is left it is moved here, between two
 * commits, which costs two syncs of the disk for 32 MiB or more. At the hard limit that
 * is done whatever is left, once the worker is not at it.
 *
 * A checkpoint may be in vain: another program reads an old state, perhaps for hours, or
 * the disk fails. No commit waits for that (PASSIVE never does), and all limits count
 * from where the log was then, so that it is tried again now and then only. But not
 * where a sync failed: the next one may succeed without what the system then gave up. */
#include "store/checkpoint.h"

#include <stdlib.h>
#include <string.h>

struct kith_checkpoint {
    sqlite3 *db; /* the worker's; opened in the first run */
    char *path;  /* owned */
    bool is_running;
    int error;
    bool is_sync_failed;
    size_t moved; /* pages of the log that are in the database */
};

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct kith_store *store = ctx;
    (void)db;
    (void)name;
    /* Fewer than before: the log was started again. */
    if ((size_t)pages < store->wal_pages)
        store->wal_moved = store->wal_vain = 0;
    store->wal_pages = (size_t)pages;
    return SQLITE_OK;
}

void kith_checkpoint_watch(struct kith_store *store)
{
    /* This replaces SQLite's own automatic checkpoint. */
    sqlite3_wal_hook(store->db, on_commit, store);
}

static size_t pages_left(const struct kith_store *store)
{
    return store->wal_pages - store->wal_moved;
}

static size_t pages_since_vain(const struct kith_store *store)
{
    return store->wal_pages - store->wal_vain;
}

/* Should it fail, the commits before it stand all the same. While another checkpoint
 * runs, which is all that BUSY means here, the next commit tries again. */
static void empty_log(struct kith_store *store)
{
    int pages = 0, moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE,
                                       &pages, &moved);
    if (rc == SQLITE_OK && moved == pages) {
        store->wal_moved = store->wal_pages;
        store->wal_vain = 0;
    } else if ((rc & 0xff) != SQLITE_BUSY) {
        store->wal_vain = store->wal_pages;
        store->is_sync_failed |= rc == SQLITE_IOERR_FSYNC;
    }
}

void kith_checkpoint_bound(struct kith_store *store)
{
    if (pages_since_vain(store) >= KITH_STORE_WAL_PAGES_HARD)
        empty_log(store);
}

bool kith_store_log_is_held(const struct kith_store *store)
{
    return store->wal_vain >= KITH_STORE_WAL_PAGES_HARD;
}

size_t kith_store_wal_pages(const struct kith_store *store)
{
    return store->wal_pages;
}

static bool is_long(const struct kith_store *store)
{
    return store->wal_pages >= KITH_STORE_WAL_PAGES_HARD / 2;
}

bool kith_store_checkpoint_is_due(const struct kith_store *store)
{
    if (store->is_memory || store->is_sync_failed ||
        (store->checkpoint && store->checkpoint->is_running))
        return false;
    return pages_since_vain(store) >= KITH_STORE_WAL_PAGES_SOFT &&
           pages_left(store) >= (is_long(store) ? KITH_STORE_WAL_PAGES_SOFT / 16
                                                : KITH_STORE_WAL_PAGES_SOFT);
}

static struct kith_checkpoint *checkpoint_new(const char *path)
{
    struct kith_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (!checkpoint)
        return NULL;
    checkpoint->path = strdup(path);
    if (!checkpoint->path) {
        free(checkpoint);
        return NULL;
    }
    return checkpoint;
}

struct kith_checkpoint *kith_store_checkpoint_begin(struct kith_store *store)
{
    if (store->is_memory || (store->checkpoint && store->checkpoint->is_running))
        return NULL;
    if (!store->checkpoint)
        store->checkpoint = checkpoint_new(store->path);
    if (store->checkpoint)
        store->checkpoint->is_running = true;
    return store->checkpoint;
}

static int open_worker(struct kith_checkpoint *checkpoint)
{
    int rc = kith_db_open(checkpoint->path, 0, &checkpoint->db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(checkpoint->db,
                          "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -64", NULL,
                          NULL, NULL);
    return rc;
}

void kith_checkpoint_run(struct kith_checkpoint *checkpoint)
{
    int rc = checkpoint->db ? SQLITE_OK : open_worker(checkpoint);
    int pages = -1, moved = -1;
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(checkpoint->db, "main", SQLITE_CHECKPOINT_PASSIVE,
                                       &pages, &moved);
    checkpoint->error =
        (rc & 0xff) == SQLITE_BUSY ? 0 : kith_db_error(checkpoint->db, rc);
    checkpoint->is_sync_failed = rc == SQLITE_IOERR_FSYNC;
    checkpoint->moved = moved > 0 ? (size_t)moved : 0;
    if (checkpoint->error != 0) {
        sqlite3_close(checkpoint->db);
        checkpoint->db = NULL;
    }
}

/* No further than the last time: somebody reads what comes next. A commit may have
 * emptied the log meanwhile, or begun it anew: then this says nothing about it. */
static void note_moved(struct kith_store *store, size_t moved)
{
    if (pages_left(store) == 0 || moved > store->wal_pages)
        return;
    store->wal_vain = moved > store->wal_moved ? 0 : store->wal_pages;
    store->wal_moved = moved;
}

/* The rest is small, or the worker fails at what may work here: it lacked a descriptor.
 */
static bool is_ours_to_empty(const struct kith_store *store, int error)
{
    if (store->is_dirty || store->is_sync_failed)
        return false;
    return error != 0
               ? store->wal_pages >= KITH_STORE_WAL_PAGES_HARD
               : is_long(store) && pages_left(store) < KITH_STORE_WAL_PAGES_SOFT / 8;
}

int kith_store_checkpoint_end(struct kith_store *store)
{
    struct kith_checkpoint *checkpoint = store->checkpoint;
    checkpoint->is_running = false;
    store->is_sync_failed |= checkpoint->is_sync_failed;
    if (checkpoint->error != 0)
        store->wal_vain = store->wal_pages;
    else
        note_moved(store, checkpoint->moved);
    if (is_ours_to_empty(store, checkpoint->error))
        empty_log(store);
    return checkpoint->error != 0 ? kith_db_fail(store, checkpoint->error, "checkpoint")
                                  : 0;
}

void kith_checkpoint_free(struct kith_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    sqlite3_close(checkpoint->db);
    free(checkpoint->path);
    free(checkpoint);
}
