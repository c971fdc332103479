/* SPDX-License-Identifier: MIT */
#include "kith/error.h"

#include <ctype.h>

#include "lib/unit.h"

static const int errors[] = {
#define X(name, value, class_, text) KITH_##name,
    KITH_ERRORS(X)
#undef X
};

static void success_is_zero_and_of_no_class(void **state)
{
    assert_int_equal(KITH_OK, 0);
    assert_string_equal(kith_error_name(0), "OK");
    assert_int_equal(kith_error_class(0), KITH_CLASS_NONE);
}

static void names_texts_and_classes_belong_together(void **state)
{
    assert_string_equal(kith_error_name(KITH_EPROTO), "EPROTO");
    assert_int_equal(kith_error_class(KITH_EPROTO), KITH_CLASS_PEER);
    assert_string_equal(kith_error_text(KITH_EFULL), "the disk is full");
    assert_int_equal(kith_error_class(KITH_EFULL), KITH_CLASS_RESOURCE);
    assert_int_equal(kith_error_class(KITH_ENAME), KITH_CLASS_CALLER);
}

static void every_error_is_negative_and_unlike_the_others(void **state)
{
    for (size_t i = 0; i < COUNT(errors); i++) {
        assert_true(errors[i] < 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(errors[i], errors[j]);
            assert_string_not_equal(kith_error_text(errors[i]),
                                    kith_error_text(errors[j]));
        }
    }
}

static void values_tell_the_class_by_their_range(void **state)
{
    for (size_t i = 0; i < COUNT(errors); i++) {
        enum kith_error_class expected = errors[i] > -32   ? KITH_CLASS_PEER
                                         : errors[i] > -64 ? KITH_CLASS_RESOURCE
                                                           : KITH_CLASS_CALLER;
        assert_int_equal(kith_error_class(errors[i]), expected);
    }
}

static void texts_are_clauses_without_a_full_stop(void **state)
{
    for (size_t i = 0; i < COUNT(errors); i++) {
        const char *text = kith_error_text(errors[i]);
        assert_true(strlen(text) > 0);
        assert_false(isupper((unsigned char)text[0]));
        assert_int_not_equal(text[strlen(text) - 1], '.');
    }
}

static void what_is_no_error_has_a_name_all_the_same(void **state)
{
    assert_string_equal(kith_error_name(1), "EUNKNOWN");
    assert_string_equal(kith_error_name(-100000), "EUNKNOWN");
    assert_non_null(kith_error_text(-100000));
    assert_int_equal(kith_error_class(-100000), KITH_CLASS_CALLER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_zero_and_of_no_class),
        cmocka_unit_test(names_texts_and_classes_belong_together),
        cmocka_unit_test(every_error_is_negative_and_unlike_the_others),
        cmocka_unit_test(values_tell_the_class_by_their_range),
        cmocka_unit_test(texts_are_clauses_without_a_full_stop),
        cmocka_unit_test(what_is_no_error_has_a_name_all_the_same),
    };
    return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
