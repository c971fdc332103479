/* SPDX-License-Identifier: MIT */
#include "node/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/error.h"
#include "node/home.h"
#include "node/identity.h"
#include "node_fixture.h"

static const struct kith_seal_cost cheap = {KITH_SEAL_MEMORY_KIB_MIN, 1};

static struct kith_passphrase passphrase(const char *text)
{
    struct kith_passphrase out;
    assert_int_equal(kith_passphrase_parse(kith_bytes(text, strlen(text)), &out, NULL),
                     0);
    return out;
}

static const char *in(const struct fixture *f, const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", f->directory, name);
    return path;
}

static int back_up(const struct fixture *f, bool replaces)
{
    struct kith_passphrase secret = passphrase("seven small otters");
    struct kith_backup_job job = {.home = in(f, "n0"),
                                  .config = kith_bytes("port = 1\n", 9),
                                  .file = in(f, "backup"),
                                  .replaces = replaces,
                                  .passphrase = &secret,
                                  .cost = &cheap};
    return kith_backup(&job, NULL, NULL);
}

static int restore_to(const struct fixture *f, const char *home, const char *text,
                      struct kith_problem *problem)
{
    struct kith_passphrase secret = passphrase(text);
    struct kith_restore_job job = {in(f, home), in(f, "backup"), &secret};
    return kith_restore(&job, problem);
}

static int restore(const struct fixture *f)
{
    struct kith_problem problem = {0};
    int error = restore_to(f, "new", "seven small otters", &problem);
    if (error != 0)
        print_message("%s\n", problem.text);
    return error;
}

/* A home with a database, its node stopped. */
static void make_home(struct fixture *f)
{
    start_node(f, 0, "alice", -1);
    stop_node(f, 0);
}

static bool exists(const char *path)
{
    struct stat is;
    return lstat(path, &is) == 0;
}

static size_t count_entries(const char *directory)
{
    size_t count = 0;
    DIR *at = opendir(directory);
    assert_non_null(at);
    for (struct dirent *entry; (entry = readdir(at)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(at);
    return count;
}

static mode_t mode_of(const char *path)
{
    struct stat is;
    assert_int_equal(stat(path, &is), 0);
    return is.st_mode & 07777;
}

static void a_home_comes_back_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    struct kith_identity before, after;
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(mode_of(in(f, "backup")), 0600);
    assert_int_equal(restore(f), 0);
    assert_int_equal(kith_identity_load(in(f, "n0"), &before, NULL), 0);
    assert_int_equal(kith_identity_load(in(f, "new"), &after, NULL), 0);
    assert_true(kith_id_equal(&before.id, &after.id));
    assert_int_equal(mode_of(in(f, "new")), 0700);
    assert_int_equal(mode_of(in(f, "new/identity")), 0600);
    assert_int_equal(mode_of(in(f, "new/kith.db")), 0600);
    assert_int_equal(mode_of(in(f, "new/kith.conf")), 0600);
    assert_int_equal(count_entries(in(f, "new")), 4); /* and `origin` */
    assert_false(exists(in(f, "new.restoring")));
    kith_identity_deinit(&before);
    kith_identity_deinit(&after);
}

static void nothing_is_left_beside_backup_and_home(void **state)
{
    struct fixture *f = *state;
    make_home(f);
    size_t in_home = count_entries(in(f, "n0"));
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(count_entries(f->directory), 2); /* n0, backup */
    assert_int_equal(count_entries(in(f, "n0")), in_home);
}

static void a_backup_replaces_another_only_when_told_to(void **state)
{
    struct fixture *f = *state;
    struct stat before, after;
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(stat(in(f, "backup"), &before), 0);
    assert_int_equal(back_up(f, false), KITH_EINVALID);
    assert_int_equal(stat(in(f, "backup"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(back_up(f, true), 0);
    assert_int_equal(restore(f), 0);
}

static void without_a_home_there_is_nothing_to_back_up(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(back_up(f, false), KITH_ENOTFOUND);
    assert_int_equal(count_entries(f->directory), 0);
}

static void a_home_that_is_there_is_not_touched(void **state)
{
    struct fixture *f = *state;
    struct kith_problem problem = {0};
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    size_t count = count_entries(in(f, "n0"));
    assert_int_equal(restore_to(f, "n0", "seven small otters", &problem), KITH_EINVALID);
    assert_non_null(strstr(problem.text, "--home"));
    assert_int_equal(count_entries(in(f, "n0")), count);
    assert_int_equal(mkdir(in(f, "new"), 0755), 0);
    assert_int_equal(restore(f), 0);
    assert_int_equal(mode_of(in(f, "new")), 0700);
}

static void what_cannot_be_opened_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct kith_problem problem = {0};
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(restore_to(f, "new", "seven large otters", &problem), KITH_EACCESS);
    assert_non_null(strstr(problem.text, "passphrase"));
    assert_int_equal(truncate(in(f, "backup"), 5000), 0);
    assert_int_equal(restore_to(f, "new", "seven small otters", &problem), KITH_ECORRUPT);
    assert_non_null(strstr(problem.text, "cut short"));
    int fd = open(in(f, "backup"), O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "no backup at all", 16), 16);
    close(fd);
    assert_int_equal(restore_to(f, "new", "seven small otters", &problem), KITH_ECORRUPT);
    assert_non_null(strstr(problem.text, "no backup"));
    assert_false(exists(in(f, "new")));
    assert_false(exists(in(f, "new.restoring")));
}

/* As one leaves it that is killed just before the end. */
static void what_a_killed_restore_left_is_taken_over(void **state)
{
    struct fixture *f = *state;
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(mkdir(in(f, "new.restoring"), 0700), 0);
    static const char *const left[] = {"lock", "identity.part", "kith.db.part",
                                       "kith.db.part-wal", "origin.part"};
    for (size_t i = 0; i < COUNT(left); i++) {
        char name[64];
        snprintf(name, sizeof name, "new.restoring/%s", left[i]);
        int fd = open(in(f, name), O_WRONLY | O_CREAT, 0600);
        assert_int_equal(write(fd, "half", 4), 4);
        close(fd);
    }
    struct kith_identity identity;
    assert_int_equal(kith_identity_load(in(f, "new.restoring"), &identity, NULL),
                     KITH_ENOTFOUND);
    assert_int_equal(restore(f), 0);
    assert_int_equal(count_entries(in(f, "new")), 4);
    assert_false(exists(in(f, "new.restoring")));
}

static void files_of_somebody_else_are_not_swept_away(void **state)
{
    struct fixture *f = *state;
    struct kith_problem problem = {0};
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(mkdir(in(f, "new.restoring"), 0700), 0);
    close(open(in(f, "new.restoring/diary"), O_WRONLY | O_CREAT, 0600));
    assert_int_equal(restore_to(f, "new", "seven small otters", &problem), KITH_EINVALID);
    assert_true(exists(in(f, "new.restoring/diary")));
    assert_false(exists(in(f, "new")));
}

static void a_home_of_that_name_is_not_swept_away(void **state)
{
    static const char *const traces[] = {"control", "token", "kith.db-wal", "kith.db"};
    struct fixture *f = *state;
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(mkdir(in(f, "new.restoring"), 0700), 0);
    close(open(in(f, "new.restoring/identity"), O_WRONLY | O_CREAT, 0600));
    for (size_t i = 0; i < COUNT(traces); i++) {
        struct kith_problem problem = {0};
        char name[64];
        snprintf(name, sizeof name, "new.restoring/%s", traces[i]);
        close(open(in(f, name), O_WRONLY | O_CREAT, 0600));
        assert_int_equal(restore_to(f, "new", "seven small otters", &problem),
                         KITH_EINVALID);
        assert_true(exists(in(f, "new.restoring/identity")));
        assert_non_null(strstr(problem.text, "move it away"));
        assert_int_equal(unlink(in(f, name)), 0);
    }
    assert_false(exists(in(f, "new")));
    assert_int_equal(unlink(in(f, "new.restoring/identity")), 0);
    assert_int_equal(restore(f), 0);
}

/* As above, but killed at the very end. */
static void what_a_killed_restore_had_named_is_taken_over(void **state)
{
    static const char *const left[] = {"origin", "identity", "network", "kith.db.part"};
    struct fixture *f = *state;
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(mkdir(in(f, "new.restoring"), 0700), 0);
    for (size_t i = 0; i < COUNT(left); i++) {
        char name[64];
        snprintf(name, sizeof name, "new.restoring/%s", left[i]);
        close(open(in(f, name), O_WRONLY | O_CREAT, 0600));
    }
    assert_int_equal(restore(f), 0);
    assert_false(exists(in(f, "new.restoring")));
}

/* Boot, machine and inode may all be what they were. */
static void the_marker_is_another_after_every_restore(void **state)
{
    struct fixture *f = *state;
    uint8_t first[KITH_MARKER_SIZE], second[KITH_MARKER_SIZE], again[KITH_MARKER_SIZE];
    make_home(f);
    assert_int_equal(back_up(f, false), 0);
    assert_int_equal(restore(f), 0);
    const char *database = in(f, "new/kith.db");
    assert_int_equal(kith_home_marker(database, first), 0);
    assert_int_equal(kith_home_marker(database, again), 0);
    assert_memory_equal(first, again, sizeof first);
    int fd = open(in(f, "new/origin"), O_WRONLY);
    assert_int_equal(write(fd, "another restore", 15), 15);
    close(fd);
    assert_int_equal(kith_home_marker(database, second), 0);
    assert_memory_not_equal(first, second, sizeof first);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_directory, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_home_comes_back_for_its_owner_alone),
        CASE(nothing_is_left_beside_backup_and_home),
        CASE(a_backup_replaces_another_only_when_told_to),
        CASE(without_a_home_there_is_nothing_to_back_up),
        CASE(a_home_that_is_there_is_not_touched),
        CASE(what_cannot_be_opened_leaves_nothing),
        CASE(what_a_killed_restore_left_is_taken_over),
        CASE(files_of_somebody_else_are_not_swept_away),
        CASE(what_a_killed_restore_had_named_is_taken_over),
        CASE(a_home_of_that_name_is_not_swept_away),
        CASE(the_marker_is_another_after_every_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
