/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include <string.h>

static const char base32_digits[32] = "abcdefghijklmnopqrstuvwxyz234567";

enum { ID_CHARS = KITH_ID_TEXT_SIZE - 1 };

bool kith_id_equal(const struct kith_id *a, const struct kith_id *b)
{
    return memcmp(a->bytes, b->bytes, KITH_ID_SIZE) == 0;
}

bool kith_id_is_zero(const struct kith_id *id)
{
    static const struct kith_id zero;
    return kith_id_equal(id, &zero);
}

int kith_id_compare(const struct kith_id *a, const struct kith_id *b)
{
    return memcmp(a->bytes, b->bytes, KITH_ID_SIZE);
}

static void format_chars(const struct kith_id *id, char *out, size_t chars)
{
    uint32_t bits = 0;
    unsigned bits_held = 0;
    const uint8_t *next = id->bytes;
    const uint8_t *end = id->bytes + KITH_ID_SIZE;
    for (size_t i = 0; i < chars; i++) {
        if (bits_held < 5) {
            bits = bits << 8 | (next < end ? *next++ : 0);
            bits_held += 8;
        }
        bits_held -= 5;
        out[i] = base32_digits[bits >> bits_held & 31];
    }
    out[chars] = '\0';
}

void kith_id_format(const struct kith_id *id, char out[static KITH_ID_TEXT_SIZE])
{
    format_chars(id, out, ID_CHARS);
}

void kith_id_format_short(const struct kith_id *id, char out[static KITH_ID_SHORT_SIZE])
{
    format_chars(id, out, KITH_ID_SHORT_SIZE - 1);
}

static int digit_value(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= '2' && c <= '7')
        return c - '2' + 26;
    return -1;
}

bool kith_id_parse(const char *text, size_t size, struct kith_id *out)
{
    if (size != ID_CHARS)
        return false;
    struct kith_id id;
    uint8_t *next = id.bytes;
    uint32_t bits = 0;
    unsigned bits_held = 0;
    for (size_t i = 0; i < size; i++) {
        int value = digit_value(text[i]);
        if (value < 0)
            return false;
        bits = bits << 5 | (uint32_t)value;
        bits_held += 5;
        if (bits_held >= 8) {
            bits_held -= 8;
            *next++ = (uint8_t)(bits >> bits_held);
        }
    }
    /* 52 digits carry 260 bits: the four left over must be zero, so that an id
     * has one text. */
    if ((bits & 15) != 0)
        return false;
    *out = id;
    return true;
}

bool kith_id_has_prefix(const struct kith_id *id, const char *text, size_t size)
{
    if (size < 1 || size > ID_CHARS)
        return false;
    char full[KITH_ID_TEXT_SIZE];
    kith_id_format(id, full);
    for (size_t i = 0; i < size; i++) {
        int value = digit_value(text[i]);
        if (value < 0 || base32_digits[value] != full[i])
            return false;
    }
    return true;
}
