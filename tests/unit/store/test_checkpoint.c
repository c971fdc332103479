/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAL_FRAME_SIZE (4096 + 24) /* SQLite file format, section 4.1 */

static char text_long[3500];

/* About a page for each event. */
static void commit_some(struct fixture *f, uint64_t *seq, size_t count)
{
    struct run_spec spec = {
        .log_no = 1, .seq_first = *seq, .count = count, .text = text_long};
    assert_int_equal(put_run(f, &spec), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    *seq += count;
}

static int setup(void **state)
{
    memset(text_long, 'x', sizeof text_long - 1);
    setup_disk(state);
    put_world(*state);
    return 0;
}

static size_t wal_file_pages(struct fixture *f)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s-wal", f->path);
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size / WAL_FRAME_SIZE;
}

static void check_events(struct fixture *f, uint64_t seq_next)
{
    struct kith_id id, expected;
    fixture_reopen(f);
    for (uint64_t seq = 1; seq < seq_next; seq++) {
        expected = made_event_id(1, seq);
        assert_int_equal(kith_store_event_id(f->store, 1, seq, &id), 0);
        assert_true(kith_id_equal(&id, &expected));
    }
}

static void a_checkpoint_is_due_from_the_soft_limit(void **state)
{
    struct fixture *f = *state;
    uint64_t seq = 1;
    assert_false(kith_store_checkpoint_is_due(f->store));
    while (kith_store_wal_pages(f->store) < KITH_STORE_WAL_PAGES_SOFT) {
        assert_false(kith_store_checkpoint_is_due(f->store));
        commit_some(f, &seq, 32);
    }
    assert_true(kith_store_checkpoint_is_due(f->store));
    struct kith_checkpoint *checkpoint = kith_store_checkpoint_begin(f->store);
    assert_non_null(checkpoint);
    assert_false(kith_store_checkpoint_is_due(f->store));
    assert_null(kith_store_checkpoint_begin(f->store));
    kith_checkpoint_run(checkpoint);
    assert_int_equal(kith_store_checkpoint_end(f->store), 0);
    assert_false(kith_store_checkpoint_is_due(f->store));
    /* All of it was moved, so the log begins again. */
    commit_some(f, &seq, 1);
    assert_true(kith_store_wal_pages(f->store) < 10);
    assert_false(kith_store_checkpoint_is_due(f->store));
    check_events(f, seq);
}

static void *run_checkpoint(void *checkpoint)
{
    kith_checkpoint_run(checkpoint);
    return NULL;
}

static void commits_go_on_while_a_thread_checkpoints(void **state)
{
    struct fixture *f = *state;
    uint64_t seq = 1;
    size_t runs = 0;
    while (runs < 6) {
        pthread_t thread;
        while (!kith_store_checkpoint_is_due(f->store))
            commit_some(f, &seq, 64);
        struct kith_checkpoint *checkpoint = kith_store_checkpoint_begin(f->store);
        assert_non_null(checkpoint);
        assert_int_equal(pthread_create(&thread, NULL, run_checkpoint, checkpoint), 0);
        for (int i = 0; i < 20; i++)
            commit_some(f, &seq, 8);
        pthread_join(thread, NULL);
        assert_int_equal(kith_store_checkpoint_end(f->store), 0);
        runs++;
    }
    check_events(f, seq);
}

static void the_log_is_bounded_without_a_worker(void **state)
{
    struct fixture *f = *state;
    uint64_t seq = 1;
    size_t highest = 0;
    while (seq < KITH_STORE_WAL_PAGES_HARD * 5 / 4) {
        commit_some(f, &seq, 128);
        if (kith_store_wal_pages(f->store) > highest)
            highest = kith_store_wal_pages(f->store);
    }
    assert_true(highest >= KITH_STORE_WAL_PAGES_HARD);
    assert_true(highest < KITH_STORE_WAL_PAGES_HARD + 1024);
    assert_true(wal_file_pages(f) < KITH_STORE_WAL_PAGES_HARD + 1024);
}

static int checkpoint_now(struct fixture *f)
{
    struct kith_checkpoint *checkpoint = kith_store_checkpoint_begin(f->store);
    assert_non_null(checkpoint);
    kith_checkpoint_run(checkpoint);
    return kith_store_checkpoint_end(f->store);
}

/* The database is away whenever the worker opens it. */
static int checkpoint_in_vain(struct fixture *f)
{
    char aside[128];
    struct kith_checkpoint *checkpoint = kith_store_checkpoint_begin(f->store);
    assert_non_null(checkpoint);
    snprintf(aside, sizeof aside, "%s.aside", f->path);
    assert_int_equal(rename(f->path, aside), 0);
    kith_checkpoint_run(checkpoint);
    assert_int_equal(rename(aside, f->path), 0);
    return kith_store_checkpoint_end(f->store);
}

static void a_worker_that_fails_is_told_of(void **state)
{
    struct fixture *f = *state;
    assert_int_not_equal(checkpoint_in_vain(f), 0);
    assert_string_not_equal(kith_store_detail(f->store), "");
    assert_int_equal(checkpoint_now(f), 0); /* the next time it works */
}

/* Another program in the middle of a query. */
static sqlite3 *begin_reading(struct fixture *f)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "BEGIN; SELECT count(*) FROM events", NULL, NULL, NULL),
        SQLITE_OK);
    return db;
}

static void commit_until_due(struct fixture *f, uint64_t *seq)
{
    while (!kith_store_checkpoint_is_due(f->store))
        commit_some(f, seq, 32);
}

static void grow_log(struct fixture *f, uint64_t *seq, size_t pages)
{
    while (kith_store_wal_pages(f->store) < pages)
        commit_some(f, seq, 128);
}

static void is_begun_anew(struct fixture *f, uint64_t *seq)
{
    commit_some(f, seq, 1);
    assert_true(kith_store_wal_pages(f->store) < KITH_STORE_WAL_PAGES_SOFT);
    assert_false(kith_store_log_is_held(f->store));
}

/* Without the worker here, in the next one with it. Were each commit to wait for the
 * reader, these would outlive the time that the test has. */
static void no_commit_waits_for_a_reader(void **state)
{
    struct fixture *f = *state;
    uint64_t seq = 1;
    sqlite3 *reader = begin_reading(f);
    grow_log(f, &seq, KITH_STORE_WAL_PAGES_HARD);
    for (int i = 0; i < 100; i++)
        commit_some(f, &seq, 1);
    assert_true(kith_store_log_is_held(f->store));
    sqlite3_close(reader);
    grow_log(f, &seq, 2 * KITH_STORE_WAL_PAGES_HARD);
    commit_some(f, &seq, 128);
    is_begun_anew(f, &seq);
    check_events(f, seq);
}

static void what_a_reader_held_is_moved_once_he_is_gone(void **state)
{
    struct fixture *f = *state;
    uint64_t seq = 1;
    size_t pages, tries = 0;
    sqlite3 *reader = begin_reading(f);
    do {
        commit_until_due(f, &seq);
        assert_int_equal(checkpoint_now(f), 0);
        pages = kith_store_wal_pages(f->store);
        assert_true(pages >= KITH_STORE_WAL_PAGES_HARD ||
                    !kith_store_log_is_held(f->store));
        tries++;
    } while (pages < KITH_STORE_WAL_PAGES_HARD * 5 / 4);
    /* Each in vain, so that none was due before much more was to be moved. */
    assert_in_range(tries, 9, 11);
    assert_true(kith_store_log_is_held(f->store));
    sqlite3_close(reader);
    commit_until_due(f, &seq);
    assert_true(kith_store_wal_pages(f->store) < pages + KITH_STORE_WAL_PAGES_SOFT + 64);
    assert_int_equal(checkpoint_now(f), 0);
    is_begun_anew(f, &seq);
    check_events(f, seq);
}

static void a_worker_that_goes_on_failing_is_sent_less_often(void **state)
{
    struct fixture *f = *state;
    uint64_t seq = 1;
    size_t failed = 0, highest = 0;
    while (seq < KITH_STORE_WAL_PAGES_HARD * 5 / 4) {
        commit_some(f, &seq, 32);
        if (kith_store_wal_pages(f->store) > highest)
            highest = kith_store_wal_pages(f->store);
        if (!kith_store_checkpoint_is_due(f->store))
            continue;
        assert_int_not_equal(checkpoint_in_vain(f), 0);
        failed++;
    }
    assert_in_range(failed, 8, 16);
    /* The store's own connection still works, and sees to the limit. */
    assert_in_range(highest, KITH_STORE_WAL_PAGES_HARD,
                    KITH_STORE_WAL_PAGES_HARD + KITH_STORE_WAL_PAGES_SOFT);
    commit_until_due(f, &seq);
    assert_int_equal(checkpoint_now(f), 0);
    is_begun_anew(f, &seq);
    check_events(f, seq);
}

static void memory_has_nothing_to_checkpoint(void **state)
{
    struct fixture *f = *state;
    kith_store_close(f->store);
    f->config.path = ":memory:";
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    assert_false(kith_store_checkpoint_is_due(f->store));
    assert_null(kith_store_checkpoint_begin(f->store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define D(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        D(a_checkpoint_is_due_from_the_soft_limit),
        D(commits_go_on_while_a_thread_checkpoints),
        D(the_log_is_bounded_without_a_worker),
        D(a_worker_that_fails_is_told_of),
        D(no_commit_waits_for_a_reader),
        D(what_a_reader_held_is_moved_once_he_is_gone),
        D(a_worker_that_goes_on_failing_is_sent_less_often),
        D(memory_has_nothing_to_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
