/* SPDX-License-Identifier: MIT */
#include "cli/home.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/unit.h"

static int setup(void **state)
{
    (void)state;
    unsetenv("KITH_HOME");
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/home/sam", 1);
    return 0;
}

static void assert_home(const char *option, const char *expected)
{
    const char *why = NULL;
    char *path = kith_cli_home_path(option, &why);
    assert_non_null(path);
    assert_string_equal(path, expected);
    free(path);
}

static void the_nearest_of_four_places_is_taken(void **state)
{
    (void)state;
    assert_home(NULL, "/home/sam/.local/share/kith");
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_home(NULL, "/data/kith");
    setenv("KITH_HOME", "/of/environment", 1);
    assert_home(NULL, "/of/environment");
    assert_home("/of/option", "/of/option");
}

static void a_relative_data_directory_is_ignored(void **state)
{
    (void)state;
    setenv("XDG_DATA_HOME", "data", 1);
    assert_home(NULL, "/home/sam/.local/share/kith");
}

static void a_relative_home_is_made_absolute(void **state)
{
    char expected[4200];
    (void)state;
    assert_non_null(getcwd(expected, 4096));
    strncat(expected, "/here", 6);
    assert_home("here", expected);
    setenv("HOME", "here", 1);
    strncat(expected, "/.local/share/kith", 20);
    assert_home(NULL, expected);
}

static void an_empty_name_is_refused(void **state)
{
    const char *why = NULL;
    (void)state;
    assert_null(kith_cli_home_path("", &why));
    assert_non_null(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_nearest_of_four_places_is_taken, setup),
        cmocka_unit_test_setup(a_relative_data_directory_is_ignored, setup),
        cmocka_unit_test_setup(a_relative_home_is_made_absolute, setup),
        cmocka_unit_test_setup(an_empty_name_is_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
