/* SPDX-License-Identifier: MIT */
#include "base/time_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/rng_seeded.h"
#include "lib/unit.h"

#define DAY (24 * KITH_HOUR)

/* 2026-11-21T01:02:03.004Z */
static const kith_time noted = 1795222923 * KITH_SECOND + 4 * KITH_MS;

static void assert_formats(kith_time wall, const char *expected)
{
    char text[KITH_TIME_TEXT_SIZE];
    kith_time_format(wall, text);
    assert_string_equal(text, expected);
}

static void assert_parses(const char *text, kith_time now, kith_time expected)
{
    kith_time wall = 1;
    if (!kith_time_parse(kith_bytes(text, strlen(text)), now, &wall))
        fail_msg("refused: %s", text);
    if (wall != expected)
        fail_msg("%s gave %lld", text, (long long)wall);
}

static void assert_refused(struct kith_bytes text, kith_time now)
{
    kith_time wall = 4711;
    if (kith_time_parse(text, now, &wall))
        fail_msg("accepted: %.*s", (int)text.size,
                 text.data != NULL ? (const char *)text.data : "");
    assert_int_equal(wall, 4711);
}

static void format_is_rfc_3339_in_utc_with_milliseconds(void **state)
{
    assert_formats(noted, "2026-11-21T01:02:03.004Z");
    assert_formats(0, "1970-01-01T00:00:00.000Z");
    assert_formats(951782400 * KITH_SECOND, "2000-02-29T00:00:00.000Z");
}

static void format_rounds_down_on_both_sides_of_1970(void **state)
{
    assert_formats(999, "1970-01-01T00:00:00.000Z");
    assert_formats(1999, "1970-01-01T00:00:00.001Z");
    assert_formats(-1, "1969-12-31T23:59:59.999Z");
    assert_formats(-DAY, "1969-12-31T00:00:00.000Z");
}

static void format_stops_at_the_years_that_can_be_written(void **state)
{
    assert_formats(INT64_MIN, "0000-01-01T00:00:00.000Z");
    assert_formats(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

static void format_agrees_with_the_c_library(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 1);
    for (int i = 0; i < 20000; i++) {
        /* The years 0001 to 9998. */
        time_t seconds = (time_t)kith_rng_below(&r.rng, 315500000000) - 62130000000;
        struct tm parts;
        char expected[64];
        gmtime_r(&seconds, &parts);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.000Z",
                 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                 parts.tm_min, parts.tm_sec);
        assert_formats(seconds * KITH_SECOND, expected);
    }
}

static void parse_undoes_format(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 2);
    for (int i = 0; i < 20000; i++) {
        kith_time wall =
            ((kith_time)kith_rng_below(&r.rng, 315500000000000) - 62130000000000) *
            KITH_MS;
        char text[KITH_TIME_TEXT_SIZE];
        kith_time_format(wall, text);
        assert_parses(text, 0, wall);
    }
}

static void a_date_is_its_midnight_in_utc(void **state)
{
    assert_parses("1970-01-02", 5, DAY);
    assert_parses("2026-11-21", 5, 1795219200 * KITH_SECOND);
    assert_parses("0000-01-01", 5, -62167219200 * KITH_SECOND);
}

static void a_date_time_has_an_offset_and_maybe_a_fraction(void **state)
{
    assert_parses("2026-11-21T01:02:03Z", 0, noted - 4 * KITH_MS);
    assert_parses("2026-11-21t01:02:03.004z", 0, noted);
    assert_parses("2026-11-21 01:02:03.0040009999Z", 0, noted);
    assert_parses("2026-11-21T02:32:03.004+01:30", 0, noted);
    assert_parses("2026-11-20T23:02:03.004-02:00", 0, noted);
    assert_parses("2026-11-21T01:02:03.004-00:00", 0, noted);
    assert_parses("1970-01-01T00:00:00.9Z", 0, 900 * KITH_MS);
    assert_parses("1970-01-01T00:00:00.000001Z", 0, 1);
}

static void a_leap_second_is_the_second_after_it(void **state)
{
    assert_parses("1990-12-31T23:59:60Z", 0, 662688000 * KITH_SECOND);
    assert_parses("1990-12-31T15:59:60-08:00", 0, 662688000 * KITH_SECOND);
}

static void a_length_counts_back_from_now(void **state)
{
    assert_parses("45s", noted, noted - 45 * KITH_SECOND);
    assert_parses("30m", noted, noted - 30 * KITH_MINUTE);
    assert_parses("2h", noted, noted - 2 * KITH_HOUR);
    assert_parses("3d", noted, noted - 3 * DAY);
    assert_parses("0s", noted, noted);
    assert_parses("0000000000000000000000000007d", noted, noted - 7 * DAY);
}

static void a_length_beyond_all_time_is_refused(void **state)
{
    assert_refused(BYTES("99999999999999999999s"), noted);
    assert_refused(BYTES("9223372036854775807s"), noted);
    assert_refused(BYTES("9223372036854775807d"), noted);
    assert_refused(BYTES("9223372036854s"), INT64_MIN + 5);
}

static void days_that_do_not_exist_are_refused(void **state)
{
    const char *texts[] = {"2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32",
                           "2026-02-29", "2026-04-31", "1900-02-29", "2100-02-29"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_refused(kith_bytes(texts[i], strlen(texts[i])), 0);
    assert_parses("2000-02-29", 0, 951782400 * KITH_SECOND);
    assert_parses("2024-02-29", 0, 1709164800 * KITH_SECOND);
}

static void what_is_no_time_is_refused(void **state)
{
    const char *texts[] = {
        " ",
        "h",
        "2",
        "2x",
        "-2h",
        "+2h",
        " 2h",
        "2h ",
        "2H",
        "2hh",
        "1h30m",
        "2.5h",
        "yesterday",
        "20261121",
        "2026-11-21T",
        "2026-11-21T01:02Z",
        "2026-11-21T01:02:03",
        "2026-11-21T24:00:00Z",
        "2026-11-21T01:60:00Z",
        "2026-11-21T01:02:61Z",
        "2026-11-21T01:02:03.Z",
        "2026-11-21T01:02:03,5Z",
        "2026-11-21T01:02:03+0100",
        "2026-11-21T01:02:03+24:00",
        "2026-11-21T01:02:03+01:60",
        "2026-11-21T01:02:03ZZ",
        "2026-11-21X01:02:03Z",
        "+026-11-21",
        "12026-11-21",
        "2026-11-21\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_refused(kith_bytes(texts[i], strlen(texts[i])), 0);
    assert_refused(kith_bytes(NULL, 0), 0);
    assert_refused(BYTES("2h\0"), 0);
}

/* Each truncation lies in a block of its own size, so that a sanitizer sees a read
 * past its end. */
static void only_the_date_of_a_truncated_date_time_is_a_time(void **state)
{
    const char whole[] = "2026-11-21T01:02:03.004+01:00";
    for (size_t size = 0; size < strlen(whole); size++) {
        char *copy = malloc(size > 0 ? size : 1);
        assert_non_null(copy);
        memcpy(copy, whole, size);
        kith_time wall;
        assert_int_equal(kith_time_parse(kith_bytes(copy, size), 0, &wall), size == 10);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_is_rfc_3339_in_utc_with_milliseconds),
        cmocka_unit_test(format_rounds_down_on_both_sides_of_1970),
        cmocka_unit_test(format_stops_at_the_years_that_can_be_written),
        cmocka_unit_test(format_agrees_with_the_c_library),
        cmocka_unit_test(parse_undoes_format),
        cmocka_unit_test(a_date_is_its_midnight_in_utc),
        cmocka_unit_test(a_date_time_has_an_offset_and_maybe_a_fraction),
        cmocka_unit_test(a_leap_second_is_the_second_after_it),
        cmocka_unit_test(a_length_counts_back_from_now),
        cmocka_unit_test(a_length_beyond_all_time_is_refused),
        cmocka_unit_test(days_that_do_not_exist_are_refused),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(only_the_date_of_a_truncated_date_time_is_a_time),
    };
    return cmocka_run_group_tests_name("base/time_format", tests, NULL, NULL);
}
