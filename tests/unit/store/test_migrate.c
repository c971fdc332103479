/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/schema.h"

#define TO_2 "ALTER TABLE rooms ADD COLUMN topic TEXT NOT NULL DEFAULT 'none'"
#define TO_3                                                                             \
    "CREATE TABLE drafts(room INTEGER PRIMARY KEY, text TEXT); UPDATE rooms SET topic "  \
    "= 'some'"

static const struct kith_migration steps[] = {{1, TO_2}, {2, TO_3}};
static const struct kith_migration steps_failing[] = {{1, TO_2},
                                                      {2, "UPDATE nowhere SET x"}};
static const struct kith_migration steps_gapped[] = {{1, TO_2}, {3, TO_3}};

static int64_t number(struct kith_store *store, const char *sql)
{
    int64_t out = -1;
    assert_int_equal(kith_db_number(store, sql, &out), 0);
    return out;
}

static bool copy_exists(struct fixture *f, char out[static 128])
{
    snprintf(out, 128, "%s.v1", f->path);
    return access(out, F_OK) == 0;
}

static void an_older_schema_is_copied_then_migrated(void **state)
{
    struct fixture *f = *state;
    char copy[128];
    put_world(f);
    assert_int_equal(kith_migrate(f->store, 1, steps, COUNT(steps)), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), 3);
    assert_int_equal(number(f->store, "SELECT count(*) FROM rooms WHERE topic = 'some'"),
                     2);
    assert_int_equal(number(f->store, "SELECT count(*) FROM drafts"), 0);
    assert_true(copy_exists(f, copy));
    /* The copy is a whole store of the old version. */
    kith_store_close(f->store);
    f->store = NULL;
    f->config.path = copy;
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), 1);
    assert_int_equal(number(f->store, "SELECT count(*) FROM rooms"), 2);
}

static void steps_already_done_are_skipped(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(kith_migrate(f->store, 1, steps, 1), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), 2);
    assert_int_equal(kith_migrate(f->store, 2, steps, COUNT(steps)), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), 3);
}

static void a_failing_step_changes_nothing(void **state)
{
    struct fixture *f = *state;
    char copy[128];
    put_world(f);
    assert_int_not_equal(kith_migrate(f->store, 1, steps_failing, COUNT(steps_failing)),
                         0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), 1);
    assert_int_equal(number(f->store, "SELECT count(*) FROM pragma_table_info('rooms')"),
                     5);
    assert_true(copy_exists(f, copy));
    /* Trying again, the copy is made anew. */
    assert_int_equal(kith_migrate(f->store, 1, steps, COUNT(steps)), 0);
    assert_int_equal(number(f->store, "PRAGMA user_version"), 3);
}

static void a_missing_step_is_refused(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(kith_migrate(f->store, 1, steps_gapped, COUNT(steps_gapped)),
                     KITH_ECORRUPT);
    assert_int_equal(kith_migrate(f->store, 1, steps, 0), KITH_ECORRUPT);
    assert_int_equal(number(f->store, "PRAGMA user_version"), 1);
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
        D(an_older_schema_is_copied_then_migrated),
        D(steps_already_done_are_skipped),
        D(a_failing_step_changes_nothing),
        D(a_missing_step_is_refused),
        cmocka_unit_test(the_steps_lead_to_this_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
