/* SPDX-License-Identifier: MIT */
/* Rows that kith never wrote: what reads them says so. */
#include "store_fixture.h"

#include <sqlite3.h>

static void spoil(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    put_world(f);
    assert_int_equal(
        put_run(f, &(struct run_spec){.log_no = 1, .seq_first = 1, .count = 2}), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int see_run(void *ctx, const struct kith_stored_run *run)
{
    (void)ctx, (void)run;
    return 0;
}

static int load(struct fixture *f)
{
    return kith_store_load(f->store, 1, 1, 1000, see_run, NULL);
}

static void an_own_part_longer_than_any_is_damage(void **state)
{
    struct fixture *f = *state;
    spoil(f, "UPDATE events SET own = zeroblob(4097)");
    assert_int_equal(load(f), KITH_ECORRUPT);
    assert_string_not_equal(kith_store_detail(f->store), "");
}

static void content_shorter_than_its_salt_is_damage(void **state)
{
    struct fixture *f = *state;
    spoil(f, "UPDATE events SET content = zeroblob(15)");
    assert_int_equal(load(f), KITH_ECORRUPT);
}

static void content_longer_than_any_is_damage(void **state)
{
    struct fixture *f = *state;
    spoil(f, "UPDATE events SET content = zeroblob(200000)");
    assert_int_equal(load(f), KITH_ECORRUPT);
}

static void a_time_before_all_times_is_damage(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    spoil(f, "UPDATE events SET hlc = -1");
    assert_int_equal(kith_store_event(f->store, 1, 1, see_event, &seen), KITH_ECORRUPT);
    assert_int_equal(seen.count, 0);
}

/* A flipped bit in a length may make it a gigabyte, which SQLite would make room for. */
static void a_value_longer_than_any_is_not_even_read(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    spoil(f, "UPDATE events SET own = zeroblob(1048577)");
    assert_int_equal(kith_store_event(f->store, 1, 1, see_event, &seen), KITH_ECORRUPT);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_own_part_longer_than_any_is_damage, setup_disk,
                                        teardown),
        cmocka_unit_test_setup_teardown(content_shorter_than_its_salt_is_damage,
                                        setup_disk, teardown),
        cmocka_unit_test_setup_teardown(content_longer_than_any_is_damage, setup_disk,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_value_longer_than_any_is_not_even_read,
                                        setup_disk, teardown),
        cmocka_unit_test_setup_teardown(a_time_before_all_times_is_damage, setup_disk,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
