/* SPDX-License-Identifier: MIT */
/* The keys that trackers showed. */
#include "store_fixture.h"

#include <stdio.h>

#include "store/db.h"

#define TRACKERS_MAX 8

struct restored {
    struct kith_record_tracker trackers[TRACKERS_MAX];
    size_t count;
};

static int see(void *ctx, const struct kith_record *record)
{
    struct restored *r = ctx;
    if (record->type == KITH_RECORD_TRACKER)
        r->trackers[r->count++ % TRACKERS_MAX] = record->tracker;
    return 0;
}

static int put(struct fixture *f, const char *host, uint8_t key, bool is_kept)
{
    struct kith_record record = {.type = KITH_RECORD_TRACKER,
                                 .tracker = {.id = {{key}}, .is_kept = is_kept}};
    snprintf(record.tracker.address.host, sizeof record.tracker.address.host, "%s", host);
    record.tracker.address.port = 55555;
    return kith_store_put(f->store, &record);
}

static void a_key_is_restored_with_its_address(void **state)
{
    struct fixture *f = *state;
    struct restored r = {0};
    assert_int_equal(put(f, "t.example", 1, false), 0);
    assert_int_equal(put(f, "2001:db8::1", 2, true), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    fixture_reopen(f);
    assert_int_equal(kith_store_restore(f->store, see, &r), 0);
    assert_int_equal(r.count, 2);
    for (size_t i = 0; i < r.count; i++) {
        bool is_ipv6 = strcmp(r.trackers[i].address.host, "2001:db8::1") == 0;
        if (!is_ipv6)
            assert_string_equal(r.trackers[i].address.host, "t.example");
        assert_int_equal(r.trackers[i].address.port, 55555);
        assert_int_equal(r.trackers[i].id.bytes[0], is_ipv6 ? 2 : 1);
        assert_int_equal(r.trackers[i].is_kept, is_ipv6);
    }
}

static void a_later_key_takes_the_place_of_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct restored r = {0};
    assert_int_equal(put(f, "t.example", 1, false), 0);
    assert_int_equal(put(f, "t.example", 2, true), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    assert_int_equal(kith_store_restore(f->store, see, &r), 0);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.trackers[0].id.bytes[0], 2);
    assert_true(r.trackers[0].is_kept);
}

static void a_key_that_was_rolled_back_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct restored r = {0};
    assert_int_equal(put(f, "t.example", 1, false), 0);
    kith_store_rollback(f->store);
    assert_int_equal(kith_store_restore(f->store, see, &r), 0);
    assert_int_equal(r.count, 0);
}

static void a_row_that_says_nothing_is_refused(void **state)
{
    static const char *const rows[] = {
        "INSERT INTO trackers VALUES('t.example:55555', x'0102', 0)",
        "INSERT INTO trackers VALUES('no address at all', zeroblob(32), 0)",
        "INSERT INTO trackers VALUES('', zeroblob(32), 0)",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct restored r = {0};
        assert_int_equal(
            sqlite3_exec(f->store->db, "DELETE FROM trackers", NULL, NULL, NULL),
            SQLITE_OK);
        assert_int_equal(sqlite3_exec(f->store->db, rows[i], NULL, NULL, NULL),
                         SQLITE_OK);
        assert_int_equal(kith_store_restore(f->store, see, &r), KITH_ECORRUPT);
        assert_int_equal(r.count, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_disk, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_restored_with_its_address),
        TEST(a_later_key_takes_the_place_of_the_one_before),
        TEST(a_key_that_was_rolled_back_is_not_there),
        TEST(a_row_that_says_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
