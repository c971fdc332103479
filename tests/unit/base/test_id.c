/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include <ctype.h>

#include "lib/rng_seeded.h"
#include "lib/unit.h"

/* The bytes 0 to 31, and what RFC 4648 makes of them. */
static const char counting_text[] =
    "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq";

static struct kith_id counting_id(void)
{
    struct kith_id id;
    for (size_t i = 0; i < KITH_ID_SIZE; i++)
        id.bytes[i] = (uint8_t)i;
    return id;
}

static void format_is_lower_case_base32(void **state)
{
    struct kith_id id = counting_id();
    char text[KITH_ID_TEXT_SIZE];
    kith_id_format(&id, text);
    assert_string_equal(text, counting_text);
    memset(id.bytes, 0xFF, sizeof id.bytes);
    kith_id_format(&id, text);
    assert_string_equal(text, "777777777777777777777777777777777777777777777777777q");
}

static void short_form_is_the_first_12_characters(void **state)
{
    struct kith_id id = counting_id();
    char text[KITH_ID_SHORT_SIZE];
    kith_id_format_short(&id, text);
    assert_int_equal(strlen(text), 12);
    assert_memory_equal(text, counting_text, 12);
}

static void parse_undoes_format(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 1);
    for (int i = 0; i < 1000; i++) {
        struct kith_id id, back;
        char text[KITH_ID_TEXT_SIZE];
        kith_rng_fill(&r.rng, id.bytes, sizeof id.bytes);
        kith_id_format(&id, text);
        assert_true(kith_id_parse(text, strlen(text), &back));
        assert_true(kith_id_equal(&id, &back));
    }
}

static void parse_takes_capitals(void **state)
{
    char text[KITH_ID_TEXT_SIZE];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)toupper(counting_text[i]);
    struct kith_id id, expected = counting_id();
    assert_true(kith_id_parse(text, 52, &id));
    assert_true(kith_id_equal(&id, &expected));
}

static void parse_refuses_every_other_size(void **state)
{
    char text[KITH_ID_TEXT_SIZE + 1];
    memset(text, 'a', sizeof text);
    struct kith_id id;
    for (size_t size = 0; size <= sizeof text; size++)
        assert_int_equal(kith_id_parse(text, size, &id), size == 52);
}

static void parse_refuses_what_is_not_base32_and_leaves_out_alone(void **state)
{
    const char wrong[] = "0189=-_ @[`{/:\n\x80\xFF";
    struct kith_id untouched = counting_id();
    for (size_t i = 0; i < sizeof wrong; i++)
        for (size_t at = 0; at < 52; at++) {
            char text[KITH_ID_TEXT_SIZE];
            memset(text, 'a', sizeof text);
            text[at] = wrong[i];
            struct kith_id id = untouched;
            assert_false(kith_id_parse(text, 52, &id));
            assert_true(kith_id_equal(&id, &untouched));
        }
}

static void the_last_character_carries_one_bit(void **state)
{
    char text[KITH_ID_TEXT_SIZE] = {0};
    memset(text, 'a', 52);
    struct kith_id id;
    for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c; c++) {
        text[51] = *c;
        assert_int_equal(kith_id_parse(text, 52, &id), *c == 'a' || *c == 'q');
    }
    text[51] = 'Q';
    assert_true(kith_id_parse(text, 52, &id));
    assert_int_equal(id.bytes[31], 1);
}

static void every_prefix_is_recognised_in_either_case(void **state)
{
    struct kith_id id = counting_id();
    char text[KITH_ID_TEXT_SIZE];
    memcpy(text, counting_text, sizeof text);
    for (size_t size = 1; size <= 52; size++) {
        assert_true(kith_id_has_prefix(&id, counting_text, size));
        char kept = text[size - 1];
        text[size - 1] = kept == 'a' ? 'b' : 'a';
        assert_false(kith_id_has_prefix(&id, text, size));
        text[size - 1] = (char)toupper(kept);
        assert_true(kith_id_has_prefix(&id, text, size));
    }
}

static void nothing_and_too_much_are_no_prefix(void **state)
{
    struct kith_id id = counting_id();
    assert_false(kith_id_has_prefix(&id, counting_text, 0));
    assert_false(kith_id_has_prefix(&id, counting_text, 53));
    assert_false(kith_id_has_prefix(&id, "1", 1));
}

static void order_is_that_of_the_bytes(void **state)
{
    struct kith_id low = counting_id(), high = counting_id();
    assert_int_equal(kith_id_compare(&low, &high), 0);
    high.bytes[31] = 0xFF;
    assert_true(kith_id_compare(&low, &high) < 0);
    low.bytes[0] = 0x80;
    assert_true(kith_id_compare(&low, &high) > 0);
    assert_false(kith_id_equal(&low, &high));
}

static void only_zero_is_zero(void **state)
{
    struct kith_id id = {{0}};
    assert_true(kith_id_is_zero(&id));
    for (size_t i = 0; i < KITH_ID_SIZE; i++) {
        id.bytes[i] = 1;
        assert_false(kith_id_is_zero(&id));
        id.bytes[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_is_lower_case_base32),
        cmocka_unit_test(short_form_is_the_first_12_characters),
        cmocka_unit_test(parse_undoes_format),
        cmocka_unit_test(parse_takes_capitals),
        cmocka_unit_test(parse_refuses_every_other_size),
        cmocka_unit_test(parse_refuses_what_is_not_base32_and_leaves_out_alone),
        cmocka_unit_test(the_last_character_carries_one_bit),
        cmocka_unit_test(every_prefix_is_recognised_in_either_case),
        cmocka_unit_test(nothing_and_too_much_are_no_prefix),
        cmocka_unit_test(order_is_that_of_the_bytes),
        cmocka_unit_test(only_zero_is_zero),
    };
    return cmocka_run_group_tests_name("base/id", tests, NULL, NULL);
}
