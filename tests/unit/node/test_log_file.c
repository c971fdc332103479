/* SPDX-License-Identifier: MIT */
/* The log of a node that nobody looks at takes no more of the disk than it may. */
#include "node/log_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node_fixture.h"

#define SIZE_MAX_HERE 100
#define LINE_SIZE     10 /* "line 0001\n" */

static const char *below(const struct fixture *f, const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->directory, name);
    return path;
}

static off_t size_of(const struct fixture *f, const char *name)
{
    struct stat is;
    return lstat(below(f, name), &is) == 0 ? is.st_size : -1;
}

static void is_private(const struct fixture *f, const char *name)
{
    struct stat is;
    assert_int_equal(lstat(below(f, name), &is), 0);
    assert_true(S_ISREG(is.st_mode));
    assert_int_equal(is.st_mode & 0777, 0600);
}

static void holds(const struct fixture *f, const char *name, const char *text)
{
    char got[1024];
    int fd = open(below(f, name), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t size = read(fd, got, sizeof(got) - 1);
    assert_true(size >= 0);
    got[size] = '\0';
    close(fd);
    assert_string_equal(got, text);
}

static void append(const struct fixture *f, int log, const char *text)
{
    kith_log_file_make_room(f->directory, log, strlen(text), SIZE_MAX_HERE);
    assert_int_equal(write(log, text, strlen(text)), strlen(text));
}

static void append_lines(const struct fixture *f, int log, int from, int to)
{
    char line[32];
    for (int no = from; no < to; no++) {
        snprintf(line, sizeof(line), "line %04d\n", no);
        append(f, log, line);
    }
}

static int begin(const struct fixture *f)
{
    int log = kith_log_file_begin(f->directory);
    assert_true(log >= 0);
    return log;
}

static void the_log_of_the_run_before_is_kept(void **state)
{
    int log = begin(*state);
    append(*state, log, "crashed\n");
    close(log);
    log = begin(*state);
    holds(*state, KITH_LOG_FILE, "");
    holds(*state, KITH_LOG_FILE_BEFORE, "crashed\n");
    close(log);
    close(begin(*state)); /* nothing was logged in between */
    holds(*state, KITH_LOG_FILE_BEFORE, "crashed\n");
}

static void a_log_takes_no_more_than_twice_its_limit(void **state)
{
    int log = begin(*state);
    for (int no = 0; no < 1000; no++) {
        append_lines(*state, log, no, no + 1);
        assert_true(size_of(*state, KITH_LOG_FILE) <= SIZE_MAX_HERE);
        assert_true(size_of(*state, KITH_LOG_FILE_BEFORE) <= SIZE_MAX_HERE);
    }
    append_lines(*state, log, 1000, 1002); /* the last lines are there, none is missing */
    holds(*state, KITH_LOG_FILE, "line 1000\nline 1001\n");
    holds(*state, KITH_LOG_FILE_BEFORE,
          "line 0990\nline 0991\nline 0992\nline 0993\nline 0994\n"
          "line 0995\nline 0996\nline 0997\nline 0998\nline 0999\n");
    is_private(*state, KITH_LOG_FILE);
    is_private(*state, KITH_LOG_FILE_BEFORE);
    close(log);
}

static void a_line_longer_than_the_limit_is_written_once_and_alone(void **state)
{
    char line[2 * SIZE_MAX_HERE + 2];
    int log = begin(*state);
    memset(line, 'x', sizeof(line) - 2);
    memcpy(line + sizeof(line) - 2, "\n", 2);
    append(*state, log, line);
    holds(*state, KITH_LOG_FILE, line);
    append(*state, log, "next\n");
    holds(*state, KITH_LOG_FILE, "next\n");
    holds(*state, KITH_LOG_FILE_BEFORE, line);
    close(log);
}

static void one_that_cannot_be_set_aside_is_emptied(void **state)
{
    int log = begin(*state);
    assert_int_equal(mkdir(below(*state, KITH_LOG_FILE_BEFORE), 0700), 0);
    append_lines(*state, log, 0, 13);
    holds(*state, KITH_LOG_FILE, "line 0010\nline 0011\nline 0012\n");
    close(log);
}

static void without_descriptors_it_goes_on_within_bounds_until_there_are_some(
    void **state)
{
    struct rlimit usual, none;
    int log = begin(*state);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int no = 0; no < 1000; no++) {
        struct stat is;
        append_lines(*state, log, no, no + 1);
        assert_int_equal(fstat(log, &is), 0);
        assert_true(is.st_size <= 2 * SIZE_MAX_HERE);
    }
    append_lines(*state, log, 1000, 1015);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    append(*state, log, "more again\n");
    holds(*state, KITH_LOG_FILE, "more again\n");
    close(log);
}

static void one_that_somebody_removed_is_begun_anew(void **state)
{
    int log = begin(*state);
    append_lines(*state, log, 0, 10);
    assert_int_equal(unlink(below(*state, KITH_LOG_FILE)), 0);
    append_lines(*state, log, 10, 11);
    holds(*state, KITH_LOG_FILE, "line 0010\n");
    close(log);
}

static void what_is_no_log_is_left_alone(void **state)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    append_lines(*state, ends[1], 0, 20);
    assert_int_equal(size_of(*state, KITH_LOG_FILE), -1);
    assert_int_equal(symlink("/dev/null", below(*state, KITH_LOG_FILE)), 0);
    assert_int_equal(kith_log_file_begin(((struct fixture *)*state)->directory), -1);
    assert_int_equal(size_of(*state, KITH_LOG_FILE), sizeof("/dev/null") - 1);
    assert_int_equal(size_of(*state, KITH_LOG_FILE_BEFORE), -1);
    close(ends[0]);
    close(ends[1]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_directory, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_log_of_the_run_before_is_kept),
        CASE(a_log_takes_no_more_than_twice_its_limit),
        CASE(a_line_longer_than_the_limit_is_written_once_and_alone),
        CASE(one_that_cannot_be_set_aside_is_emptied),
        CASE(without_descriptors_it_goes_on_within_bounds_until_there_are_some),
        CASE(one_that_somebody_removed_is_begun_anew),
        CASE(what_is_no_log_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
