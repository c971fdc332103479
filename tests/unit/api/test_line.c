/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <stdlib.h>

#include "api/server_line.h"
#include "kith/error.h"

/* In memory of exactly its size, so that a sanitizer sees every byte read beyond. */
static int parse(const char *text, size_t size, struct kith_line *out, char **copy)
{
    const char *why = NULL;
    *copy = malloc(size > 0 ? size : 1);
    memcpy(*copy, text, size);
    int error = kith_line_parse(kith_bytes(*copy, size), out, &why);
    assert_true(!error || why);
    return error;
}

static void good_lines_give_target_and_text(void **state)
{
    static const struct {
        const char *line, *to, *text;
        bool is_plain;
    } cases[] = {
        {"{\"to\":\"#lobby\",\"text\":\"hi\"}", "#lobby", "hi", true},
        {"{ \"text\" : \"hi\" , \"to\":\"bob\" } \r", "bob", "hi", true},
        {"{\"to\":\"\",\"text\":\"\"}", "", "", true},
        {"{\"to\":\"bob\",\"text\":\"h\xC3\xA9\"}", "bob", "h\xC3\xA9", true},
        {"{\"to\":\"bob\",\"text\":\"a\\nb\"}", "bob", "a\nb", false},
        {"{\"to\":\"bob\",\"text\":\"a\\\"\"}", "bob", "a\"", false},
        {"{\"t\\u006f\":\"bob\",\"text\":\"a\"}", "bob", "a", false},
        {"{\"to\":\"bob\",\"text\":\"a\",\"wait\":1}", "bob", "a", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kith_line line;
        char *copy;
        assert_int_equal(parse(cases[i].line, strlen(cases[i].line), &line, &copy), 0);
        assert_true(
            kith_bytes_equal(line.to, kith_bytes(cases[i].to, strlen(cases[i].to))));
        assert_true(kith_bytes_equal(line.text,
                                     kith_bytes(cases[i].text, strlen(cases[i].text))));
        assert_int_equal(line.json == NULL, cases[i].is_plain);
        kith_line_deinit(&line);
        free(copy);
    }
}

static void bad_lines_are_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "{",
        "{}",
        "null",
        "{\"to\":\"bob\"}",
        "{\"to\":\"bob\",\"to\":\"bob\"}",
        "{\"to\":\"bob\",\"text\":\"a\"",
        "{\"to\":\"bob\",\"text\":\"a\"}}",
        "{\"to\":\"bob\",\"text\":\"a\",}",
        "{\"to\":\"bob\",\"text\":\"a\xff\"}",
        "{\"to\":\"bob\",\"text\":\"a\tb\"}",
        "{\"to\":\"bob\",\"text\":\"\\u0000\"}",
        "{\"to\":\"bob\",\"text\":\"\\ud800\"}",
        "{\"to\":\"bob\",\"text\":7}",
        "{\"to\":\"bob\",\"text\":\"a\",\"text\":\"b\"}",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct kith_line line;
        char *copy;
        assert_int_equal(parse(lines[i], strlen(lines[i]), &line, &copy), KITH_EINVALID);
        assert_null(line.json);
        free(copy);
    }
}

static void every_truncation_is_refused(void **state)
{
    static const char whole[] = "{\"to\": \"#lobby\", \"text\": \"h\\n\xC3\xA9\"}";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        struct kith_line line;
        char *copy;
        assert_int_equal(parse(whole, size, &line, &copy), KITH_EINVALID);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines_give_target_and_text),
        cmocka_unit_test(bad_lines_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
