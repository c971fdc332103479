/* SPDX-License-Identifier: MIT */
#include "cli/chat_words.h"

#include <stdio.h>

#include "lib/unit.h"

static char target[KITH_CHAT_TARGET_SIZE];

static void a_target_is_a_word_or_in_quotes(void **state)
{
    (void)state;
    assert_string_equal(kith_chat_target("bob hi  there ", target), "hi  there ");
    assert_string_equal(target, "bob");
    assert_string_equal(kith_chat_target("  \"Anna Maria\"  hi", target), "hi");
    assert_string_equal(target, "Anna Maria");
    assert_string_equal(kith_chat_target("\"a \\\"b\\\\\" x", target), "x");
    assert_string_equal(target, "a \"b\\");
    assert_string_equal(kith_chat_target("127.0.0.1:4747 a:b", target), "a:b");
    assert_string_equal(target, "127.0.0.1:4747");
    assert_string_equal(kith_chat_target("bob", target), "");
}

static void what_is_no_target_is_refused(void **state)
{
    char long_name[KITH_CHAT_TARGET_SIZE + 1];
    static const char *const bad[] = {"", "   ", "\"open", "\"\" x", "\"a\"b c", "\"a\\"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_null(kith_chat_target(bad[i], target));
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_null(kith_chat_target(long_name, target));
    long_name[sizeof long_name - 2] = '\0';
    assert_non_null(kith_chat_target(long_name, target));
}

static void a_word_ends_at_white_space(void **state)
{
    (void)state;
    assert_string_equal(kith_chat_after("msg bob hi", "msg"), "bob hi");
    assert_string_equal(kith_chat_after("MSG\tbob", "msg"), "bob");
    assert_string_equal(kith_chat_after("msg", "msg"), "");
    assert_null(kith_chat_after("msgs bob", "msg"));
    assert_null(kith_chat_after("ms", "msg"));
}

static void trimming_cuts_the_end_only(void **state)
{
    char text[] = "  a b \t\r\n";
    char blank[] = " \t";
    (void)state;
    kith_chat_trim(text);
    assert_string_equal(text, "  a b");
    kith_chat_trim(blank);
    assert_string_equal(blank, "");
}

static void old_forms_are_recognised(void **state)
{
    static const struct {
        const char *line;
        enum kith_chat_old form;
        const char *rest;
    } cases[] = {
        {"msg bob a:b c", KITH_CHAT_OLD_MSG, "bob a:b c"},
        {"msg", KITH_CHAT_OLD_MSG, ""},
        {"rename", KITH_CHAT_OLD_RENAME, ""},
        {"rename sam", KITH_CHAT_OLD_RENAME, "sam"},
        {"conn:10.0.0.1:4747", KITH_CHAT_OLD_CONNECT, "10.0.0.1:4747"},
        {"to_peer:a:b c", KITH_CHAT_OLD_TO_PEER, "a:b c"},
        {"exit", KITH_CHAT_OLD_LEAVE, ""},
        {"close", KITH_CHAT_OLD_LEAVE, ""},
        {"exit ", KITH_CHAT_OLD_LEAVE, ""},
    };
    const char *rest;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(kith_chat_old_form(cases[i].line, &rest), cases[i].form);
        assert_string_equal(rest, cases[i].rest);
    }
}

static void ordinary_text_is_no_old_form(void **state)
{
    static const char *const lines[] = {
        "hello",
        "exit through the gift shop",
        "close the door",
        "Exit",
        "exits",
        "message",
        "renamed it",
        "conn 10.0.0.1:1",
        "to_peer hi",
        " to be",
        "6",
    };
    const char *rest;
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_int_equal(kith_chat_old_form(lines[i], &rest), KITH_CHAT_OLD_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_a_word_or_in_quotes),
        cmocka_unit_test(what_is_no_target_is_refused),
        cmocka_unit_test(a_word_ends_at_white_space),
        cmocka_unit_test(trimming_cuts_the_end_only),
        cmocka_unit_test(old_forms_are_recognised),
        cmocka_unit_test(ordinary_text_is_no_old_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
