/* SPDX-License-Identifier: MIT */
/* When the disk is synced, and what happens when that fails. */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/vfs_hostile.h"

static struct vfs_hostile disk;

static void fail_syncs(bool is_failing)
{
    vfs_hostile_arm(&disk, VFS_FAULT_SYNC, is_failing ? 1 : 0, true);
}

static int setup(void **state)
{
    vfs_hostile_init(&disk);
    return setup_disk(state);
}

static int end(void **state)
{
    fail_syncs(false);
    teardown(state);
    vfs_hostile_deinit(&disk);
    return 0;
}

static int put_marker(struct fixture *f, uint8_t number)
{
    struct kith_record record = {.type = KITH_RECORD_META, .meta.marker = {number}};
    return kith_store_put(f->store, &record);
}

/* Syncs of a commit with one event, and with the marker if it is not 0. */
static size_t syncs_of_commit(struct fixture *f, uint64_t seq, uint8_t marker)
{
    struct run_spec spec = {.log_no = 1, .seq_first = seq, .count = 1};
    disk.syncs = disk.syncs_main = 0;
    assert_int_equal(put_run(f, &spec), 0);
    if (marker)
        assert_int_equal(put_marker(f, marker), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    return disk.syncs;
}

static void a_new_marker_is_synced_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(syncs_of_commit(f, 1, 0), 0);
    assert_int_equal(syncs_of_commit(f, 2, 1), 2); /* the database, once, and its log */
    assert_int_equal(disk.syncs_main, 1);
    assert_int_equal(syncs_of_commit(f, 3, 0), 0);
    assert_int_equal(syncs_of_commit(f, 4, 1), 0); /* the same */
    assert_int_equal(syncs_of_commit(f, 5, 2), 1);
    assert_int_equal(disk.syncs_main, 0);
}

static int ignore_record(void *ctx, const struct kith_record *record)
{
    return 0;
}

static void a_restored_marker_is_not_new(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    syncs_of_commit(f, 1, 9);
    fixture_reopen(f);
    assert_int_equal(kith_store_restore(f->store, ignore_record, NULL), 0);
    syncs_of_commit(f, 2, 0); /* the log is begun again, which syncs */
    assert_int_equal(syncs_of_commit(f, 3, 9), 0);
}

static void a_rolled_back_marker_is_still_new(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(put_marker(f, 1), 0);
    kith_store_rollback(f->store);
    assert_int_equal(syncs_of_commit(f, 1, 0), 0);
    assert_true(syncs_of_commit(f, 2, 1) > 0);
}

static void full_durability_syncs_every_commit(void **state)
{
    struct fixture *f = *state;
    f->config.is_durable_full = true;
    fixture_reopen(f);
    put_world(f);
    for (uint64_t seq = 1; seq < 5; seq++)
        assert_true(syncs_of_commit(f, seq, 0) > 0);
}

static void a_failed_sync_of_a_marker_is_final(void **state)
{
    struct fixture *f = *state;
    struct run_spec spec = {.log_no = 1, .seq_first = 1, .count = 1};
    put_world(f);
    assert_int_equal(put_marker(f, 1), 0);
    fail_syncs(true);
    assert_int_equal(kith_store_commit(f->store), KITH_EIO);
    fail_syncs(false);
    assert_int_equal(put_run(f, &spec), KITH_EIO);
    assert_non_null(strstr(kith_store_detail(f->store), "start the node anew"));
    fixture_reopen(f);
    f->arrival_next = 1;
    assert_int_equal(put_run(f, &spec), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
}

static void a_failed_sync_of_a_checkpoint_is_final(void **state)
{
    struct fixture *f = *state;
    struct run_spec spec = {.log_no = 1, .seq_first = 1, .count = 1};
    char path[128];
    put_world(f);
    struct kith_checkpoint *checkpoint = kith_store_checkpoint_begin(f->store);
    assert_non_null(checkpoint);
    fail_syncs(true);
    kith_checkpoint_run(checkpoint);
    assert_int_equal(kith_store_checkpoint_end(f->store), KITH_EIO);
    fail_syncs(false);
    assert_int_equal(put_run(f, &spec), KITH_EIO);
    assert_non_null(strstr(kith_store_detail(f->store), "start the node anew"));
    kith_store_close(f->store); /* which has nothing written to the database */
    f->store = NULL;
    snprintf(path, sizeof path, "%s-wal", f->config.path);
    assert_int_equal(access(path, F_OK), 0);
    fixture_reopen(f);
    f->arrival_next = 1;
    assert_int_equal(put_run(f, &spec), 0);
}

static void a_deleted_database_takes_nothing_more(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(put_marker(f, 1), 0);
    assert_int_equal(unlink(f->config.path), 0);
    assert_int_equal(kith_store_commit(f->store), KITH_EIO);
    assert_non_null(strstr(kith_store_detail(f->store), "deleted"));
    assert_false(kith_store_is_dirty(f->store));
}

static void a_deleted_log_takes_nothing_more(void **state)
{
    struct fixture *f = *state;
    char path[128];
    put_world(f);
    snprintf(path, sizeof path, "%s-wal", f->config.path);
    assert_int_equal(put_marker(f, 1), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(kith_store_commit(f->store), KITH_EIO);
    assert_non_null(strstr(kith_store_detail(f->store), "deleted"));
    assert_false(kith_store_is_dirty(f->store));
}

/* It may be on the disk or not: nothing is told of it that a restart may disprove. */
static void a_failed_sync_of_a_full_commit_is_final(void **state)
{
    struct fixture *f = *state;
    f->config.is_durable_full = true;
    fixture_reopen(f);
    put_world(f);
    assert_int_equal(kith_store_commit(f->store), 0);
    struct run_spec spec = {.log_no = 1, .seq_first = 1, .count = 1};
    assert_int_equal(put_run(f, &spec), 0);
    fail_syncs(true);
    assert_int_equal(kith_store_commit(f->store), KITH_EIO);
    fail_syncs(false);
    assert_non_null(strstr(kith_store_detail(f->store), "is not known"));
    f->arrival_next = 1;
    assert_int_equal(put_run(f, &spec), KITH_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, end)
        T(a_new_marker_is_synced_and_nothing_else),
        T(a_restored_marker_is_not_new),
        T(a_rolled_back_marker_is_still_new),
        T(full_durability_syncs_every_commit),
        T(a_failed_sync_of_a_marker_is_final),
        T(a_failed_sync_of_a_checkpoint_is_final),
        T(a_deleted_database_takes_nothing_more),
        T(a_deleted_log_takes_nothing_more),
        T(a_failed_sync_of_a_full_commit_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
