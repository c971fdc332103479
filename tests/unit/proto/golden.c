/* SPDX-License-Identifier: MIT */
#include "unit/proto/golden.h"

#include <ctype.h>
#include <stdio.h>

#include "lib/unit.h"

#define LINE_BYTES 32

void golden_read_file(const char *path, struct kith_writer *out)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot read %s", path);
    char piece[4096];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0)
        kith_writer_bytes(out, piece, size);
    fclose(file);
}

void golden_format(struct kith_bytes bytes, struct kith_writer *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        kith_writer_u8(out, (uint8_t)digits[bytes.data[i] >> 4]);
        kith_writer_u8(out, (uint8_t)digits[bytes.data[i] & 15]);
        if (i % LINE_BYTES == LINE_BYTES - 1 || i == bytes.size - 1)
            kith_writer_u8(out, '\n');
    }
}

void golden_read(const char *name, struct kith_writer *out_text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/%s.hex", SOURCE_ROOT, name);
    golden_read_file(path, out_text);
}

void golden_read_document(struct kith_writer *out_text)
{
    golden_read_file(SOURCE_ROOT "/docs/PROTOCOL.md", out_text);
}

static int nibble(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = strchr(digits, c);
    if (c == 0 || !at)
        fail_msg("not lower-case hex: 0x%02x", (unsigned char)c);
    return (int)(at - digits);
}

void golden_parse(struct kith_bytes text, struct kith_writer *out)
{
    int high = -1;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];
        if (isspace((unsigned char)c))
            continue;
        if (high < 0) {
            high = nibble(c);
            continue;
        }
        kith_writer_u8(out, (uint8_t)(high << 4 | nibble(c)));
        high = -1;
    }
    assert_int_equal(high, -1);
}
