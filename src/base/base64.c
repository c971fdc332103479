/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

static const char digits[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(const uint8_t *in, size_t size, uint8_t *out)
{
    uint32_t bits = (uint32_t)in[0] << 16;
    if (size > 1)
        bits |= (uint32_t)in[1] << 8;
    if (size > 2)
        bits |= in[2];
    out[0] = (uint8_t)digits[bits >> 18];
    out[1] = (uint8_t)digits[bits >> 12 & 63];
    out[2] = (uint8_t)(size > 1 ? digits[bits >> 6 & 63] : '=');
    out[3] = (uint8_t)(size > 2 ? digits[bits & 63] : '=');
}

void kith_base64_write(struct kith_writer *w, struct kith_bytes bytes)
{
    uint8_t *out = kith_writer_reserve(w, (bytes.size + 2) / 3 * 4);
    if (out == NULL)
        return;
    for (size_t at = 0; at < bytes.size; at += 3, out += 4)
        encode_group(bytes.data + at, bytes.size - at, out);
}

/* 64 and above: none. */
static uint8_t value_of(uint8_t digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return (uint8_t)(digit - 'A');
    if (digit >= 'a' && digit <= 'z')
        return (uint8_t)(digit - 'a' + 26);
    if (digit >= '0' && digit <= '9')
        return (uint8_t)(digit - '0' + 52);
    return digit == '+' ? 62 : digit == '/' ? 63 : 64;
}

/* How many bytes the four digits stand for; 0: none. */
static size_t decode_group(const uint8_t *in, uint8_t *out)
{
    size_t size = in[3] != '=' ? 3 : in[2] != '=' ? 2 : 1;
    uint8_t values[4] = {0};
    for (size_t i = 0; i <= size; i++) {
        values[i] = value_of(in[i]);
        if (values[i] >= 64)
            return 0;
    }
    uint32_t bits = (uint32_t)values[0] << 18 | (uint32_t)values[1] << 12 |
                    (uint32_t)values[2] << 6 | values[3];
    /* Bits that stand for nothing are zero: else there were more texts than one. */
    if ((size == 1 && (bits & 0xffff) != 0) || (size == 2 && (bits & 0xff) != 0))
        return 0;
    out[0] = (uint8_t)(bits >> 16);
    if (size > 1)
        out[1] = (uint8_t)(bits >> 8);
    if (size > 2)
        out[2] = (uint8_t)bits;
    return size;
}

bool kith_base64_read(struct kith_bytes text, struct kith_writer *w)
{
    size_t before = w->size, size = 0;
    if (text.size % 4 != 0)
        return false;
    uint8_t *out = kith_writer_reserve(w, text.size / 4 * 3);
    if (out == NULL)
        return false;
    for (size_t at = 0; at < text.size; at += 4) {
        size_t got = decode_group(text.data + at, out + size);
        size += got;
        if (got == 0 || (got < 3 && at + 4 < text.size)) {
            w->size = before;
            return false;
        }
    }
    w->size = before + size;
    return true;
}
