/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema_1.h"
#include "store/migrate.h"
#include "store/schema.h"

#define TO_NEXT "ALTER TABLE rooms ADD COLUMN topic TEXT NOT NULL DEFAULT 'none'"
#define TO_LAST                                                                          \
    "CREATE TABLE drafts(room INTEGER PRIMARY KEY, text TEXT); UPDATE rooms SET topic "  \
    "= 'some'"

#define NOW KITH_SCHEMA_VERSION

static const struct kith_migration steps[] = {{NOW, TO_NEXT}, {NOW + 1, TO_LAST}};
static const struct kith_migration steps_failing[] = {{NOW, TO_NEXT},
                                                      {NOW + 1, "UPDATE nowhere SET x"}};
static const struct kith_migration steps_gapped[] = {{NOW, TO_NEXT}, {NOW + 2, TO_LAST}};

#define DESCRIPTION_SIZE 8192

/* What restoring gave back. */
struct kept {
    struct kith_record_room rooms[2];
    size_t room_count;
    struct kith_record_peer peer;
    size_t ack_count;
};

static int64_t number(struct kith_store *store, const char *sql)
{
    int64_t out = -1;
    assert_int_equal(kith_db_number(store, sql, &out), 0);
    return out;
}

static bool copy_exists(struct fixture *f, int version, char out[static 128])
{
    snprintf(out, 128, "%s.v%d", f->path, version);
    return access(out, F_OK) == 0;
}

/* A home as version 1 left it, in place of the fixture's. */
static void make_home_1(struct fixture *f)
{
    sqlite3 *db = NULL;
    kith_store_close(f->store);
    f->store = NULL;
    unlink(f->path);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SCHEMA_1 SCHEMA_1_ROWS, NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
}

/* Every column of every table, by the names of tables, as one text. */
static void describe(struct kith_store *store, char out[static DESCRIPTION_SIZE])
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(
                         store->db,
                         "SELECT group_concat(t.name || '.' || c.name || ' ' || c.type ||"
                         " ' ' || c.\"notnull\" || ' ' || c.pk, char(10))"
                         " FROM (SELECT name FROM sqlite_schema WHERE type = 'table'"
                         " ORDER BY name) t, pragma_table_info(t.name) c",
                         -1, &s, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    snprintf(out, DESCRIPTION_SIZE, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
}

static int keep_record(void *ctx, const struct kith_record *record)
{
    struct kept *kept = ctx;
    if (record->type == KITH_RECORD_ROOM)
        kept->rooms[kept->room_count++ % COUNT(kept->rooms)] = record->room;
    if (record->type == KITH_RECORD_PEER)
        kept->peer = record->peer;
    kept->ack_count += record->type == KITH_RECORD_ACK;
    return 0;
}

static void a_home_of_version_1_opens_with_all_that_is_in_it(void **state)
{
    struct fixture *f = *state;
    struct kept kept = {0};
    char fresh[DESCRIPTION_SIZE], migrated[DESCRIPTION_SIZE], copy[128];
    describe(f->store, fresh);
    make_home_1(f);
    describe(f->store, migrated);
    assert_string_equal(migrated, fresh);
    assert_int_equal(number(f->store, "PRAGMA user_version"), KITH_SCHEMA_VERSION);
    assert_int_equal(number(f->store, "SELECT count(*) FROM events"), 1);
    assert_int_equal(kith_store_restore(f->store, keep_record, &kept), 0);
    assert_int_equal(kept.room_count, 2);
    assert_string_equal(kept.rooms[0].name.text, "lobby");
    assert_true(kept.rooms[0].is_joined);
    assert_true(kept.rooms[1].is_joined);
    assert_string_equal(kept.peer.name.text, "bob");
    assert_true(kept.peer.is_contact);
    assert_false(kept.peer.is_blocked || kept.peer.is_verified);
    assert_int_equal(kept.ack_count, 1);
    assert_true(copy_exists(f, 1, copy));
}

static void an_older_schema_is_copied_then_migrated(void **state)
{
    struct fixture *f = *state;
    char copy[128];
    struct stat is;
    put_world(f);
    umask(022); /* as programs have it that use the library */
    assert_int_equal(kith_migrate(f->store, NOW, steps, COUNT(steps)), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), NOW + 2);
    assert_int_equal(number(f->store, "SELECT count(*) FROM rooms WHERE topic = 'some'"),
                     2);
    assert_int_equal(number(f->store, "SELECT count(*) FROM drafts"), 0);
    assert_true(copy_exists(f, NOW, copy));
    assert_int_equal(stat(copy, &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    /* The copy is a whole store of the old version. */
    kith_store_close(f->store);
    f->store = NULL;
    f->config.path = copy;
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), NOW);
    assert_int_equal(number(f->store, "SELECT count(*) FROM rooms"), 2);
    /* It takes what comes, the first of this boot too. */
    struct kith_record marker = {.type = KITH_RECORD_META, .meta.marker = {9}};
    struct run_spec run = {.log_no = 1, .seq_first = 1, .count = 1};
    assert_int_equal(kith_store_put(f->store, &marker), 0);
    assert_int_equal(put_run(f, &run), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
}

static void steps_already_done_are_skipped(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(kith_migrate(f->store, NOW, steps, 1), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), NOW + 1);
    assert_int_equal(kith_migrate(f->store, NOW + 1, steps, COUNT(steps)), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), NOW + 2);
}

static void a_failing_step_changes_nothing(void **state)
{
    struct fixture *f = *state;
    char copy[128];
    put_world(f);
    assert_int_not_equal(kith_migrate(f->store, NOW, steps_failing, COUNT(steps_failing)),
                         0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), NOW);
    assert_int_equal(number(f->store, "SELECT count(*) FROM pragma_table_info('rooms')"
                                      " WHERE name = 'topic'"),
                     0);
    assert_true(copy_exists(f, NOW, copy));
    /* Trying again, the copy is made anew. */
    assert_int_equal(kith_migrate(f->store, NOW, steps, COUNT(steps)), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), NOW + 2);
}

static void a_missing_step_is_refused(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(kith_migrate(f->store, NOW, steps_gapped, COUNT(steps_gapped)),
                     KITH_ECORRUPT);
    assert_int_equal(kith_migrate(f->store, NOW, steps, 0), KITH_ECORRUPT);
    assert_int_equal(number(f->store, "PRAGMA user_version"), NOW);
}

static void the_steps_lead_to_this_schema(void **state)
{
    assert_int_equal(kith_migration_count, KITH_SCHEMA_VERSION - 1);
    for (size_t i = 0; i < kith_migration_count; i++)
        assert_int_equal(kith_migrations[i].version_from, i + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define D(name) cmocka_unit_test_setup_teardown(name, setup_disk, teardown)
        D(a_home_of_version_1_opens_with_all_that_is_in_it),
        D(an_older_schema_is_copied_then_migrated),
        D(steps_already_done_are_skipped),
        D(a_failing_step_changes_nothing),
        D(a_missing_step_is_refused),
        cmocka_unit_test(the_steps_lead_to_this_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
