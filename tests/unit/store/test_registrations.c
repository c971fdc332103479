/* SPDX-License-Identifier: MIT */
#include "store/registrations.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kith/error.h"
#include "lib/unit.h"
#include "lib/vfs_hostile.h"

#define ROWS_MAX 8

struct home {
    char folder[64];
    char path[96];
    struct kith_registrations *registrations;
};

struct seen {
    size_t count;
    struct kith_registration rows[ROWS_MAX]; /* without their records */
    char records[ROWS_MAX][2][16];
};

static void reopen(struct home *home)
{
    char detail[KITH_REGISTRATIONS_DETAIL_SIZE];
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    assert_int_equal(kith_registrations_open(home->path, &home->registrations, detail),
                     0);
}

static int setup(void **state)
{
    struct home *home = calloc(1, sizeof *home);
    const char *folder = getenv("TMPDIR");
    assert_non_null(home);
    snprintf(home->folder, sizeof home->folder, "%.40s/kith-tracker-XXXXXX",
             folder != NULL ? folder : "/tmp");
    assert_non_null(mkdtemp(home->folder));
    snprintf(home->path, sizeof home->path, "%s/tracker.db", home->folder);
    reopen(home);
    *state = home;
    return 0;
}

static int teardown(void **state)
{
    struct home *home = *state;
    char path[512];
    const struct dirent *entry;
    kith_registrations_close(home->registrations);
    DIR *folder = opendir(home->folder);
    while ((entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", home->folder, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(home->folder);
    free(home);
    return 0;
}

static struct kith_registration row(uint8_t who, uint64_t seen_s)
{
    struct kith_registration row = {.seen_s = seen_s, .counters = {7, UINT64_MAX}};
    memset(row.id.bytes, who, sizeof row.id.bytes);
    memset(row.tag, 0x42, sizeof row.tag);
    snprintf(row.name.text, sizeof row.name.text, "peer %d", who);
    row.remote.ip.bytes[15] = who;
    row.remote.port = 4747;
    row.reached = 3;
    row.records[0] = BYTES("public");
    return row;
}

static void put(struct home *home, const struct kith_registration *row)
{
    assert_int_equal(kith_registrations_put(home->registrations, row), 0);
}

static void commit(struct home *home)
{
    assert_int_equal(kith_registrations_commit(home->registrations), 0);
}

static int see(void *ctx, const struct kith_registration *row)
{
    struct seen *seen = ctx;
    assert_true(seen->count < ROWS_MAX);
    for (size_t i = 0; i < 2 && row->records[i].size > 0; i++)
        memcpy(seen->records[seen->count][i], row->records[i].data, row->records[i].size);
    seen->rows[seen->count++] = *row;
    return 0;
}

static struct seen restored(struct home *home)
{
    struct seen seen = {0};
    assert_int_equal(kith_registrations_restore(home->registrations, 0, see, &seen), 0);
    return seen;
}

static void run_sql(const struct home *home, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void expect_refusal(struct home *home, int error)
{
    char detail[KITH_REGISTRATIONS_DETAIL_SIZE] = "";
    struct kith_registrations *other = NULL;
    assert_int_equal(kith_registrations_open(home->path, &other, detail), error);
    assert_null(other);
    assert_string_not_equal(detail, "");
}

/* ---- claims ---- */

static void a_row_comes_back_as_it_was_put(void **state)
{
    struct home *home = *state;
    struct kith_registration alice = row(1, 100);
    put(home, &alice);
    commit(home);
    reopen(home);
    struct seen seen = restored(home);
    assert_int_equal(seen.count, 1);
    assert_memory_equal(&seen.rows[0].id, &alice.id, sizeof alice.id);
    assert_memory_equal(seen.rows[0].tag, alice.tag, sizeof alice.tag);
    assert_string_equal(seen.rows[0].name.text, "peer 1");
    assert_true(kith_ip_port_equal(&seen.rows[0].remote, &alice.remote));
    assert_false(seen.rows[0].is_here);
    assert_int_equal(seen.rows[0].seen_s, 100);
    assert_int_equal(seen.rows[0].reached, 3);
    assert_int_equal(seen.rows[0].counters[0], 7);
    assert_true(seen.rows[0].counters[1] == UINT64_MAX);
    assert_int_equal(seen.rows[0].records[0].size, 6);
    assert_memory_equal(seen.records[0][0], "public", 6);
    assert_int_equal(seen.rows[0].records[1].size, 0);
}

static void a_second_put_replaces_the_row_and_a_removal_takes_it_away(void **state)
{
    struct home *home = *state;
    struct kith_registration alice = row(1, 100), bob = row(2, 50);
    put(home, &alice);
    put(home, &bob);
    alice.seen_s = 200;
    put(home, &alice);
    assert_int_equal(kith_registrations_remove(home->registrations, &bob.id), 0);
    commit(home);
    struct seen seen = restored(home);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.rows[0].seen_s, 200);
}

static void rows_come_back_longest_away_first(void **state)
{
    struct home *home = *state;
    for (uint8_t who = 1; who <= 3; who++) {
        struct kith_registration peer = row(who, 400 - 100u * who);
        put(home, &peer);
    }
    commit(home);
    struct seen seen = restored(home);
    assert_int_equal(seen.count, 3);
    for (size_t i = 1; i < 3; i++)
        assert_true(seen.rows[i - 1].seen_s < seen.rows[i].seen_s);
}

static void who_was_here_was_seen_at_the_last_mark_and_not_at_later_ones(void **state)
{
    struct home *home = *state;
    struct kith_registration alice = row(1, 100), bob = row(2, 90);
    alice.is_here = true;
    put(home, &alice);
    put(home, &bob);
    assert_int_equal(kith_registrations_mark(home->registrations, 160), 0);
    commit(home);
    reopen(home);
    struct seen seen = restored(home);
    assert_int_equal(seen.rows[0].seen_s, 90);
    assert_int_equal(seen.rows[1].seen_s, 160);
    assert_false(seen.rows[1].is_here);
    assert_int_equal(kith_registrations_mark(home->registrations, 900), 0);
    commit(home);
    reopen(home);
    seen = restored(home);
    assert_int_equal(seen.rows[1].seen_s, 160);
}

static void who_was_not_seen_for_long_is_removed_for_good(void **state)
{
    struct home *home = *state;
    struct seen seen = {0};
    for (uint8_t who = 1; who <= 3; who++) {
        struct kith_registration peer = row(who, 100u * who);
        put(home, &peer);
    }
    commit(home);
    assert_int_equal(kith_registrations_restore(home->registrations, 200, see, &seen), 0);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.rows[0].seen_s, 300);
    reopen(home);
    assert_int_equal(restored(home).count, 1);
}

static void what_was_committed_survives_kill_9_and_nothing_else_does(void **state)
{
    struct home *home = *state;
    int status = 0;
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct kith_registration alice = row(1, 100), bob = row(2, 100);
        reopen(home);
        put(home, &alice);
        commit(home);
        put(home, &bob);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    reopen(home);
    struct seen seen = restored(home);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.rows[0].name.text, "peer 1");
}

static void a_second_process_is_refused(void **state)
{
    struct home *home = *state;
    expect_refusal(home, KITH_ELOCKED); /* the lock is of the open file */
}

static void a_newer_schema_is_refused(void **state)
{
    struct home *home = *state;
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    run_sql(home, "PRAGMA user_version = 2");
    expect_refusal(home, KITH_ENEWER);
}

static void another_database_is_refused(void **state)
{
    struct home *home = *state;
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    run_sql(home, "PRAGMA application_id = 1");
    expect_refusal(home, KITH_ECORRUPT);
}

static void a_damaged_row_is_told(void **state)
{
    struct home *home = *state;
    struct seen seen = {0};
    struct kith_registration alice = row(1, 100);
    put(home, &alice);
    commit(home);
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    run_sql(home, "UPDATE peers SET tag = x'00'");
    reopen(home);
    assert_int_equal(kith_registrations_restore(home->registrations, 0, see, &seen),
                     KITH_ECORRUPT);
    assert_int_equal(seen.count, 0);
}

static void a_lost_mark_is_damage(void **state)
{
    struct home *home = *state;
    struct seen seen = {0};
    struct kith_registration alice = row(1, 100);
    alice.is_here = true;
    put(home, &alice);
    commit(home);
    run_sql(home, "DELETE FROM mark");
    reopen(home);
    assert_int_equal(kith_registrations_restore(home->registrations, 0, see, &seen),
                     KITH_ECORRUPT);
}

static int take_for_damaged(void *ctx, const struct kith_registration *row)
{
    return KITH_ECORRUPT;
}

static void a_row_that_is_not_taken_is_told_as_damaged(void **state)
{
    struct home *home = *state;
    struct kith_registration alice = row(1, 100);
    put(home, &alice);
    commit(home);
    assert_int_equal(
        kith_registrations_restore(home->registrations, 0, take_for_damaged, NULL),
        KITH_ECORRUPT);
    assert_string_equal(kith_registrations_detail(home->registrations),
                        "a row is damaged");
}

static void a_full_disk_undoes_the_transaction_and_the_next_one_works(void **state)
{
    struct home *home = *state;
    struct kith_registration alice = row(1, 100), bob = row(2, 100);
    put(home, &alice);
    commit(home);
    kith_registrations_limit(home->registrations, 1);
    static char large[2000];
    int error = 0;
    for (uint8_t who = 10; who < 200 && error == 0; who++) {
        struct kith_registration peer = row(who, 1);
        peer.records[0] = kith_bytes(large, sizeof large);
        error = kith_registrations_put(home->registrations, &peer);
    }
    assert_int_equal(error, KITH_EFULL);
    assert_string_not_equal(kith_registrations_detail(home->registrations), "");
    kith_registrations_limit(home->registrations, 0);
    put(home, &bob);
    commit(home);
    assert_int_equal(restored(home).count, 2);
}

/* ---- a disk that fails ---- */

/* One call of the keeper after the other, each again until it is done; how often one
 * failed. What was undone with a failure is put again, as the registry does in time. */
static size_t live(struct home *home)
{
    char detail[KITH_REGISTRATIONS_DETAIL_SIZE];
    struct kith_registration alice = row(1, 100), bob = row(2, 200);
    size_t failures = 0;
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    unlink(home->path);
    while (kith_registrations_open(home->path, &home->registrations, detail) != 0)
        failures++;
    struct kith_registrations *r = home->registrations;
    while (kith_registrations_put(r, &alice) != 0 ||
           kith_registrations_put(r, &bob) != 0 || kith_registrations_commit(r) != 0)
        failures++;
    while (kith_registrations_remove(r, &bob.id) != 0 ||
           kith_registrations_mark(r, 300) != 0 || kith_registrations_commit(r) != 0)
        failures++;
    struct seen seen = {0};
    while (kith_registrations_restore(r, 0, see, &seen) != 0) {
        seen.count = 0;
        failures++;
    }
    assert_int_equal(seen.count, 1);
    return failures;
}

static void any_call_to_the_disk_may_fail_and_what_was_committed_is_there(void **state)
{
    static const enum vfs_fault faults[] = {VFS_FAULT_IO, VFS_FAULT_SHORT};
    struct home *home = *state;
    struct vfs_hostile disk;
    size_t told = 0;
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    vfs_hostile_init(&disk);
    for (size_t i = 0; i < COUNT(faults); i++) {
        size_t n = 0;
        do {
            disk.failures = 0;
            vfs_hostile_arm(&disk, faults[i], ++n, false);
            told += live(home);
            vfs_hostile_arm(&disk, faults[i], 0, false);
            reopen(home);
            assert_int_equal(restored(home).count, 1);
        } while (disk.failures > 0);
    }
    assert_true(told > 50);
    kith_registrations_close(home->registrations);
    home->registrations = NULL;
    vfs_hostile_deinit(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_comes_back_as_it_was_put, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_second_put_replaces_the_row_and_a_removal_takes_it_away, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_come_back_longest_away_first, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            who_was_here_was_seen_at_the_last_mark_and_not_at_later_ones, setup,
            teardown),
        cmocka_unit_test_setup_teardown(who_was_not_seen_for_long_is_removed_for_good,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_was_committed_survives_kill_9_and_nothing_else_does, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_process_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_newer_schema_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(another_database_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_row_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_mark_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_that_is_not_taken_is_told_as_damaged, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_full_disk_undoes_the_transaction_and_the_next_one_works, setup, teardown),
        cmocka_unit_test_setup_teardown(
            any_call_to_the_disk_may_fail_and_what_was_committed_is_there, setup,
            teardown),
    };
    return cmocka_run_group_tests_name("store/registrations", tests, NULL, NULL);
}
