/* SPDX-License-Identifier: MIT */
#include "cli/show.h"

#include <stdlib.h>

#include "lib/unit.h"

static char *text;
static size_t text_size;

static int teardown(void **state)
{
    free(text);
    text = NULL;
    return 0;
}

static void what_is_cut_ends_with_a_whole_character(void **state)
{
    char out[6];
    kith_cli_show_safe("abcdef", out, sizeof out);
    assert_string_equal(out, "abcde");
    kith_cli_show_safe("abcdä", out, sizeof out); /* its second byte is one too many */
    assert_string_equal(out, "abcd");
    kith_cli_show_safe("ab漢字", out, sizeof out);
    assert_string_equal(out, "ab漢");
    kith_cli_show_safe("ab漢", out, sizeof out);
    assert_string_equal(out, "ab漢");
}

/* A lone 0x9b begins a control sequence on terminals of one byte a character. */
static void json_passes_no_malformed_byte_on(void **state)
{
    static const char line[] = "{\"a\":\"\x9bJ�\x1b\"}";
    FILE *to = open_memstream(&text, &text_size);
    kith_cli_show_json_text(to, line, sizeof line - 1);
    fclose(to);
    assert_string_equal(text, "{\"a\":\"\\uFFFDJ�\\u001B\"}\n");
}

static void cells_are_safe_and_as_wide_as_they_are_shown(void **state)
{
    static const char *const heads[] = {"NAME", "STATE"};
    static const char *const cells[] = {"b\x1b[2Jb", "o\nk", NULL, "漢"};
    FILE *to = open_memstream(&text, &text_size);
    kith_cli_show_table(to, &(struct kith_cli_table){heads, 2, cells, 2});
    fclose(to);
    assert_string_equal(text, "NAME    STATE\n"
                              "b�[2Jb  o k\n"
                              "-       漢\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cut_ends_with_a_whole_character),
        cmocka_unit_test_teardown(json_passes_no_malformed_byte_on, teardown),
        cmocka_unit_test_teardown(cells_are_safe_and_as_wide_as_they_are_shown, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
