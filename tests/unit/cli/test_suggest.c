/* SPDX-License-Identifier: MIT */
#include "cli/suggest.h"

#include "lib/unit.h"

static const char *best_of(const char *typed)
{
    static const char *const known[] = {"up",      "down",       "send",   "peers",
                                        "connect", "disconnect", "rename", "version"};
    struct kith_suggest suggest;
    kith_suggest_init(&suggest, typed);
    for (size_t i = 0; i < COUNT(known); i++)
        kith_suggest_offer(&suggest, known[i]);
    return suggest.best;
}

static void distance_counts_edits(void **state)
{
    (void)state;
    assert_int_equal(kith_suggest_distance("", ""), 0);
    assert_int_equal(kith_suggest_distance("", "abc"), 3);
    assert_int_equal(kith_suggest_distance("send", "send"), 0);
    assert_int_equal(kith_suggest_distance("sned", "send"), 1); /* a swap */
    assert_int_equal(kith_suggest_distance("snd", "send"), 1);
    assert_int_equal(kith_suggest_distance("seend", "send"), 1);
    assert_int_equal(kith_suggest_distance("sand", "send"), 1);
    assert_int_equal(kith_suggest_distance("kitten", "sitting"), 3);
}

static void long_words_are_cut_and_not_overrun(void **state)
{
    char a[200], b[200];
    (void)state;
    memset(a, 'a', sizeof a - 1);
    memset(b, 'b', sizeof b - 1);
    a[199] = b[199] = '\0';
    assert_int_equal(kith_suggest_distance(a, b), KITH_SUGGEST_SIZE_MAX);
}

static void the_nearest_word_is_found(void **state)
{
    (void)state;
    assert_string_equal(best_of("sned"), "send");
    assert_string_equal(best_of("peer"), "peers");
    assert_string_equal(best_of("vers"), "version");
    assert_string_equal(best_of("conect"), "connect");
    assert_string_equal(best_of("discon"), "disconnect");
}

static void nothing_near_suggests_nothing(void **state)
{
    (void)state;
    assert_null(best_of("xyzzy"));
    assert_null(best_of("q"));
    assert_null(best_of(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(long_words_are_cut_and_not_overrun),
        cmocka_unit_test(the_nearest_word_is_found),
        cmocka_unit_test(nothing_near_suggests_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
