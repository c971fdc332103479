/* SPDX-License-Identifier: MIT */
/* Checkpoints, off the path of commits.
 *
 * A worker with a connection of its own moves what was committed into the database while
 * commits append to the write-ahead log. SQLite starts the log again at its beginning
 * only when a commit finds all of it moved; under unbroken load something was always
 * appended meanwhile, and the log grows. So past half the hard limit the worker is sent
 * again for less and less, and when only a little is left it is moved here, between two
 * commits, which costs two syncs of the disk for 32 MiB or more. At the hard limit that
 * is done whatever is left, after waiting for the worker. */
#include "store/checkpoint.h"

#include <stdlib.h>
#include <string.h>

struct kith_checkpoint {
    sqlite3 *db; /* the worker's; opened in the first run */
    char *path;  /* owned */
    bool is_running;
    int error;
    size_t moved; /* pages of the log that are in the database */
};

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct kith_store *store = ctx;
    (void)db;
    (void)name;
    /* Fewer than before: the log was started again. */
    if ((size_t)pages < store->wal_pages)
        store->wal_moved = 0;
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

/* Should it fail, the commits before it stand all the same, and the next tries again. */
static void empty_log(struct kith_store *store)
{
    int rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_RESTART, NULL,
                                       NULL);
    if (rc == SQLITE_OK)
        store->wal_moved = store->wal_pages;
}

void kith_checkpoint_bound(struct kith_store *store)
{
    if (store->wal_pages >= KITH_STORE_WAL_PAGES_HARD)
        empty_log(store);
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
    if (store->is_memory || (store->checkpoint && store->checkpoint->is_running))
        return false;
    return pages_left(store) >=
           (is_long(store) ? KITH_STORE_WAL_PAGES_SOFT / 16 : KITH_STORE_WAL_PAGES_SOFT);
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
    checkpoint->moved = moved > 0 ? (size_t)moved : 0;
    if (checkpoint->error != 0) {
        sqlite3_close(checkpoint->db);
        checkpoint->db = NULL;
    }
}

int kith_store_checkpoint_end(struct kith_store *store)
{
    struct kith_checkpoint *checkpoint = store->checkpoint;
    checkpoint->is_running = false;
    if (checkpoint->error != 0)
        return kith_db_fail(store, checkpoint->error, "checkpoint");
    if (checkpoint->moved <= store->wal_pages)
        store->wal_moved = checkpoint->moved;
    if (is_long(store) && !store->is_dirty &&
        pages_left(store) < KITH_STORE_WAL_PAGES_SOFT / 8)
        empty_log(store);
    return 0;
}

void kith_checkpoint_free(struct kith_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    sqlite3_close(checkpoint->db);
    free(checkpoint->path);
    free(checkpoint);
}
