/* SPDX-License-Identifier: MIT */
#include "store/snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"

static const char *beside(const struct fixture *f, const char *name)
{
    static char paths[2][128];
    static unsigned next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", f->home, name);
    return path;
}

/* The copy under a name, to look into it. */
static void save(int fd, const char *path)
{
    char piece[4096];
    ssize_t got;
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(to >= 0);
    while ((got = read(fd, piece, sizeof piece)) > 0)
        assert_int_equal(write(to, piece, (size_t)got), got);
    assert_int_equal(got, 0);
    close(to);
    close(fd);
}

static void take(struct fixture *f, const char *path)
{
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    int fd = -1;
    int error = kith_snapshot_take(f->path, false, &fd, detail);
    if (error != 0)
        fail_msg("%s", detail);
    save(fd, path);
}

static size_t count_events(const struct fixture *f, const char *path)
{
    static struct seen seen;
    struct kith_store *store = NULL;
    struct kith_store_config config = f->config;
    config.path = path;
    config.is_home_locked = true;
    assert_int_equal(kith_store_open(&config, &store, NULL), 0);
    seen = (struct seen){.count = 0};
    assert_int_equal(kith_store_arrivals(store, 1, EVENTS_SEEN_MAX, see_event, &seen), 0);
    kith_store_close(store);
    return seen.count;
}

static void put_many(struct fixture *f, uint64_t seq_first, size_t count)
{
    struct run_spec spec = {.log_no = 1, .seq_first = seq_first, .count = 10};
    for (size_t i = 0; i < count; i += 10, spec.seq_first += 10)
        assert_int_equal(put_run(f, &spec), 0);
}

static void it_has_what_was_committed_and_no_more(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    put_many(f, 1, 300);
    assert_int_equal(kith_store_commit(f->store), 0);
    put_many(f, 301, 100); /* the writer is in a transaction meanwhile */
    take(f, beside(f, "copy.db"));
    assert_int_equal(kith_store_commit(f->store), 0);
    assert_int_equal(count_events(f, beside(f, "copy.db")), 300);
    take(f, beside(f, "copy.db"));
    assert_int_equal(count_events(f, beside(f, "copy.db")), 400);
}

static size_t count_files(const struct fixture *f)
{
    size_t count = 0;
    DIR *home = opendir(f->home);
    assert_non_null(home);
    while (readdir(home))
        count++;
    closedir(home);
    return count;
}

static void its_name_is_gone_at_once(void **state)
{
    struct fixture *f = *state;
    char detail[KITH_STORE_DETAIL_SIZE];
    int fd = -1;
    put_world(f);
    size_t before = count_files(f);
    assert_int_equal(kith_snapshot_take(f->path, false, &fd, detail), 0);
    assert_int_equal(count_files(f), before);
    struct stat is;
    assert_int_equal(fstat(fd, &is), 0);
    assert_true(is.st_size > 0 && is.st_nlink == 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    close(fd);
}

static bool take_often(const struct fixture *f)
{
    char detail[KITH_STORE_DETAIL_SIZE];
    struct stat is;
    int fd = -1;
    for (int i = 0; i < 200; i++) {
        if (kith_snapshot_take(f->path, false, &fd, detail) != 0)
            return false;
        bool is_whole = fstat(fd, &is) == 0 && is.st_size > 0;
        close(fd);
        if (!is_whole)
            return false;
    }
    return true;
}

static void two_at_once_are_both_whole(void **state)
{
    struct fixture *f = *state;
    int status = 0;
    put_world(f);
    assert_int_equal(kith_store_commit(f->store), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(take_often(f) ? 0 : 1);
    bool is_whole = take_often(f);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(is_whole && status == 0);
}

static void it_works_without_an_owner_too(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    put_many(f, 1, 20);
    assert_int_equal(kith_store_commit(f->store), 0);
    kith_store_close(f->store);
    f->store = NULL;
    take(f, beside(f, "copy.db"));
    assert_int_equal(count_events(f, beside(f, "copy.db")), 20);
    fixture_reopen(f);
}

static void what_is_no_database_of_kith_is_refused(void **state)
{
    struct fixture *f = *state;
    char detail[KITH_STORE_DETAIL_SIZE];
    int fd = -1;
    assert_int_equal(kith_snapshot_take(beside(f, "none.db"), false, &fd, detail),
                     KITH_ENOTFOUND);
    int file = open(beside(f, "other.db"), O_WRONLY | O_CREAT, 0600);
    for (int i = 0; i < 300; i++)
        assert_int_equal(write(file, "not pages at all", 16), 16);
    close(file);
    assert_int_equal(kith_snapshot_take(beside(f, "other.db"), false, &fd, detail),
                     KITH_ECORRUPT);
    assert_int_equal(kith_snapshot_adopt(beside(f, "other.db"), detail), KITH_ECORRUPT);
    assert_int_equal(fd, -1);
}

static int see_marker(void *ctx, const struct kith_record *record)
{
    if (record->type == KITH_RECORD_META)
        memcpy(ctx, record->meta.marker, KITH_MARKER_SIZE);
    return 0;
}

static void adopted_it_forgets_where_its_logs_were_written(void **state)
{
    struct fixture *f = *state;
    static const uint8_t nothing[KITH_MARKER_SIZE];
    uint8_t marker[KITH_MARKER_SIZE];
    char detail[KITH_STORE_DETAIL_SIZE];
    struct kith_record record = {.type = KITH_RECORD_META};
    memset(record.meta.marker, 7, KITH_MARKER_SIZE);
    put_world(f);
    assert_int_equal(kith_store_put(f->store, &record), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    const char *copy = beside(f, "copy.db");
    take(f, copy);
    assert_int_equal(kith_snapshot_adopt(copy, detail), 0);
    struct kith_store *store = NULL;
    struct kith_store_config config = f->config;
    config.path = copy;
    config.is_home_locked = true;
    assert_int_equal(kith_store_open(&config, &store, NULL), 0);
    assert_int_equal(kith_store_restore(store, see_marker, marker), 0);
    assert_memory_equal(marker, nothing, sizeof marker);
    kith_store_close(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_disk, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_has_what_was_committed_and_no_more),
        CASE(its_name_is_gone_at_once),
        CASE(two_at_once_are_both_whole),
        CASE(it_works_without_an_owner_too),
        CASE(what_is_no_database_of_kith_is_refused),
        CASE(adopted_it_forgets_where_its_logs_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
