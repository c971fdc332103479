/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "store/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static void close_store(struct fixture *f)
{
    kith_store_close(f->store);
    f->store = NULL;
}

/* Opening again has to fail with this error and say something. */
static void expect_refusal(struct fixture *f, int error)
{
    struct kith_store *store = NULL;
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    assert_int_equal(kith_store_open(&f->config, &store, detail), error);
    assert_null(store);
    assert_string_not_equal(detail, "");
}

static void overwrite(const char *path, long offset, const char *bytes, size_t size)
{
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, size, offset), size);
    close(file);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* As after a kill -9, when only the database was moved away. */
static void a_log_without_its_database_is_refused_and_kept(void **state)
{
    struct fixture *f = *state;
    struct stat before, after;
    char log[128], aside[136];
    put_world(f);
    assert_int_equal(kith_store_commit(f->store), 0);
    snprintf(log, sizeof log, "%s-wal", f->config.path);
    snprintf(aside, sizeof aside, "%s.aside", log);
    assert_int_equal(link(log, aside), 0);
    assert_int_equal(stat(aside, &before), 0);
    assert_true(before.st_size > 0);
    unlink(log); /* the store leaves it alone then */
    close_store(f);
    unlink(f->config.path);
    assert_int_equal(rename(aside, log), 0);
    expect_refusal(f, KITH_ENOTFOUND);
    expect_refusal(f, KITH_ENOTFOUND); /* empty it is as good as missing */
    char detail[KITH_STORE_DETAIL_SIZE];
    int copy;
    assert_int_equal(kith_snapshot_take(f->config.path, true, &copy, detail), KITH_EIO);
    assert_int_equal(stat(log, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    unlink(log);
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
}

/* The database is a link: its log lies where that leads to. */
static void nor_is_the_log_of_one_that_a_link_leads_to(void **state)
{
    struct fixture *f = *state;
    char other[128], log[136];
    struct stat is;
    close_store(f);
    snprintf(other, sizeof other, "%s.other", f->config.path);
    snprintf(log, sizeof log, "%s-wal", other);
    unlink(f->config.path);
    assert_int_equal(symlink(other, f->config.path), 0);
    FILE *file = fopen(log, "w");
    assert_non_null(file);
    fputs("what was said", file);
    fclose(file);
    expect_refusal(f, KITH_ENOTFOUND);
    assert_int_equal(stat(log, &is), 0);
    unlink(log);
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    close_store(f);
    unlink(other);
}

/* Runs in another process; true is success there. */
static bool in_child(bool (*what)(struct fixture *f), struct fixture *f)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(what(f) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool is_locked(struct fixture *f)
{
    struct kith_store *store = NULL;
    char detail[KITH_STORE_DETAIL_SIZE] = "", expected[64];
    int rc = kith_store_open(&f->config, &store, detail);
    snprintf(expected, sizeof expected, "process %ld holds the home", (long)getppid());
    return rc == KITH_ELOCKED && !store && strcmp(detail, expected) == 0;
}

static bool is_unlocked(struct fixture *f)
{
    struct kith_store *store = NULL;
    int error = kith_store_open(&f->config, &store, NULL);
    kith_store_close(store);
    return error == 0;
}

static void a_second_process_is_refused_even_in_a_transaction(void **state)
{
    struct fixture *f = *state;
    assert_true(in_child(is_locked, f));
    put_world(f);
    assert_int_equal(
        put_run(f, &(struct run_spec){.log_no = 1, .seq_first = 1, .count = 1}), 0);
    assert_true(in_child(is_locked, f));
    expect_refusal(f, KITH_ELOCKED);
    char lock[128];
    snprintf(lock, sizeof lock, "%s/lock", f->home);
    assert_int_equal(unlink(lock), 0); /* the folder is locked as well */
    expect_refusal(f, KITH_ELOCKED);
    close_store(f);
    assert_true(in_child(is_unlocked, f));
    /* The child is dead and took its lock along. */
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
}

/* As that of a program with the library in it may: it has the lock's files open, too. */
static void a_child_that_lives_on_holds_no_lock(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1); /* until the parent is done */
    }
    close(ends[0]);
    close_store(f);
    int error = kith_store_open(&f->config, &f->store, NULL);
    close(ends[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(error, 0);
}

static void the_files_are_nobody_elses(void **state)
{
    static const char *const names[] = {"kith.db", "kith.db-wal", "lock"};
    struct fixture *f = *state;
    put_world(f);
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[128];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", f->home, names[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void garbage_is_corrupt(void **state)
{
    static char garbage[10000];
    struct fixture *f = *state;
    close_store(f);
    memset(garbage, 'g', sizeof garbage);
    overwrite(f->path, 0, garbage, sizeof garbage);
    expect_refusal(f, KITH_ECORRUPT);
}

static void a_short_file_is_corrupt(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    assert_int_equal(truncate(f->path, 0), 0);
    overwrite(f->path, 0, "hello", 5);
    expect_refusal(f, KITH_ECORRUPT);
}

static void a_damaged_schema_is_corrupt(void **state)
{
    static char garbage[3000];
    struct fixture *f = *state;
    close_store(f);
    memset(garbage, 0xee, sizeof garbage);
    overwrite(f->path, 100, garbage, sizeof garbage);
    expect_refusal(f, KITH_ECORRUPT);
}

static int ignore_record(void *ctx, const struct kith_record *record)
{
    return 0;
}

static void damage_further_in_is_found_when_met(void **state)
{
    static char garbage[4096];
    struct fixture *f = *state;
    put_world(f);
    close_store(f);
    memset(garbage, 0xee, sizeof garbage);
    struct stat status;
    assert_int_equal(stat(f->path, &status), 0);
    for (long at = 4096; at < status.st_size; at += 4096)
        overwrite(f->path, at, garbage, sizeof garbage);
    int rc = kith_store_open(&f->config, &f->store, NULL);
    if (rc == 0) {
        rc = kith_store_restore(f->store, ignore_record, NULL);
        assert_string_not_equal(kith_store_detail(f->store), "");
    }
    assert_int_equal(rc, KITH_ECORRUPT);
}

static void another_programs_database_is_left_alone(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    unlink(f->path);
    run_sql(f->path, "CREATE TABLE recipes(name TEXT)");
    expect_refusal(f, KITH_ECORRUPT);
    run_sql(f->path, "INSERT INTO recipes VALUES('soup'); PRAGMA user_version = 999");
    expect_refusal(f, KITH_ECORRUPT);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    run_sql(f->path, "PRAGMA user_version = 999");
    expect_refusal(f, KITH_ENEWER);
}

static void an_empty_file_becomes_a_store(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    assert_int_equal(truncate(f->path, 0), 0);
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    put_world(f);
}

static void a_missing_home_is_an_error(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    f->config.path = "/nonexistent/home/kith.db";
    expect_refusal(f, KITH_EIO);
}

static bool become_nobody(void)
{
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool is_readonly_for_nobody(struct fixture *f)
{
    struct kith_store *store = NULL;
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    return become_nobody() &&
           kith_store_open(&f->config, &store, detail) == KITH_EREADONLY && detail[0];
}

/* All that nobody has: a folder and a database he may read. */
static void a_readonly_home_is_named(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    if (getuid() != 0) {
        print_message("not root: permissions are changed for this user only\n");
        assert_int_equal(chmod(f->home, 0500), 0);
        unlink(f->path);
        expect_refusal(f, KITH_EREADONLY);
        assert_int_equal(chmod(f->home, 0700), 0);
        return;
    }
    char lock[128];
    snprintf(lock, sizeof lock, "%s/lock", f->home);
    assert_int_equal(chmod(f->home, 0755), 0);
    assert_int_equal(chmod(f->path, 0644), 0);
    assert_true(in_child(is_readonly_for_nobody, f)); /* the lock is not his */
    assert_int_equal(chmod(lock, 0666), 0);
    assert_true(in_child(is_readonly_for_nobody, f)); /* the database is not */
    unlink(lock);
    assert_true(in_child(is_readonly_for_nobody, f)); /* he can make no lock */
    assert_int_equal(unlink(f->path), 0);
    f->config.is_home_locked = true;
    assert_true(in_child(is_readonly_for_nobody, f)); /* he can make no database */
}

/* Commit until it fails; what was committed before stays. */
static uint64_t fill(struct fixture *f, int *out_error)
{
    static char text[20001];
    memset(text, 'x', sizeof text - 1);
    for (uint64_t seq = 1; seq < 10000; seq++) {
        struct run_spec spec = {
            .log_no = 1, .seq_first = seq, .count = 1, .text = text, .kind = 77};
        int rc = put_run(f, &spec);
        if (rc == 0)
            rc = kith_store_commit(f->store);
        if (rc != 0) {
            *out_error = rc;
            return seq;
        }
    }
    *out_error = 0;
    return 0;
}

static void a_full_database_fails_the_commit_and_recovers(void **state)
{
    struct fixture *f = *state;
    int error;
    struct kith_id id;
    put_world(f);
    assert_int_equal(kith_store_limit(f->store, 200), 0);
    uint64_t failed = fill(f, &error);
    assert_int_equal(error, KITH_EFULL);
    assert_string_not_equal(kith_store_detail(f->store), "");
    assert_true(failed > 10);
    assert_false(kith_store_is_dirty(f->store));
    assert_int_equal(kith_store_event_id(f->store, 1, failed - 1, &id), 0);
    assert_int_equal(kith_store_event_id(f->store, 1, failed, &id), KITH_ENOTFOUND);
    assert_int_equal(kith_store_limit(f->store, 0), 0);
    struct run_spec again = {.log_no = 1, .seq_first = failed, .count = 1};
    assert_int_equal(put_run(f, &again), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    assert_int_equal(kith_store_event_id(f->store, 1, failed - 1, &id), 0);
}

static void a_full_disk_fails_the_commit_and_recovers(void **state)
{
    struct fixture *f = *state;
    int error;
    struct kith_id id;
    close_store(f);
    if (mount("tmpfs", f->home, "tmpfs", 0, "size=1m,mode=0700") != 0) {
        print_message("no tmpfs can be mounted here: %s\n", strerror(errno));
        skip();
    }
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    put_world(f);
    uint64_t failed = fill(f, &error);
    assert_int_equal(error, KITH_EFULL);
    assert_int_equal(kith_store_event_id(f->store, 1, failed - 1, &id), 0);
    assert_int_equal(kith_store_event_id(f->store, 1, failed, &id), KITH_ENOTFOUND);
    assert_int_equal(mount("tmpfs", f->home, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    struct run_spec again = {.log_no = 1, .seq_first = failed, .count = 1};
    assert_int_equal(put_run(f, &again), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    fixture_reopen(f);
    assert_int_equal(kith_store_event_id(f->store, 1, failed, &id), 0);
    close_store(f);
    /* A home without any room at all. */
    unlink(f->path);
    assert_int_equal(umount(f->home), 0);
    assert_int_equal(mount("tmpfs", f->home, "tmpfs", 0, "size=4k,mode=0700"), 0);
    expect_refusal(f, KITH_EFULL);
    assert_int_equal(umount(f->home), 0);
}

static void a_new_marker_is_kept(void **state)
{
    struct fixture *f = *state;
    struct kith_record meta = {.type = KITH_RECORD_META};
    for (int round = 1; round < 4; round++) {
        meta.meta.marker[0] = (uint8_t)round;
        assert_int_equal(kith_store_put(f->store, &meta), 0);
        assert_int_equal(kith_store_commit(f->store), 0);
        f->config.is_durable_full = round > 1;
        fixture_reopen(f);
        put_world(f);
    }
}

/* A test that failed half-way may have left its disk mounted. */
static int teardown_disk(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    umount2(f->home, MNT_DETACH);
    return teardown(state);
}

static void it_belongs_to_who_opened_it_first(void **state)
{
    struct fixture *f = *state;
    const struct kith_id owner = f->config.self;
    char id[KITH_ID_TEXT_SIZE], detail[KITH_STORE_DETAIL_SIZE] = "";
    struct kith_store *store = NULL;
    close_store(f);
    f->config.self = made_peer_id(1);
    assert_int_equal(kith_store_open(&f->config, &store, detail), KITH_EINVALID);
    kith_id_format(&owner, id);
    assert_non_null(strstr(detail, id));
    f->config.self = (struct kith_id){0};
    fixture_reopen(f);
    f->config.self = owner;
    fixture_reopen(f);
    close_store(f);
    run_sql(f->path, "UPDATE meta SET self = x'07'");
    expect_refusal(f, KITH_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define D(name) cmocka_unit_test_setup_teardown(name, setup_disk, teardown_disk)
        D(a_second_process_is_refused_even_in_a_transaction),
        D(a_child_that_lives_on_holds_no_lock),
        D(the_files_are_nobody_elses),
        D(garbage_is_corrupt),
        D(a_short_file_is_corrupt),
        D(a_damaged_schema_is_corrupt),
        D(damage_further_in_is_found_when_met),
        D(another_programs_database_is_left_alone),
        D(a_newer_schema_is_refused),
        D(an_empty_file_becomes_a_store),
        D(a_missing_home_is_an_error),
        D(a_readonly_home_is_named),
        D(a_log_without_its_database_is_refused_and_kept),
        D(nor_is_the_log_of_one_that_a_link_leads_to),
        D(a_full_database_fails_the_commit_and_recovers),
        D(a_full_disk_fails_the_commit_and_recovers),
        D(a_new_marker_is_kept),
        D(it_belongs_to_who_opened_it_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
