/* SPDX-License-Identifier: MIT */
#include "node/words.h"

#include <string.h>

#include "base/passphrase.h"
#include "lib/unit.h"

static void there_are_2048_different_words_in_order(void **state)
{
    (void)state;
    for (size_t i = 1; i < KITH_WORDS_COUNT; i++)
        assert_true(strcmp(kith_words_at(i - 1), kith_words_at(i)) < 0);
    assert_null(kith_words_at(KITH_WORDS_COUNT));
}

static void every_word_is_short_and_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < KITH_WORDS_COUNT; i++) {
        size_t size = strlen(kith_words_at(i));
        assert_in_range(size, 3, KITH_WORDS_SIZE_MAX);
        assert_int_equal(strspn(kith_words_at(i), "abcdefghijklmnopqrstuvwxyz"), size);
    }
}

static bool is_a_word(const char *text, size_t size)
{
    for (size_t i = 0; i < KITH_WORDS_COUNT; i++)
        if (strlen(kith_words_at(i)) == size && memcmp(kith_words_at(i), text, size) == 0)
            return true;
    return false;
}

static void seven_of_them_are_drawn_and_make_a_passphrase(void **state)
{
    char text[KITH_WORDS_TEXT_SIZE], other[KITH_WORDS_TEXT_SIZE];
    struct kith_passphrase parsed;
    size_t count = 0;
    (void)state;
    kith_words_draw(text);
    kith_words_draw(other);
    assert_string_not_equal(text, other);
    for (const char *at = text; count < 99; count++) {
        size_t size = strcspn(at, "-");
        assert_true(is_a_word(at, size));
        if (at[size] == '\0')
            break;
        at += size + 1;
    }
    assert_int_equal(count + 1, KITH_WORDS_DRAWN);
    assert_int_equal(kith_passphrase_parse(kith_bytes(text, strlen(text)), &parsed, NULL),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_2048_different_words_in_order),
        cmocka_unit_test(every_word_is_short_and_plain),
        cmocka_unit_test(seven_of_them_are_drawn_and_make_a_passphrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
