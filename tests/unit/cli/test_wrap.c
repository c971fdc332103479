/* SPDX-License-Identifier: MIT */
#include "cli/wrap.h"

#include <stdlib.h>

#include "lib/unit.h"

static char *text;
static size_t text_size;

static void wrap(const char *from, int columns)
{
    free(text);
    FILE *to = open_memstream(&text, &text_size);
    kith_cli_wrap(to, from, strlen(from), columns);
    fclose(to);
}

static int teardown(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

static void what_fits_stays(void **state)
{
    (void)state;
    wrap("12:00:00 bob: twenty-four", 25);
    assert_string_equal(text, "12:00:00 bob: twenty-four");
    wrap("12:00:00 bob: one\n         two\n", 30);
    assert_string_equal(text, "12:00:00 bob: one\n         two\n");
    wrap("", 30);
    assert_string_equal(text, "");
}

static void rows_are_indented_and_break_at_blanks(void **state)
{
    (void)state;
    wrap("12:00:00 bob: one two three four five\n", 30);
    assert_string_equal(text, "12:00:00 bob: one two three\n         four five\n");
    wrap("12:00:00 bob: abcdefghijklmnopqrstuvwxyz\n", 30);
    assert_string_equal(text, "12:00:00 bob: abcdefghijklmnop\n         qrstuvwxyz\n");
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    wrap("12:00:00 b: 漢字漢字漢字漢字漢字", 25);
    assert_string_equal(text, "12:00:00 b: 漢字漢字漢字\n         漢字漢字");
}

static void where_terminals_differ_the_larger_width_counts(void **state)
{
    static const struct {
        const char *character;
        int width;
    } cases[] = {
        {"\u00AD", 1},     {"\u0600", 1},     {"\u0605", 1},     {"\u06DD", 1},
        {"\u200D", 1},     {"\U000110BD", 1}, {"\u1160", 1},     {"\uFE0F", 1},
        {"\u4DC0", 2},     {"\u4DFF", 2},     {"\u3248", 2},     {"\u2630", 2},
        {"\U0001D300", 2}, {"\U0001FAE9", 2}, {"\U0001F1E6", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[256] = "12:00:00 b: ";
        for (size_t j = 0, size = strlen(cases[i].character); j < 16; j++)
            memcpy(line + 12 + j * size, cases[i].character, size);
        int columns = 12 + 16 * cases[i].width;
        wrap(line, columns);
        assert_string_equal(text, line);
        wrap(line, columns - 1);
        assert_non_null(strchr(text, '\n'));
    }
    wrap("12:00:00 b: a\u0301e\u0301i\u0301o\u0301u\u0301abcdefg", 24);
    assert_null(strchr(text, '\n'));
}

static void no_row_of_a_message_begins_at_the_edge(void **state)
{
    char line[512];
    (void)state;
    for (int pad = 0; pad < 200; pad++) {
        for (int columns = KITH_CLI_WRAP_COLUMNS_MIN; columns < 90; columns++) {
            snprintf(line, sizeof line, "12:00:00 b: %*s* bob left", pad, "");
            wrap(line, columns);
            for (const char *row = strchr(text, '\n'); row; row = strchr(row + 1, '\n'))
                assert_memory_equal(row, "\n         ", 10);
        }
    }
}

static void a_narrow_terminal_is_left_alone(void **state)
{
    (void)state;
    wrap("12:00:00 bob: one two three", 10);
    assert_string_equal(text, "12:00:00 bob: one two three");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_stays),
        cmocka_unit_test(rows_are_indented_and_break_at_blanks),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(where_terminals_differ_the_larger_width_counts),
        cmocka_unit_test(no_row_of_a_message_begins_at_the_edge),
        cmocka_unit_test(a_narrow_terminal_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
