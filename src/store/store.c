/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/checkpoint.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/schema.h"

#define BUSY_MS_MAX 5000 /* another program reading, our own worker: both soon done */

static int lock_home(struct kith_store *store)
{
    char path[PATH_MAX];
    const char *slash = strrchr(store->path, '/');
    int size = slash ? (int)(slash - store->path) : 1;
    const char *folder = slash ? store->path : ".";
    if ((size_t)size + sizeof "/lock" > sizeof path)
        return kith_db_fail(store, KITH_EINVALID, "lock the home: its path is too long");
    snprintf(path, sizeof path, "%.*s/lock", size, folder);
    return kith_lock_take(path, &store->lock, store->detail, sizeof store->detail);
}

/* SQLite gives its other files the mode of this one: nobody else reads along. And the
 * system says here why it does not work, where SQLite would only say that it does not. */
static int touch_file(struct kith_store *store)
{
    int file = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        store->file = file; /* to close it drops SQLite's locks: that is for the end */
        return 0;
    }
    int number = errno;
    snprintf(store->detail, sizeof store->detail, "open %.160s: %s", store->path,
             strerror(number));
    if (number == EACCES || number == EPERM || number == EROFS)
        return KITH_EREADONLY;
    return number == ENOSPC || number == EDQUOT ? KITH_EFULL : KITH_EIO;
}

static int connect_database(struct kith_store *store)
{
    int rc = store->is_memory ? 0 : touch_file(store);
    if (rc == 0 && !store->is_memory && kith_db_is_lost(store->path))
        rc = kith_db_fail(store, KITH_ENOTFOUND, "find the database of its -wal");
    if (rc != 0)
        return rc;
    if (kith_db_open(store->path, SQLITE_OPEN_CREATE, &store->db) != SQLITE_OK)
        return kith_db_failed(store, "open the database");
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_busy_timeout(store->db, BUSY_MS_MAX);
    return 0;
}

/* A power cut leaves a new home that is empty or whole: a first page in halves would be
 * taken for damage. That is worth a few syncs, once in the life of a home. */
static int create(struct kith_store *store)
{
    int rc = kith_db_exec(store, "PRAGMA synchronous = NORMAL; PRAGMA journal_mode = WAL",
                          "create the database");
    return rc != 0 ? rc : kith_schema_create(store);
}

static int prepare_schema(struct kith_store *store)
{
    int64_t version = 0;
    int rc = kith_schema_version(store, &version);
    if (rc != 0)
        return rc;
    if (version == 0)
        return create(store);
    if (version > KITH_SCHEMA_VERSION) {
        snprintf(store->detail, sizeof store->detail,
                 "its schema is version %lld, this kith knows %d", (long long)version,
                 KITH_SCHEMA_VERSION);
        return KITH_ENEWER;
    }
    if (version < KITH_SCHEMA_VERSION)
        return kith_migrate(store, version, kith_migrations, kith_migration_count);
    return 0;
}

/* Copies that SQLite makes of a database are in rollback mode, and may stand in its place
 * later. */
static int use_log(struct kith_store *store)
{
    sqlite3_stmt *s = NULL;
    if (store->is_memory)
        return 0;
    sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &s, NULL);
    int rc = kith_db_step(store, s, "open the database");
    const char *mode = rc == 1 ? (const char *)sqlite3_column_text(s, 0) : NULL;
    bool is_used = mode != NULL && strcmp(mode, "wal") == 0;
    if (rc == 1) /* only behind its answer the file is changed */
        rc = kith_db_step(store, s, "open the database");
    sqlite3_finalize(s);
    if (rc < 0)
        return rc;
    return is_used ? 0 : kith_db_fail(store, KITH_EIO, "begin a write-ahead log");
}

/* SQLite makes it when it first reads, and removes it when it is closed. */
static int find_log(struct kith_store *store)
{
    int64_t version;
    int rc = kith_db_number(store, "PRAGMA schema_version", &version);
    if (rc != 0 || store->is_memory)
        return rc;
    const char *path = sqlite3_filename_wal(sqlite3_db_filename(store->db, "main"));
    store->log = open(path, O_RDONLY | O_CLOEXEC);
    if (store->log >= 0)
        return 0;
    int number = errno;
    return kith_db_fail(store,
                        number == EMFILE || number == ENFILE ? KITH_ELIMIT : KITH_EIO,
                        "open the write-ahead log");
}

static int open_store(struct kith_store *store, const struct kith_store_config *config)
{
    store->path = strdup(config->path);
    if (!store->path)
        return KITH_ENOMEM;
    int rc = store->is_memory || config->is_home_locked ? 0 : lock_home(store);
    if (rc == 0)
        rc = connect_database(store);
    if (rc == 0)
        rc = kith_db_exec(store, "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY",
                          "open the database");
    if (rc == 0)
        kith_checkpoint_watch(store);
    if (rc == 0)
        rc = prepare_schema(store);
    if (rc == 0)
        rc = use_log(store);
    if (rc == 0)
        rc = find_log(store);
    if (rc == 0)
        rc = kith_store_claim(store);
    if (rc == 0)
        rc = kith_db_exec(store, "PRAGMA synchronous = NORMAL", "open the database");
    store->syncs_commits = config->is_durable_full;
    return rc;
}

int kith_store_open(const struct kith_store_config *config, struct kith_store **out,
                    char *detail)
{
    struct kith_store *store = calloc(1, sizeof *store);
    if (!store)
        return KITH_ENOMEM;
    store->lock = KITH_LOCK_NONE;
    store->file = store->log = -1;
    store->self = config->self;
    store->is_memory = strcmp(config->path, ":memory:") == 0;
    store->writer = kith_writer(&kith_alloc_heap);
    int rc = open_store(store, config);
    if (rc != 0) {
        if (detail)
            memcpy(detail, store->detail, KITH_STORE_DETAIL_SIZE);
        kith_store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

void kith_store_close(struct kith_store *store)
{
    if (!store)
        return;
    kith_store_rollback(store);
    kith_checkpoint_free(store->checkpoint);
    for (size_t i = 0; i < KITH_SQL_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    /* What the log has may be all that there is of it. */
    if (store->is_sync_failed)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(store->db);
    if (store->file >= 0)
        close(store->file);
    if (store->log >= 0)
        close(store->log);
    kith_lock_release(&store->lock);
    kith_writer_deinit(&store->writer);
    free(store->path);
    free(store);
}

const char *kith_store_detail(const struct kith_store *store)
{
    return store->detail;
}

int kith_store_limit(struct kith_store *store, uint32_t page_count_max)
{
    char sql[48];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %u",
             page_count_max ? page_count_max : UINT32_MAX - 1);
    return kith_db_exec(store, sql, "limit the database");
}

int kith_store_restore(struct kith_store *store, kith_record_visit *visit, void *ctx)
{
    const struct kith_store_family *family;
    for (int type = 0; (family = kith_schema_family((enum kith_record_type)type));
         type++) {
        int rc = family->restore ? family->restore(store, visit, ctx) : 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

int kith_store_put(struct kith_store *store, const struct kith_record *record)
{
    const struct kith_store_family *family = kith_schema_family(record->type);
    if (!family || !family->put)
        return kith_db_fail(store, KITH_EINVALID, "store a record");
    int rc = kith_db_begin(store);
    if (rc == 0)
        rc = family->put(store, record);
    if (rc != 0)
        kith_store_rollback(store);
    return rc;
}
