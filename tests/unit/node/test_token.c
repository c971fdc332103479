/* SPDX-License-Identifier: MIT */
#include "node/token.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kith/error.h"
#include "node_fixture.h"

static const char *file_of(const struct fixture *f)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/token", f->directory);
    return path;
}

static void write_token(const struct fixture *f, const char *text)
{
    FILE *file = fopen(file_of(f), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(file_of(f), 0600);
}

static void it_is_made_once_private_and_stays(void **state)
{
    struct fixture *f = *state;
    char first[KITH_TOKEN_TEXT_SIZE], again[KITH_TOKEN_TEXT_SIZE];
    struct stat is;
    assert_int_equal(kith_token_load_or_make(f->directory, first, NULL), 0);
    assert_int_equal(strlen(first), KITH_TOKEN_TEXT_SIZE - 1);
    assert_int_equal(kith_token_load_or_make(f->directory, again, NULL), 0);
    assert_string_equal(first, again);
    assert_int_equal(stat(file_of(f), &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    assert_int_equal(remove(file_of(f)), 0);
    assert_int_equal(kith_token_load_or_make(f->directory, again, NULL), 0);
    assert_string_not_equal(first, again);
}

static void one_that_others_may_read_is_refused(void **state)
{
    struct fixture *f = *state;
    char token[KITH_TOKEN_TEXT_SIZE];
    struct kith_problem problem;
    assert_int_equal(kith_token_load_or_make(f->directory, token, NULL), 0);
    assert_int_equal(chmod(file_of(f), 0640), 0);
    assert_int_equal(kith_token_load_or_make(f->directory, token, &problem),
                     KITH_EACCESS);
    assert_non_null(strstr(problem.text, "chmod 600"));
}

static void what_is_no_token_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const none[] = {
        "", "\n", "secret\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\n"};
    char token[KITH_TOKEN_TEXT_SIZE];
    struct kith_problem problem;
    for (size_t i = 0; i < COUNT(none); i++) {
        write_token(f, none[i]);
        assert_int_equal(kith_token_load_or_make(f->directory, token, &problem),
                         KITH_ECORRUPT);
        assert_non_null(strstr(problem.text, file_of(f)));
    }
}

static void a_newline_at_the_end_may_be_missing(void **state)
{
    struct fixture *f = *state;
    char token[KITH_TOKEN_TEXT_SIZE];
    write_token(f, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(kith_token_load_or_make(f->directory, token, NULL), 0);
    assert_string_equal(token, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_directory, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_made_once_private_and_stays),
        TEST(one_that_others_may_read_is_refused),
        TEST(what_is_no_token_is_refused),
        TEST(a_newline_at_the_end_may_be_missing),
    };
    return cmocka_run_group_tests_name("node/token", tests, NULL, NULL);
}
