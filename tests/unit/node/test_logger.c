/* SPDX-License-Identifier: MIT */
#include "node/logger.h"

#include <stdio.h>

#include "lib/unit.h"

static char last[2048];
static size_t line_count;

static void to_last(void *ctx, const char *line, size_t size)
{
    (void)ctx;
    assert_true(size < sizeof last);
    memcpy(last, line, size);
    last[size] = '\0';
    line_count++;
}

static struct kith_logger log_;

static int setup(void **state)
{
    (void)state;
    last[0] = '\0';
    line_count = 0;
    kith_logger_init(&log_, KITH_LOGGER_INFO, to_last, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kith_logger_deinit(&log_);
    return 0;
}

static void a_line_is_time_level_area_message_and_pairs(void **state)
{
    (void)state;
    kith_logger_write_at(&log_, 1795226523004 * KITH_MS, KITH_LOGGER_WARN, "net",
                         "link down", "peer", "k3f9q2abx7mw", "links",
                         KITH_LOGGER_NUMBER(3), NULL);
    assert_string_equal(
        last,
        "2026-11-21T02:02:03.004Z warn net \"link down\" peer=k3f9q2abx7mw links=3\n");
}

static void what_is_less_urgent_is_dropped(void **state)
{
    (void)state;
    kith_logger_write(&log_, KITH_LOGGER_DEBUG, "net", "chatter", NULL);
    assert_int_equal(line_count, 0);
    kith_logger_write(&log_, KITH_LOGGER_ERROR, "net", "news", NULL);
    assert_int_equal(line_count, 1);
    kith_logger_write(NULL, KITH_LOGGER_ERROR, "net", "to nobody", NULL);
}

static void a_value_forges_neither_line_nor_field(void **state)
{
    (void)state;
    kith_logger_write_at(&log_, 0, KITH_LOGGER_INFO, "link", "online", "name",
                         "sam\n2026 error x=\"1\"", "end", "", NULL);
    assert_string_equal(last, "1970-01-01T00:00:00.000Z info link online "
                              "name=\"sam\\n2026 error x=\\\"1\\\"\" end=\"\"\n");
    kith_logger_write_at(&log_, 0, KITH_LOGGER_INFO, "link", "online", "name",
                         "\\\" address=6.6.6.6 x=\\", NULL);
    assert_non_null(strstr(last, "name=\"\\\\\\\" address=6.6.6.6 x=\\\\\"\n"));
}

static void a_value_moves_no_cursor(void **state)
{
    (void)state;
    kith_logger_write_at(&log_, 0, KITH_LOGGER_INFO, "link", "online", "name",
                         "\x1b[2Jsam\r\xe2\x80\xae", NULL);
    assert_null(strpbrk(last, "\x1b\r"));
    assert_null(strstr(last, "\xe2\x80\xae"));
    assert_non_null(strstr(last, "[2Jsam"));
}

static void a_long_line_is_cut_between_characters(void **state)
{
    char value[1500];
    (void)state;
    for (size_t i = 0; i + 2 < sizeof value; i += 2)
        memcpy(value + i, "\xc3\xa4", 2);
    value[1498] = '\0';
    kith_logger_write_at(&log_, 0, KITH_LOGGER_INFO, "a", "b", "value", value, NULL);
    size_t size = strlen(last);
    assert_true(size <= KITH_LOGGER_LINE_SIZE_MAX + 1);
    assert_string_equal(last + size - 6, "\xc3\xa4\xe2\x80\xa6\n");
}

static void the_last_thousand_lines_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < KITH_LOGGER_LINES_KEPT + 5; i++)
        kith_logger_write_at(&log_, 0, KITH_LOGGER_INFO, "a", "line", "no",
                             KITH_LOGGER_NUMBER(i), NULL);
    assert_non_null(strstr(kith_logger_line(&log_, 0), "no=5"));
    assert_non_null(
        strstr(kith_logger_line(&log_, KITH_LOGGER_LINES_KEPT - 1), "no=1004"));
    assert_null(kith_logger_line(&log_, KITH_LOGGER_LINES_KEPT));
}

static void few_lines_are_kept_from_the_first(void **state)
{
    (void)state;
    assert_null(kith_logger_line(&log_, 0));
    kith_logger_write_at(&log_, 0, KITH_LOGGER_INFO, "a", "first", NULL);
    kith_logger_write_at(&log_, 0, KITH_LOGGER_INFO, "a", "second", NULL);
    assert_non_null(strstr(kith_logger_line(&log_, 0), "first"));
    assert_non_null(strstr(kith_logger_line(&log_, 1), "second"));
    assert_null(kith_logger_line(&log_, 2));
}

static void a_throttle_counts_what_it_holds_back(void **state)
{
    struct kith_logger_throttle throttle = {0};
    unsigned held_back = 9;
    (void)state;
    assert_true(kith_logger_throttle_pass(&throttle, 5, 10, &held_back));
    assert_int_equal(held_back, 0);
    assert_false(kith_logger_throttle_pass(&throttle, 6, 10, &held_back));
    assert_false(kith_logger_throttle_pass(&throttle, 14, 10, &held_back));
    assert_true(kith_logger_throttle_pass(&throttle, 15, 10, &held_back));
    assert_int_equal(held_back, 2);
}

static void levels_are_read_by_name(void **state)
{
    enum kith_logger_level level = KITH_LOGGER_ERROR;
    (void)state;
    assert_true(kith_logger_level_parse("debug", &level));
    assert_int_equal(level, KITH_LOGGER_DEBUG);
    assert_string_equal(kith_logger_level_name(level), "debug");
    assert_false(kith_logger_level_parse("loud", &level));
    assert_int_equal(level, KITH_LOGGER_DEBUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_time_level_area_message_and_pairs,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_less_urgent_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_forges_neither_line_nor_field, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_value_moves_no_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_between_characters, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_last_thousand_lines_are_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(few_lines_are_kept_from_the_first, setup,
                                        teardown),
        cmocka_unit_test(a_throttle_counts_what_it_holds_back),
        cmocka_unit_test(levels_are_read_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
