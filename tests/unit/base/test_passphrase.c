/* SPDX-License-Identifier: MIT */
#include "base/passphrase.h"

#include <stdlib.h>
#include <string.h>

#include "kith/error.h"
#include "lib/unit.h"

static void assert_parses(struct kith_bytes text, const char *expected)
{
    struct kith_passphrase out;
    assert_int_equal(kith_passphrase_parse(text, &out, NULL), 0);
    assert_int_equal(out.size, strlen(expected));
    assert_memory_equal(out.bytes, expected, out.size);
}

static void assert_refused(struct kith_bytes text, const char *part)
{
    struct kith_passphrase out = {.size = 99};
    const char *why = "";
    assert_int_equal(kith_passphrase_parse(text, &out, &why), KITH_EINVALID);
    assert_non_null(strstr(why, part));
    assert_int_equal(out.size, 99);
}

static void white_space_at_both_ends_does_not_count(void **state)
{
    (void)state;
    assert_parses(BYTES("seven otters\n"), "seven otters");
    assert_parses(BYTES(" \t seven otters \r\n\n"), "seven otters");
    assert_parses(BYTES("\xc2\xa0seven otters\xe2\x80\x83"), "seven otters");
}

static void inner_blanks_and_letter_case_count(void **state)
{
    (void)state;
    assert_parses(BYTES("Seven  otters"), "Seven  otters");
}

static void both_ways_to_write_an_accent_are_one(void **state)
{
    (void)state;
    assert_parses(BYTES("cafe\xcc\x81 noir"), "caf\xc3\xa9 noir");
    assert_parses(BYTES("caf\xc3\xa9 noir"), "caf\xc3\xa9 noir");
}

static void eight_characters_are_the_least_whatever_their_bytes(void **state)
{
    (void)state;
    assert_parses(BYTES("12345678"), "12345678");
    assert_refused(BYTES("1234567"), "at least 8");
    assert_refused(BYTES("éééé"), "at least 8");
    assert_refused(BYTES("  1234567  \n"), "at least 8");
    assert_refused(BYTES(""), "empty");
    assert_refused(BYTES(" \n"), "empty");
    assert_refused(kith_bytes(NULL, 0), "empty");
}

static void a_thousand_and_twenty_four_bytes_are_the_most(void **state)
{
    char text[KITH_PASSPHRASE_SIZE_MAX + 2];
    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_refused(kith_bytes(text, KITH_PASSPHRASE_SIZE_MAX + 1), "at most 1024");
    text[KITH_PASSPHRASE_SIZE_MAX] = '\0';
    assert_parses(kith_bytes(text, KITH_PASSPHRASE_SIZE_MAX), text);
}

static void what_is_not_one_line_of_text_is_refused(void **state)
{
    (void)state;
    assert_refused(BYTES("seven otters\nand more"), "one line");
    assert_refused(BYTES("seven\0otters"), "one line");
    assert_refused(BYTES("seven otters\x03more"), "one line");
    assert_refused(BYTES("seven otters \xff"), "UTF-8");
}

/* U+0958 grows to three times its bytes under NFC, so its input may be within the limit
 * and its normal form past it. */
static void what_grows_past_the_limit_is_refused(void **state)
{
    char text[1020];
    (void)state;
    for (size_t i = 0; i < sizeof text; i += 3)
        memcpy(text + i, "\xe0\xa5\x98", 3);
    assert_refused(kith_bytes(text, sizeof text), "combining");
}

static void it_is_wiped(void **state)
{
    struct kith_passphrase out;
    static const struct kith_passphrase zero;
    (void)state;
    assert_int_equal(kith_passphrase_parse(BYTES("seven otters"), &out, NULL), 0);
    kith_passphrase_deinit(&out);
    assert_memory_equal(&out, &zero, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_at_both_ends_does_not_count),
        cmocka_unit_test(inner_blanks_and_letter_case_count),
        cmocka_unit_test(both_ways_to_write_an_accent_are_one),
        cmocka_unit_test(eight_characters_are_the_least_whatever_their_bytes),
        cmocka_unit_test(a_thousand_and_twenty_four_bytes_are_the_most),
        cmocka_unit_test(what_is_not_one_line_of_text_is_refused),
        cmocka_unit_test(what_grows_past_the_limit_is_refused),
        cmocka_unit_test(it_is_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
