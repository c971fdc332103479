/* SPDX-License-Identifier: MIT */
#include "base/name.h"

#include <stdlib.h>

#include "kith/error.h"
#include "lib/unit.h"

/* Each input lies in a block of its own size, so that a sanitizer sees a read past
 * its end. */
static int parse(struct kith_bytes text, struct kith_name *out, const char **why)
{
    uint8_t *copy = malloc(text.size > 0 ? text.size : 1);
    assert_non_null(copy);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    int result = kith_name_parse(kith_bytes(copy, text.size), out, why);
    free(copy);
    return result;
}

static void assert_name(const char *text, const char *expected)
{
    struct kith_name name;
    const char *why = NULL;
    if (parse(kith_bytes(text, strlen(text)), &name, &why) != 0)
        fail_msg("refused: %s: %s", text, why);
    assert_string_equal(name.text, expected);
    /* The name of a name is itself. */
    struct kith_name again;
    assert_int_equal(parse(kith_bytes(name.text, strlen(name.text)), &again, NULL), 0);
    assert_memory_equal(&again, &name, sizeof name);
}

static void assert_no_name(struct kith_bytes text, const char *why_part)
{
    struct kith_name name = {"untouched"};
    const char *why = NULL;
    if (parse(text, &name, &why) != KITH_ENAME)
        fail_msg("accepted: %.*s", (int)text.size, (const char *)text.data);
    assert_string_equal(name.text, "untouched");
    assert_non_null(why);
    if (!strstr(why, why_part))
        fail_msg("%.*s: %s", (int)text.size, (const char *)text.data, why);
    assert_int_equal(parse(text, &name, NULL), KITH_ENAME);
}

static void ordinary_names_are_kept(void **state)
{
    const char *names[] = {"sam",
                           "Sam Smith",
                           "O'Brien",
                           "x",
                           "42",
                           "r2d2",
                           "sam.smith-jones_3",
                           "J\xC3\xBCrgen",
                           "\xD0\x9C\xD0\xB0\xD1\x88\xD0\xB0",
                           "\xE5\xB1\xB1\xE7\x94\xB0",
                           "\xF0\x9F\x90\xBC",
                           "v1.2",
                           "(b) [c] {d} <e> !?%&*+=;,\"\\|^$`"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_name(names[i], names[i]);
}

static void white_space_is_trimmed_and_folded(void **state)
{
    assert_name("  sam\t\r\n", "sam");
    assert_name("sam  \xC2\xA0 smith", "sam smith");
    assert_name("\xE3\x80\x80sam\xE2\x80\x83smith\xE3\x80\x80", "sam smith");
}

static void names_have_one_form(void **state)
{
    assert_name("Ju\xCC\x88rgen", "J\xC3\xBCrgen");
    assert_name("\xE2\x84\xAB", "\xC3\x85"); /* the angstrom sign is an A with a ring */
    assert_name("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "\xED\x95\x9C"); /* jamo */
}

static void nothing_is_no_name(void **state)
{
    assert_no_name(kith_bytes(NULL, 0), "empty");
    assert_no_name(BYTES(""), "empty");
    assert_no_name(BYTES(" \t\n\xE3\x80\x80"), "empty");
}

static void thirty_two_characters_fit(void **state)
{
    char text[33 * 4 + 1] = {0};
    for (int i = 0; i < 32; i++)
        strncat(text, "\xF0\x9F\x90\xBC", 5);
    assert_name(text, text);
    strncat(text, "x", 2);
    assert_no_name(kith_bytes(text, strlen(text)), "32");
    assert_no_name(BYTES("abcdefghijklmnopqrstuvwxyz-abcdef"), "32");
    assert_name("abcdefghijklmnopqrstuvwxyz-abcde", "abcdefghijklmnopqrstuvwxyz-abcde");
}

static void the_limit_counts_what_comes_out_of_normalisation(void **state)
{
    char decomposed[32 * 3 + 1] = {0}, composed[32 * 2 + 1] = {0};
    for (int i = 0; i < 32; i++) {
        strncat(decomposed, "u\xCC\x88", 4);
        strncat(composed, "\xC3\xBC", 3);
    }
    assert_name(decomposed, composed);
}

static void a_flood_is_refused(void **state)
{
    static char text[100000];
    memset(text, 'a', sizeof text);
    assert_no_name(kith_bytes(text, sizeof text), "32");
    memset(text, ' ', sizeof text);
    assert_no_name(kith_bytes(text, sizeof text), "empty");
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "\xCC\x88", 2);
    text[0] = text[1] = 'a';
    assert_no_name(kith_bytes(text, 512), "");
    assert_no_name(kith_bytes(text, sizeof text), "32");
}

static void malformed_text_is_refused(void **state)
{
    assert_no_name(BYTES("sam\xFF"), "UTF-8");
    assert_no_name(BYTES("\xC0\xAF"), "UTF-8");
    assert_no_name(BYTES("\xED\xA0\x80"), "UTF-8");
    assert_no_name(BYTES("\xF4\x90\x80\x80"), "UTF-8");
    assert_no_name(BYTES("J\xC3"), "UTF-8");
}

static void every_truncated_character_is_refused(void **state)
{
    const char text[] = "sam\xF0\x9F\x90\xBC";
    for (size_t size = 4; size < 7; size++)
        assert_no_name(kith_bytes(text, size), "UTF-8");
}

static void every_control_character_is_refused(void **state)
{
    for (unsigned c = 0; c < 0xA0; c++) {
        if (c >= 0x20 && c < 0x7F)
            continue;
        uint8_t text[] = {'a', 0xC2, (uint8_t)c, 'b'};
        if (c < 0x80)
            text[1] = 'x';
        assert_no_name(kith_bytes(text, sizeof text), "control");
    }
}

static void assert_invisible(uint32_t first, uint32_t last)
{
    for (uint32_t c = first; c <= last; c++) {
        uint8_t bytes[3] = {(uint8_t)(0xE0 | c >> 12), (uint8_t)(0x80 | (c >> 6 & 0x3F)),
                            (uint8_t)(0x80 | (c & 0x3F))};
        uint8_t text[] = {'a', bytes[0], bytes[1], bytes[2], 'b'};
        assert_no_name(kith_bytes(text, sizeof text), "invisible");
    }
}

static void direction_changers_are_refused(void **state)
{
    assert_no_name(BYTES("a\xD8\x9C"
                         "b"),
                   "invisible"); /* U+061C */
    assert_invisible(0x200E, 0x200F);
    assert_invisible(0x202A, 0x202E);
    assert_invisible(0x2066, 0x2069);
}

static void invisible_characters_are_refused(void **state)
{
    assert_no_name(BYTES("a\xC2\xAD"
                         "b"),
                   "invisible"); /* soft hyphen */
    assert_no_name(BYTES("a\xCD\x8F"
                         "b"),
                   "invisible"); /* combining grapheme joiner */
    assert_no_name(BYTES("\xF3\xA0\x81\xA1"), "invisible");  /* tag */
    assert_no_name(BYTES("a\xF3\xA0\x84\x80"), "invisible"); /* variation selector 17 */
    assert_invisible(0x115F, 0x1160);                        /* Hangul fillers */
    assert_invisible(0x3164, 0x3164);
    assert_invisible(0xFFA0, 0xFFA0);
    assert_invisible(0x180B, 0x180E);
    assert_invisible(0x200B, 0x200D);
    assert_invisible(0x2028, 0x2029);
    assert_invisible(0x2060, 0x2064);
    assert_invisible(0x2800, 0x2800); /* braille blank */
    assert_invisible(0xFE00, 0xFE0F);
    assert_invisible(0xFEFF, 0xFEFF);
    assert_invisible(0xFFF9, 0xFFFB);
}

static void joiners_are_allowed_where_they_are_seen(void **state)
{
    /* Ali-Reza, joined by ZWNJ; Sri in Sinhala with ZWJ behind the virama. */
    const char ali_reza[] =
        "\xD8\xB9\xD9\x84\xDB\x8C\xE2\x80\x8C\xD8\xB1\xD8\xB6\xD8\xA7";
    const char sri[] = "\xE0\xB7\x81\xE0\xB7\x8A\xE2\x80\x8D\xE0\xB6\xBB\xE0\xB7\x93";
    assert_name(ali_reza, ali_reza);
    assert_name(sri, sri);
    /* A vowel sign does not hide the letter it stands on. */
    const char signed_letter[] = "\xD8\xB9\xD9\x8E\xE2\x80\x8C\xD8\xB1";
    assert_name(signed_letter, signed_letter);
    /* In front, at the end, between Latin letters, behind a letter that never joins. */
    assert_no_name(BYTES("\xE2\x80\x8C\xD8\xB1"), "invisible");
    assert_no_name(BYTES("\xD8\xB9\xE2\x80\x8C"), "invisible");
    assert_no_name(BYTES("sam\xE2\x80\x8Cmy"), "invisible");
    assert_no_name(BYTES("\xD8\xA7\xE2\x80\x8C\xD8\xB1"), "invisible");
    assert_no_name(BYTES("\xE0\xB7\x81\xE0\xB7\x8A\xE2\x80\x8D"), "invisible");
    assert_no_name(BYTES("\xD8\xB9\xE2\x80\x8D\xD8\xB1"), "invisible");
}

static void private_and_unassigned_characters_are_refused(void **state)
{
    assert_no_name(BYTES("\xEE\x80\x80"), "private");     /* U+E000 */
    assert_no_name(BYTES("\xF4\x80\x80\x80"), "private"); /* U+100000 */
    assert_no_name(BYTES("\xCD\xB8"), "unassigned");      /* U+0378 */
    assert_no_name(BYTES("a\xEF\xBF\xBF"), "invisible");  /* a non-character */
    assert_no_name(BYTES("a\xEF\xB7\x90"), "invisible");  /* a non-character */
}

static void characters_with_a_meaning_are_refused(void **state)
{
    for (const char *c = "~#:/@"; *c; c++) {
        char text[] = {'a', *c, 'b'};
        assert_no_name(kith_bytes(text, 3), "~ # : / or @");
        assert_no_name(kith_bytes(c, 1), "~ # : / or @");
    }
}

static void a_combining_mark_needs_something_to_stand_on(void **state)
{
    assert_no_name(BYTES("\xCC\x88sam"), "combining");
    assert_no_name(BYTES(" \xCC\x88sam"), "combining");
}

static void names_shaped_like_an_id_are_refused(void **state)
{
    assert_no_name(BYTES("k3f6q2abx7mw"), "id");
    assert_no_name(BYTES("K3F6Q2ABX7MW"), "id");
    assert_no_name(BYTES("abcdefghijk2"), "id");
    assert_name("abcdefghij2", "abcdefghij2");
    assert_name("abcdefghijkl", "abcdefghijkl");
    assert_name("abcdefghijk1", "abcdefghijk1");
    assert_name("abcdefghijk 2", "abcdefghijk 2");
}

static void names_shaped_like_an_address_are_refused(void **state)
{
    assert_no_name(BYTES("127.0.0.1"), "address");
    assert_no_name(BYTES("1.2"), "address");
    assert_no_name(BYTES("999.999.999.999"), "address");
    assert_no_name(BYTES("::1"), "~ # : / or @");
    assert_no_name(BYTES("localhost:4747"), "~ # : / or @");
    assert_name("1.2.3.x", "1.2.3.x");
    assert_name("...", "...");
}

static void the_default_is_the_login_if_it_is_usable(void **state)
{
    assert_string_equal(kith_name_default("sam").text, "sam");
    assert_string_equal(kith_name_default(NULL).text, "anonymous");
    assert_string_equal(kith_name_default("").text, "anonymous");
    assert_string_equal(kith_name_default("user@domain").text, "anonymous");
}

static void names_match_without_regard_to_case_and_form(void **state)
{
    assert_true(kith_name_matches("sam", "sam"));
    assert_true(kith_name_matches("Sam", "sAM"));
    assert_true(kith_name_matches("J\xC3\x9CRGEN", "ju\xCC\x88rgen"));
    assert_true(kith_name_matches("Stra\xC3\x9F"
                                  "e",
                                  "STRASSE"));
    assert_true(
        kith_name_matches("\xCE\xA3\xCE\xAF\xCF\x83\xCF\x85\xCF\x86\xCE\xBF\xCF\x82",
                          "\xCE\xA3\xCE\x8A\xCE\xA3\xCE\xA5\xCE\xA6\xCE\x9F\xCE\xA3"));
    assert_false(kith_name_matches("sam", "sams"));
    assert_false(kith_name_matches("sam", ""));
    assert_true(kith_name_matches("", ""));
}

static void what_is_no_name_matches_only_itself(void **state)
{
    assert_true(kith_name_matches("a\xFF", "a\xFF"));
    assert_false(kith_name_matches("a\xFF", "A\xFF"));
    static char lower[2000], upper[2000];
    memset(lower, 'a', sizeof lower - 1);
    memset(upper, 'A', sizeof upper - 1);
    assert_false(kith_name_matches(lower, upper));
    assert_true(kith_name_matches(lower, lower));
}

static const char *room(const char *text)
{
    static struct kith_name name;
    const char *why = NULL;
    name = (struct kith_name){{0}};
    int error = kith_name_parse_room(kith_bytes(text, strlen(text)), &name, &why);
    assert_int_equal(error, name.text[0] ? 0 : KITH_ENAME);
    assert_true(error == 0 || why != NULL);
    return name.text;
}

static void a_room_has_one_name_however_it_is_typed(void **state)
{
    assert_string_equal(room("#garden"), "garden");
    assert_string_equal(room("garden"), "garden");
    assert_string_equal(room("#GARDEN"), "garden");
    assert_string_equal(room("# the  Garden "), "the garden");
    assert_string_equal(room("#Stra\xC3\x9F"
                             "e"),
                        "strasse");
    assert_string_equal(room("#A\xCC\x8A"), "\xC3\xA5"); /* A and a ring above: å */
}

static void what_is_no_name_is_no_name_of_a_room(void **state)
{
    assert_string_equal(room(""), "");
    assert_string_equal(room("#"), "");
    assert_string_equal(room("##garden"), "");
    assert_string_equal(room("#a/b"), "");
    assert_string_equal(room("#a:b"), "");
    assert_string_equal(room("#a\x1B[2J"), "");
    assert_string_equal(room("#10.0.0.1"), "");
    assert_string_equal(room("#01234567890123456789012345678901x"), "");
    /* 32 characters that become 64 when folded. */
    char sharp[32 * 2 + 1];
    for (size_t i = 0; i < 32; i++)
        memcpy(sharp + 2 * i, "\xC3\x9F", 3);
    assert_string_equal(room(sharp), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_names_are_kept),
        cmocka_unit_test(white_space_is_trimmed_and_folded),
        cmocka_unit_test(names_have_one_form),
        cmocka_unit_test(nothing_is_no_name),
        cmocka_unit_test(thirty_two_characters_fit),
        cmocka_unit_test(the_limit_counts_what_comes_out_of_normalisation),
        cmocka_unit_test(a_flood_is_refused),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(every_truncated_character_is_refused),
        cmocka_unit_test(every_control_character_is_refused),
        cmocka_unit_test(direction_changers_are_refused),
        cmocka_unit_test(invisible_characters_are_refused),
        cmocka_unit_test(joiners_are_allowed_where_they_are_seen),
        cmocka_unit_test(private_and_unassigned_characters_are_refused),
        cmocka_unit_test(characters_with_a_meaning_are_refused),
        cmocka_unit_test(a_combining_mark_needs_something_to_stand_on),
        cmocka_unit_test(names_shaped_like_an_id_are_refused),
        cmocka_unit_test(names_shaped_like_an_address_are_refused),
        cmocka_unit_test(the_default_is_the_login_if_it_is_usable),
        cmocka_unit_test(names_match_without_regard_to_case_and_form),
        cmocka_unit_test(what_is_no_name_matches_only_itself),
        cmocka_unit_test(a_room_has_one_name_however_it_is_typed),
        cmocka_unit_test(what_is_no_name_is_no_name_of_a_room),
    };
    return cmocka_run_group_tests_name("base/name", tests, NULL, NULL);
}
