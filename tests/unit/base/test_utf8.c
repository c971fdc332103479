/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <stdlib.h>

#include "lib/alloc_failing.h"
#include "lib/unit.h"

/* RFC 3629 section 3, spelled out: the measure of what is tested here. Any number
 * below 2^21 can be asked for, in any size that holds it. */
static void encode(uint32_t character, size_t size, uint8_t *out)
{
    static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--, character >>= 6)
        out[i] = 0x80 | (character & 0x3F);
    out[0] = (uint8_t)(leads[size] | character);
}

static size_t size_of(uint32_t character)
{
    return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

static bool is_scalar(uint32_t character)
{
    return character <= 0x10FFFF && (character < 0xD800 || character > 0xDFFF);
}

/* Each input lies in a block of its own size, so that a sanitizer sees a read past
 * its end. */
static bool is_valid(const void *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    bool valid = kith_utf8_is_valid(kith_bytes(copy, size));
    free(copy);
    return valid;
}

static void nothing_is_valid(void **state)
{
    assert_true(kith_utf8_is_valid(kith_bytes(NULL, 0)));
}

static void exactly_the_scalar_values_are_valid_and_decode_to_themselves(void **state)
{
    for (uint32_t character = 0; character < 0x200000; character++) {
        uint8_t bytes[4];
        size_t size = size_of(character);
        encode(character, size, bytes);
        bool valid = kith_utf8_is_valid(kith_bytes(bytes, size));
        if (valid != is_scalar(character))
            fail_msg("U+%04X", character);
        const uint8_t *at = bytes;
        uint32_t decoded = kith_utf8_next(&at, bytes + size);
        assert_int_equal(decoded, valid ? character : KITH_UTF8_REPLACEMENT);
        assert_ptr_equal(at, bytes + (valid ? size : 1));
    }
}

static void overlong_forms_are_malformed(void **state)
{
    for (uint32_t character = 0; character < 0x10000; character++)
        for (size_t size = size_of(character) + 1; size <= 4; size++) {
            uint8_t bytes[4];
            encode(character, size, bytes);
            assert_false(kith_utf8_is_valid(kith_bytes(bytes, size)));
            const uint8_t *at = bytes;
            assert_int_equal(kith_utf8_next(&at, bytes + size), KITH_UTF8_REPLACEMENT);
            assert_ptr_equal(at, bytes + 1);
        }
}

static void every_truncation_of_a_character_is_malformed(void **state)
{
    const uint32_t characters[] = {0x80,   0x7FF,  0x800,   0xD7FF,
                                   0xE000, 0xFFFF, 0x10000, 0x10FFFF};
    for (size_t i = 0; i < COUNT(characters); i++) {
        uint8_t bytes[4];
        size_t whole = size_of(characters[i]);
        encode(characters[i], whole, bytes);
        for (size_t size = 1; size < whole; size++) {
            assert_false(is_valid(bytes, size));
            const uint8_t *at = bytes;
            assert_int_equal(kith_utf8_next(&at, bytes + size), KITH_UTF8_REPLACEMENT);
            assert_ptr_equal(at, bytes + 1);
        }
        assert_true(is_valid(bytes, whole));
    }
}

static void a_byte_changed_to_no_tail_is_malformed(void **state)
{
    const uint32_t characters[] = {0x3B1, 0x20AC, 0x1F600};
    const uint8_t wrong[] = {0x00, 0x41, 0x7F, 0xC0, 0xC2, 0xE0, 0xF0, 0xFF};
    for (size_t i = 0; i < COUNT(characters); i++)
        for (size_t at = 1; at < size_of(characters[i]); at++)
            for (size_t w = 0; w < COUNT(wrong); w++) {
                uint8_t bytes[4];
                encode(characters[i], size_of(characters[i]), bytes);
                bytes[at] = wrong[w];
                assert_false(is_valid(bytes, size_of(characters[i])));
            }
}

static void bytes_that_begin_nothing_are_malformed(void **state)
{
    for (unsigned lead = 0x80; lead <= 0xFF; lead++) {
        if (lead >= 0xC2 && lead <= 0xF4)
            continue;
        uint8_t bytes[] = {(uint8_t)lead, 0x80, 0x80, 0x80, 0x80, 0x80};
        for (size_t size = 1; size <= sizeof bytes; size++)
            assert_false(is_valid(bytes, size));
    }
}

/* Two-byte and three-byte inputs without exception, against the measure above. */
static bool is_valid_by_the_book(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint8_t lead = bytes[at];
        size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if ((lead >= 0x80 && lead < 0xC0) || lead >= 0xF8 || at + length > size)
            return false;
        uint32_t character = length == 1 ? lead : lead & (0x7Fu >> length);
        for (size_t i = 1; i < length; i++) {
            if ((bytes[at + i] & 0xC0) != 0x80)
                return false;
            character = character << 6 | (bytes[at + i] & 0x3F);
        }
        if (!is_scalar(character) || size_of(character) != length)
            return false;
        at += length;
    }
    return true;
}

static void short_inputs_are_judged_by_the_book(void **state)
{
    for (uint32_t word = 0; word < 1u << 24; word += word < 1u << 16 ? 1 : 7) {
        uint8_t bytes[3] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16)};
        for (size_t size = 1; size <= 3; size++)
            if (kith_utf8_is_valid(kith_bytes(bytes, size)) !=
                is_valid_by_the_book(bytes, size))
                fail_msg("%02x %02x %02x, %zu", bytes[0], bytes[1], bytes[2], size);
    }
}

/* The fast path takes 16 bytes at once: a fault must show at any place in a block. */
static void a_fault_is_found_wherever_it_stands_in_ascii(void **state)
{
    char text[64];
    memset(text, 'a', sizeof text);
    for (size_t size = 1; size <= sizeof text; size++) {
        assert_true(is_valid(text, size));
        for (size_t at = 0; at < size; at++) {
            text[at] = (char)0xFF;
            assert_false(is_valid(text, size));
            text[at] = 'a';
        }
    }
}

static void characters_may_stand_across_blocks(void **state)
{
    for (size_t before = 0; before < 40; before++) {
        char text[64];
        memset(text, 'a', sizeof text);
        memcpy(text + before, "\xF0\x9F\x98\x80", 4);
        assert_true(is_valid(text, sizeof text));
        assert_true(is_valid(text, before + 4));
        for (size_t cut = 1; cut < 4; cut++)
            assert_false(is_valid(text, before + cut));
    }
}

static void unsafe_are_the_characters_listed_and_no_others(void **state)
{
    const struct {
        uint32_t first, last;
    } listed[] = {{0, 0x1F},          {0x7F, 0x9F},      {0x61C, 0x61C},
                  {0x180E, 0x180E},   {0x200B, 0x200B},  {0x200E, 0x200F},
                  {0x2028, 0x202E},   {0x2060, 0x206F},  {0xD800, 0xDFFF},
                  {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},  {0xFFF9, 0xFFFB},
                  {0x1D173, 0x1D17A}, {0xE0000, 0xE007F}};
    for (uint32_t character = 0; character <= 0x10FFFF; character++) {
        bool expected = (character & 0xFFFE) == 0xFFFE;
        for (size_t i = 0; i < COUNT(listed); i++)
            expected |= character >= listed[i].first && character <= listed[i].last;
        if (kith_utf8_is_unsafe(character) != expected)
            fail_msg("U+%04X", character);
    }
    assert_true(kith_utf8_is_unsafe(0x110000));
    assert_true(kith_utf8_is_unsafe(UINT32_MAX));
}

static void emoji_and_scripts_keep_their_joiners(void **state)
{
    assert_false(kith_utf8_is_unsafe(0x200C));
    assert_false(kith_utf8_is_unsafe(0x200D));
    assert_false(kith_utf8_is_unsafe(0xFE0F));
}

static void assert_safe(struct kith_bytes text, const char *newline, const char *expected)
{
    uint8_t *copy = malloc(text.size > 0 ? text.size : 1);
    assert_non_null(copy);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_utf8_write_safe(&w, kith_bytes(copy, text.size), newline);
    kith_writer_u8(&w, '\0');
    assert_false(w.failed);
    assert_string_equal((const char *)w.data, expected);
    kith_writer_deinit(&w);
    free(copy);
}

#define BAD "\xEF\xBF\xBD"

static void harmless_text_is_shown_as_it_is(void **state)
{
    assert_safe(kith_bytes(NULL, 0), " ", "");
    assert_safe(BYTES("plain ~ text"), " ", "plain ~ text");
    assert_safe(
        BYTES("Gr\xC3\xBC\xC3\x9F" BAD "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"),
        " ", "Gr\xC3\xBC\xC3\x9F" BAD "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB");
}

static void escape_sequences_lose_their_escape(void **state)
{
    assert_safe(BYTES("\x1b[2Jboo"), " ", BAD "[2Jboo");
    assert_safe(BYTES("a\rb\bc\x7f"), " ", "a" BAD "b" BAD "c" BAD);
    assert_safe(BYTES("\xC2\x9B"
                      "2J\xC2\x85"),
                " ", BAD "2J" BAD);
    assert_safe(BYTES("a\0b"), " ", "a" BAD "b");
}

static void direction_and_invisible_characters_show_up(void **state)
{
    assert_safe(BYTES("\xE2\x80\xAEgnp.exe\xE2\x81\xA6\xEF\xBB\xBF\xE2\x80\x8B"), " ",
                BAD "gnp.exe" BAD BAD BAD);
}

static void lines_are_not_forged(void **state)
{
    assert_safe(BYTES("a\nb"), "\n    ", "a\n    b");
    assert_safe(BYTES("a\r\nb\n\nc\r"), " | ", "a | b |  | c" BAD);
    assert_safe(BYTES("a\xE2\x80\xA8"
                      "b\xE2\x80\xA9"
                      "c\vd\fe"),
                "\n", "a" BAD "b" BAD "c" BAD "d" BAD "e");
    assert_safe(BYTES("a\tb\n"), "", "a b");
}

static void malformed_bytes_show_one_by_one(void **state)
{
    assert_safe(BYTES("\x80"), " ", BAD);
    assert_safe(BYTES("a\xE2\x82"), " ", "a" BAD BAD);
    assert_safe(BYTES("\xF0\x9F\x98x"), " ", BAD BAD BAD "x");
    assert_safe(BYTES("\xC0\x8A\xED\xA0\x80"), "NEWLINE", BAD BAD BAD BAD BAD);
}

static void what_is_written_is_always_valid_and_safe(void **state)
{
    for (uint32_t word = 0; word < 1u << 24; word += 97) {
        uint8_t bytes[3] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16)};
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        kith_utf8_write_safe(&w, kith_bytes(bytes, sizeof bytes), " ");
        struct kith_bytes view = kith_writer_view(&w);
        assert_true(kith_utf8_is_valid(view));
        for (const uint8_t *at = view.data; at < view.data + view.size;)
            assert_false(kith_utf8_is_unsafe(kith_utf8_next(&at, view.data + view.size)));
        kith_writer_deinit(&w);
    }
}

static void running_out_of_memory_is_told_by_the_writer(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    alloc_failing_exhaust(&a);
    struct kith_writer w = kith_writer(&a.alloc);
    kith_utf8_write_safe(&w, BYTES("text\n"), " ");
    assert_true(w.failed);
    kith_writer_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_valid),
        cmocka_unit_test(exactly_the_scalar_values_are_valid_and_decode_to_themselves),
        cmocka_unit_test(overlong_forms_are_malformed),
        cmocka_unit_test(every_truncation_of_a_character_is_malformed),
        cmocka_unit_test(a_byte_changed_to_no_tail_is_malformed),
        cmocka_unit_test(bytes_that_begin_nothing_are_malformed),
        cmocka_unit_test(short_inputs_are_judged_by_the_book),
        cmocka_unit_test(a_fault_is_found_wherever_it_stands_in_ascii),
        cmocka_unit_test(characters_may_stand_across_blocks),
        cmocka_unit_test(unsafe_are_the_characters_listed_and_no_others),
        cmocka_unit_test(emoji_and_scripts_keep_their_joiners),
        cmocka_unit_test(harmless_text_is_shown_as_it_is),
        cmocka_unit_test(escape_sequences_lose_their_escape),
        cmocka_unit_test(direction_and_invisible_characters_show_up),
        cmocka_unit_test(lines_are_not_forged),
        cmocka_unit_test(malformed_bytes_show_one_by_one),
        cmocka_unit_test(what_is_written_is_always_valid_and_safe),
        cmocka_unit_test(running_out_of_memory_is_told_by_the_writer),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
