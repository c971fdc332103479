/* SPDX-License-Identifier: MIT */
#include "cli/since.h"

#include <stdlib.h>
#include <time.h>

#include "lib/unit.h"

/* Central Europe: an hour ahead, in summer two. */
static int setup(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    return 0;
}

static const char *since(const char *text)
{
    static char out[KITH_TIME_TEXT_SIZE];
    const struct kith_cli_given given = {"since", text};
    struct kith_cli cli = {.given = &given, .given_count = text ? 1 : 0};
    return kith_cli_since(&cli, out);
}

static void without_an_offset_it_is_local(void **state)
{
    (void)state;
    assert_string_equal(since("2026-11-25"), "2026-11-24T23:00:00.000Z");
    assert_string_equal(since("2026-07-01"), "2026-06-30T22:00:00.000Z");
    assert_string_equal(since("2026-11-25 04:47:13"), "2026-11-25T03:47:13.000Z");
    assert_string_equal(since("2026-11-25T04:47:13.25"), "2026-11-25T03:47:13.250Z");
    assert_string_equal(since("2026-11-25 04:47"), "2026-11-25T03:47:00.000Z");
    assert_string_equal(since("1960-01-01 00:00:00.5"), "1959-12-31T23:00:00.500Z");
}

static void an_hour_that_is_skipped_or_comes_twice_is_one(void **state)
{
    (void)state;
    const char *text = since("2026-03-29 02:30");
    assert_true(strcmp(text, "2026-03-29T00:30:00.000Z") == 0 ||
                strcmp(text, "2026-03-29T01:30:00.000Z") == 0);
    text = since("2026-10-25 02:30");
    assert_true(strcmp(text, "2026-10-25T00:30:00.000Z") == 0 ||
                strcmp(text, "2026-10-25T01:30:00.000Z") == 0);
    assert_string_equal(since("2026-10-25 03:30"), "2026-10-25T02:30:00.000Z");
}

static void anything_else_comes_as_it_is(void **state)
{
    static const char *const texts[] = {
        "2h",         "1234567890s", "2026-11-25T04:47:13Z", "2026-11-25T04:47:13+05:30",
        "2026-02-30", "2026-13-01",  "2026-11-25 25:00",     "yesterday",
        "",           "2026-11-25x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_ptr_equal(since(texts[i]), texts[i]);
    assert_null(since(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_an_offset_it_is_local, setup),
        cmocka_unit_test_setup(an_hour_that_is_skipped_or_comes_twice_is_one, setup),
        cmocka_unit_test_setup(anything_else_comes_as_it_is, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
