/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <pthread.h>
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

static void a_worker_that_fails_is_told_of(void **state)
{
    struct fixture *f = *state;
    char aside[128];
    struct kith_checkpoint *checkpoint = kith_store_checkpoint_begin(f->store);
    assert_non_null(checkpoint);
    snprintf(aside, sizeof aside, "%s.aside", f->path);
    assert_int_equal(rename(f->path, aside), 0);
    kith_checkpoint_run(checkpoint);
    assert_int_equal(rename(aside, f->path), 0);
    assert_int_not_equal(kith_store_checkpoint_end(f->store), 0);
    assert_string_not_equal(kith_store_detail(f->store), "");
    /* The next time it works. */
    checkpoint = kith_store_checkpoint_begin(f->store);
    assert_non_null(checkpoint);
    kith_checkpoint_run(checkpoint);
    assert_int_equal(kith_store_checkpoint_end(f->store), 0);
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
        D(memory_has_nothing_to_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
