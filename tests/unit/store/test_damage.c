/* SPDX-License-Identifier: MIT */
/* Rows that kith never wrote: what reads them says so. */
#include "store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>

#include "store/db.h"
#include "store/memory.h"

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
    return kith_store_load(f->store, 1, 1, KITH_SEQ_MAX, 1000, see_run, NULL);
}

/* ---- what the checksum shows ---- */

static const char *const changes[] = {
    "room = 2",
    "hlc = hlc + 1",
    "kind = 3",
    "seen = seen - 1",
    "arrival = arrival + 1000",
    "id = zeroblob(32)",
    "own = substr(own, 1, length(own) - 1) || x'fe'",
    "signature = zeroblob(64)",
    "content = substr(content, 1, length(content) - 1) || x'fe'",
    "own = own || substr(content, 1, 1), content = substr(content, 2)",
    "checksum = checksum + 1",
    "checksum = 'text'",
    "id = CAST(id AS TEXT)",
    "key = key + 7",
};

static int count_run(void *ctx, const struct kith_stored_run *run)
{
    (void)run;
    ++*(size_t *)ctx;
    return 0;
}

static void run_sql(struct fixture *f, const char *sql)
{
    assert_int_equal(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Runs of two events, of one and of one. */
static void put_runs(struct fixture *f)
{
    put_world(f);
    for (uint64_t seq = 1; seq <= 4; seq += seq == 1 ? 2 : 1)
        assert_int_equal(put_run(f, &(struct run_spec){.log_no = 1,
                                                       .seq_first = seq,
                                                       .count = seq == 1 ? 2 : 1}),
                         0);
    assert_int_equal(kith_store_commit(f->store), 0);
}

/* The run of event 3, until it is rolled back. */
static void change(struct fixture *f, const char *what)
{
    char sql[160];
    snprintf(sql, sizeof(sql), "BEGIN; UPDATE events SET %s WHERE key = (1 << 40) + 3",
             what);
    run_sql(f, sql);
}

static void whatever_changes_in_a_row_ends_the_reading_of_runs_there(void **state)
{
    struct fixture *f = *state;
    struct kith_id id;
    put_runs(f);
    for (size_t i = 0; i < COUNT(changes); i++) {
        size_t count = 0;
        bool is_gone = strncmp(changes[i], "key", 3) == 0;
        change(f, changes[i]);
        assert_int_equal(
            kith_store_load(f->store, 1, 1, KITH_SEQ_MAX, 100000, count_run, &count),
            is_gone ? 0 : KITH_ECORRUPT);
        assert_int_equal(count, 1);
        assert_int_not_equal(kith_store_event_id(f->store, 1, 3, &id), 0);
        run_sql(f, "ROLLBACK");
    }
}

static void whatever_changes_in_a_row_nobody_is_shown_it(void **state)
{
    struct fixture *f = *state;
    put_runs(f);
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct seen seen = {0};
        size_t damaged = 0;
        change(f, changes[i]);
        assert_int_equal(kith_store_page(f->store, &(struct kith_page_query){.limit = 10},
                                         see_event, &seen),
                         0);
        assert_int_equal(seen.count, 4);
        for (size_t j = 0; j < seen.count; j++) {
            damaged += seen.events[j].is_damaged;
            assert_true(seen.events[j].is_damaged || seen.events[j].seq != 3);
        }
        assert_int_equal(damaged, 1);
        run_sql(f, "ROLLBACK");
    }
}

static void a_damaged_event_is_found_by_no_word_and_hides_no_other(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    put_runs(f);
    run_sql(f, "UPDATE events SET seen = seen + 1 WHERE key = (1 << 40) + 3");
    assert_int_equal(
        kith_store_search(f->store, kith_bytes("1", 1), 0, 10, see_event, &seen), 0);
    assert_int_equal(seen.count, 3);
    for (size_t i = 0; i < seen.count; i++)
        assert_true(!seen.events[i].is_damaged && seen.events[i].seq != 3);
}

/* They are indexed a few at a time. */
static void nor_does_it_from_the_index(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    bool has_more = true;
    put_world(f);
    assert_int_equal(
        put_run(f, &(struct run_spec){.log_no = 1, .seq_first = 1, .count = 100}), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    run_sql(f, "UPDATE events SET arrival = 0 WHERE key & 255 BETWEEN 5 AND 30");
    for (int steps = 0; has_more; steps++) {
        assert_in_range(steps, 0, 100);
        assert_int_equal(kith_store_index_step(f->store, 16, &has_more), 0);
    }
    assert_int_equal(
        kith_store_search(f->store, kith_bytes("1", 1), 0, 200, see_event, &seen), 0);
    assert_int_equal(seen.count, 100 - 26);
}

/* Rows that are gone leave no checksum that could be wrong. */
static void a_run_with_a_row_missing_is_damage(void **state)
{
    static const int missing[] = {1, 2}; /* of two, and what is left says that of three */
    struct fixture *f = *state;
    char sql[80];
    put_runs(f);
    for (size_t i = 0; i < COUNT(missing); i++) {
        size_t count = 0;
        snprintf(sql, sizeof(sql), "BEGIN; DELETE FROM events WHERE key = (1 << 40) + %d",
                 missing[i]);
        run_sql(f, sql);
        assert_int_equal(
            kith_store_load(f->store, 1, 1, KITH_SEQ_MAX, 100000, count_run, &count),
            KITH_ECORRUPT);
        run_sql(f, "ROLLBACK");
    }
}

static int see_log(void *ctx, const struct kith_record *record)
{
    if (record->type == KITH_RECORD_LOG && record->log.no == 1)
        *(struct kith_record_log *)ctx = record->log;
    return 0;
}

/* The record of the index's segments says that there are 28 million of them. */
static void an_index_that_wants_gigabytes_is_damage(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    spoil(f, "UPDATE search_data SET block = x'00000001010100008db08000' WHERE id = 10");
    assert_int_equal(
        kith_store_search(f->store, kith_bytes("1", 1), 0, 10, see_event, &seen),
        KITH_ECORRUPT);
    char *piece = sqlite3_malloc(1000);
    assert_non_null(piece);
    assert_null(sqlite3_realloc(piece, KITH_STORE_PIECE_MAX + 1));
    memset(piece, 1, 1000); /* it is still there */
    piece = sqlite3_realloc(piece, 2000);
    assert_int_equal(piece[999], 1);
    sqlite3_free(piece);
    assert_null(sqlite3_malloc64((sqlite3_uint64)1 << 40)); /* SQLite itself refuses */
    assert_false(kith_store_memory_ran_out());
}

/* What is written next would follow something that nobody ever wrote. */
static void a_log_with_a_damaged_head_is_given_back_as_such(void **state)
{
    static const char *const heads[] = {"own = own || x'00'", "id = x'01'", "hlc = -1"};
    struct fixture *f = *state;
    struct kith_record_log log;
    put_runs(f);
    assert_int_equal(kith_store_restore(f->store, see_log, &log), 0);
    assert_false(log.is_damaged);
    for (size_t i = 0; i < COUNT(heads); i++) {
        char sql[100];
        snprintf(sql, sizeof(sql),
                 "BEGIN; UPDATE events SET %s WHERE key = (1 << 40) + 4", heads[i]);
        run_sql(f, sql);
        assert_int_equal(kith_store_restore(f->store, see_log, &log), 0);
        assert_true(log.is_damaged);
        assert_int_equal(log.seq, 4);
        assert_int_equal(log.hlc, 0);
        run_sql(f, "ROLLBACK");
    }
}

/* Homes outlive the program that wrote them. */
static void the_checksum_of_a_row_stays_what_it_was(void **state)
{
    struct fixture *f = *state;
    int64_t first = 0, second = 0;
    spoil(f, "SELECT 1");
    kith_db_number(f->store, "SELECT checksum FROM events ORDER BY key", &first);
    kith_db_number(f->store, "SELECT checksum FROM events ORDER BY key DESC", &second);
    assert_int_equal(first, -0x61a39665);
    assert_int_equal(second, -0x65fa1b25);
}

static void rows_from_before_there_were_checksums_are_read(void **state)
{
    struct fixture *f = *state;
    size_t count = 0;
    spoil(f, "UPDATE events SET checksum = NULL");
    assert_int_equal(
        kith_store_load(f->store, 1, 1, KITH_SEQ_MAX, 100000, count_run, &count), 0);
    assert_int_equal(count, 1);
}

/* ---- and what it does not have to ---- */

static void an_own_part_longer_than_any_is_damage(void **state)
{
    struct fixture *f = *state;
    spoil(f, "UPDATE events SET checksum = NULL, own = zeroblob(4097)");
    assert_int_equal(load(f), KITH_ECORRUPT);
    assert_string_not_equal(kith_store_detail(f->store), "");
}

static void content_shorter_than_its_salt_is_damage(void **state)
{
    struct fixture *f = *state;
    spoil(f, "UPDATE events SET checksum = NULL, content = zeroblob(15)");
    assert_int_equal(load(f), KITH_ECORRUPT);
}

static void content_longer_than_any_is_damage(void **state)
{
    struct fixture *f = *state;
    spoil(f, "UPDATE events SET checksum = NULL, content = zeroblob(200000)");
    assert_int_equal(load(f), KITH_ECORRUPT);
}

static void a_time_before_all_times_is_damage(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    spoil(f, "UPDATE events SET checksum = NULL, hlc = -1");
    assert_int_equal(kith_store_event(f->store, 1, 1, see_event, &seen), 0);
    assert_true(seen.events[0].is_damaged);
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_disk, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(whatever_changes_in_a_row_ends_the_reading_of_runs_there),
        CASE(whatever_changes_in_a_row_nobody_is_shown_it),
        CASE(a_damaged_event_is_found_by_no_word_and_hides_no_other),
        CASE(an_index_that_wants_gigabytes_is_damage),
        CASE(nor_does_it_from_the_index),
        CASE(a_run_with_a_row_missing_is_damage),
        CASE(a_log_with_a_damaged_head_is_given_back_as_such),
        CASE(the_checksum_of_a_row_stays_what_it_was),
        CASE(rows_from_before_there_were_checksums_are_read),
        CASE(an_own_part_longer_than_any_is_damage),
        CASE(content_shorter_than_its_salt_is_damage),
        CASE(content_longer_than_any_is_damage),
        CASE(a_value_longer_than_any_is_not_even_read),
        CASE(a_time_before_all_times_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
