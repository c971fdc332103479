/* SPDX-License-Identifier: MIT */
#include "store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct kith_migration kith_migrations[] = {
    /* Open rooms that are joined and left; until then there was only the lobby. */
    {1, "ALTER TABLE rooms ADD COLUMN is_joined INTEGER NOT NULL DEFAULT 1"},
    /* What people think of a peer. */
    {2, "ALTER TABLE peers ADD COLUMN is_blocked INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE peers ADD COLUMN is_verified INTEGER NOT NULL DEFAULT 0"},
    /* Messages by their ids, filled together with the search index: both anew. */
    {3, "CREATE TABLE ids(beginning INTEGER NOT NULL, arrival INTEGER NOT NULL,"
        " PRIMARY KEY(beginning, arrival)) WITHOUT ROWID;"
        "INSERT INTO search(search) VALUES('delete-all');"
        "UPDATE search_state SET next = 1"},
    /* The keys that trackers showed. */
    {4, "CREATE TABLE trackers(address TEXT NOT NULL PRIMARY KEY, id BLOB NOT NULL,"
        " is_kept INTEGER NOT NULL) WITHOUT ROWID"},
    /* What shows damage; NULL in the rows until then. */
    {5, "ALTER TABLE events ADD COLUMN checksum INTEGER"},
    /* Whose it is; NULL until then. When 1024 arrivals were seen, of those that the
     * search index has. */
    {6, "ALTER TABLE meta ADD COLUMN self BLOB;"
        "CREATE TABLE seen_blocks(block INTEGER PRIMARY KEY, latest INTEGER NOT NULL);"
        "INSERT INTO seen_blocks SELECT arrival / 1024, max(seen) FROM events"
        " WHERE arrival < (SELECT next FROM search_state) GROUP BY arrival / 1024"},
};
const size_t kith_migration_count = sizeof kith_migrations / sizeof kith_migrations[0];

static int sync_file(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    int rc = fsync(file);
    close(file);
    return rc;
}

/* Empty, and nobody else's whatever the umask of the program: SQLite fills it. */
static int make_empty(struct kith_store *store, const char *path)
{
    unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return kith_db_fail(store, errno == ENOSPC ? KITH_EFULL : KITH_EIO,
                            "copy the database before migrating it");
    close(file);
    return 0;
}

/* Whole or not at all: written under another name first. */
static int copy_database(struct kith_store *store, int64_t version)
{
    char copy[PATH_MAX], part[PATH_MAX];
    int size = snprintf(copy, sizeof copy, "%s.v%lld", store->path, (long long)version);
    if (size < 0 || (size_t)size + sizeof ".part" > sizeof part)
        return kith_db_fail(store, KITH_EINVALID, "copy the database");
    snprintf(part, sizeof part, "%.*s.part", (int)(sizeof part - sizeof ".part"), copy);
    int rc = make_empty(store, part);
    if (rc != 0)
        return rc;
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(store->db, "VACUUM INTO ?1", -1, &s, NULL);
    kith_db_bind_text(s, 1, part);
    rc = kith_db_run(store, s, "copy the database before migrating it");
    sqlite3_finalize(s);
    if (rc == 0 && (sync_file(part) != 0 || rename(part, copy) != 0))
        rc = kith_db_fail(store, errno == ENOSPC ? KITH_EFULL : KITH_EIO,
                          "copy the database before migrating it");
    if (rc != 0)
        unlink(part);
    return rc;
}

static int run_steps(struct kith_store *store, int64_t version,
                     const struct kith_migration *steps, size_t step_count)
{
    for (size_t i = 0; i < step_count; i++) {
        if (steps[i].version_from < version)
            continue;
        if (steps[i].version_from != version)
            break;
        int rc = kith_db_exec(store, steps[i].sql, "migrate the database");
        if (rc != 0)
            return rc;
        version++;
    }
    if (step_count == 0 || version != steps[step_count - 1].version_from + 1)
        return kith_db_fail(store, KITH_ECORRUPT,
                            "migrate the database: a step is missing");
    char sql[48];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %lld", (long long)version);
    return kith_db_exec(store, sql, "migrate the database");
}

int kith_migrate(struct kith_store *store, int64_t version,
                 const struct kith_migration *steps, size_t step_count)
{
    int rc = store->is_memory ? 0 : copy_database(store, version);
    if (rc == 0)
        rc = kith_db_exec(store, "BEGIN IMMEDIATE", "migrate the database");
    if (rc != 0)
        return rc;
    rc = run_steps(store, version, steps, step_count);
    if (rc == 0)
        rc = kith_db_exec(store, "COMMIT", "migrate the database");
    if (rc != 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}
