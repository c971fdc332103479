/* SPDX-License-Identifier: MIT */
#include "node/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/error.h"
#include "node_fixture.h"

static const char *below(const struct fixture *f, const char *rest)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", f->directory, rest);
    return path;
}

static void touch(const char *path)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fclose(file);
}

static void a_home_is_made_private_with_all_above_it(void **state)
{
    struct stat is;
    assert_int_equal(kith_home_make(below(*state, "a/b/c"), NULL), 0);
    assert_int_equal(stat(below(*state, "a/b/c"), &is), 0);
    assert_int_equal(is.st_mode & 0777, 0700);
    assert_int_equal(stat(below(*state, "a"), &is), 0);
    assert_int_equal(is.st_mode & 0777, 0700);
    assert_int_equal(kith_home_make(below(*state, "a/b/c"), NULL), 0);
}

static void a_file_is_no_home(void **state)
{
    struct kith_problem problem;
    touch(below(*state, "file"));
    assert_int_equal(kith_home_make(below(*state, "file"), &problem), KITH_EINVALID);
    assert_non_null(strstr(problem.text, "--home"));
    assert_int_equal(kith_home_make(below(*state, "file/below"), &problem),
                     KITH_EINVALID);
}

static void a_home_that_cannot_be_written_to_is_refused(void **state)
{
    struct kith_problem problem;
    if (geteuid() == 0)
        skip(); /* root may write everywhere; the system tests do it as another */
    assert_int_equal(mkdir(below(*state, "closed"), 0500), 0);
    assert_int_equal(kith_home_make(below(*state, "closed"), &problem), KITH_EREADONLY);
    assert_int_equal(kith_home_make(below(*state, "closed/home"), &problem),
                     KITH_EREADONLY);
}

static void the_marker_stays_until_the_database_is_another(void **state)
{
    uint8_t first[KITH_MARKER_SIZE], again[KITH_MARKER_SIZE], copy[KITH_MARKER_SIZE];
    if (access("/proc/sys/kernel/random/boot_id", R_OK) != 0)
        skip();
    touch(below(*state, "kith.db"));
    assert_int_equal(kith_home_marker(below(*state, "kith.db"), first), 0);
    assert_int_equal(kith_home_marker(below(*state, "kith.db"), again), 0);
    assert_memory_equal(first, again, sizeof first);
    touch(below(*state, "copy.db"));
    assert_int_equal(kith_home_marker(below(*state, "copy.db"), copy), 0);
    assert_memory_not_equal(first, copy, sizeof first);
}

static void without_a_database_there_is_no_marker(void **state)
{
    uint8_t marker[KITH_MARKER_SIZE];
    assert_int_equal(kith_home_marker(below(*state, "none.db"), marker), KITH_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_home_is_made_private_with_all_above_it,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(a_file_is_no_home, setup_directory, teardown),
        cmocka_unit_test_setup_teardown(a_home_that_cannot_be_written_to_is_refused,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(the_marker_stays_until_the_database_is_another,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(without_a_database_there_is_no_marker,
                                        setup_directory, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
