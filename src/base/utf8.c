/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

#include <unictype.h>

static bool is_tail(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The size of the well-formed character at `at`, or 0. `low` and `high` bound the
 * second byte (RFC 3629 section 4): they are what shuts out overlong forms,
 * surrogates and what lies above U+10FFFF. */
static size_t character_size(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (lead < 0xE0)
        return left >= 2 && is_tail(at[1]) ? 2 : 0;
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t size = lead < 0xF0 ? 3 : 4;
    if (left < size || at[1] < low || at[1] > high || !is_tail(at[2]))
        return 0;
    return size == 3 || is_tail(at[3]) ? size : 0;
}

static bool is_ascii_block(const uint8_t at[static 16])
{
    uint64_t words[2];
    memcpy(words, at, sizeof words);
    return ((words[0] | words[1]) & 0x8080808080808080) == 0;
}

bool kith_utf8_is_valid(struct kith_bytes text)
{
    const uint8_t *at = text.data;
    size_t left = text.size;
    while (left > 0) {
        size_t size = left >= 16 && is_ascii_block(at) ? 16 : character_size(at, left);
        if (size == 0)
            return false;
        at += size;
        left -= size;
    }
    return true;
}

uint32_t kith_utf8_next(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *b = *at;
    size_t size = character_size(b, (size_t)(end - b));
    *at = b + (size > 0 ? size : 1);
    switch (size) {
    case 1:
        return b[0];
    case 2:
        return (b[0] & 0x1Fu) << 6 | (b[1] & 0x3Fu);
    case 3:
        return (b[0] & 0x0Fu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu);
    case 4:
        return (b[0] & 0x07u) << 18 | (b[1] & 0x3Fu) << 12 | (b[2] & 0x3Fu) << 6 |
               (b[3] & 0x3Fu);
    default:
        return KITH_UTF8_REPLACEMENT;
    }
}

struct range {
    uint32_t first, last;
};

static const struct range unsafe_ranges[] = {
    {0x0000, 0x001F},       /* C0 */
    {0x007F, 0x009F},       /* DEL, C1 */
    {0x061C, 0x061C},       /* Arabic letter mark */
    {0x180E, 0x180E},       /* Mongolian vowel separator, of no width */
    {0x200B, 0x200B},       /* zero width space */
    {0x200E, 0x200F},       /* direction marks */
    {0x2028, 0x202E},       /* line and paragraph separators, embeddings, overrides */
    {0x2060, 0x206F},       /* word joiner, invisible operators, isolates */
    {0xD800, 0xDFFF},       /* surrogates */
    {0xFDD0, 0xFDEF},       /* non-characters */
    {0xFEFF, 0xFEFF},       /* zero width no-break space, byte order mark */
    {0xFFF9, 0xFFFB},       /* interlinear annotation */
    {0x1D173, 0x1D17A},     /* musical beams and slurs */
    {0xE0000, 0xE007F},     /* tags */
    {0x110000, UINT32_MAX}, /* not Unicode */
};

bool kith_utf8_is_unsafe(uint32_t character)
{
    if (character >= 0x20 && character < 0x7F)
        return false;
    if ((character & 0xFFFE) == 0xFFFE)
        return true;
    size_t count = sizeof unsafe_ranges / sizeof unsafe_ranges[0];
    for (size_t i = 0; i < count && character >= unsafe_ranges[i].first; i++)
        if (character <= unsafe_ranges[i].last)
            return true;
    return false;
}

static void write_string(struct kith_writer *w, const char *string)
{
    kith_writer_bytes(w, string, strlen(string));
}

static bool is_line_end(const uint8_t *at, const uint8_t *end)
{
    return at[0] == '\n' || (at[0] == '\r' && end - at >= 2 && at[1] == '\n');
}

/* One past the longest run from `at` that may be copied as it stands. */
static const uint8_t *safe_run_end(const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        const uint8_t *next = at;
        uint32_t character = kith_utf8_next(&next, end);
        bool malformed = character == KITH_UTF8_REPLACEMENT && next - at == 1;
        if (malformed || kith_utf8_is_unsafe(character))
            break;
        at = next;
    }
    return at;
}

void kith_utf8_write_safe(struct kith_writer *w, struct kith_bytes text,
                          const char *newline)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.size > 0 ? text.data + text.size : text.data;
    while (at < end) {
        const uint8_t *run_end = safe_run_end(at, end);
        kith_writer_bytes(w, at, (size_t)(run_end - at));
        at = run_end;
        if (at == end)
            break;
        if (is_line_end(at, end)) {
            at += *at == '\r' ? 2 : 1;
            write_string(w, newline);
        } else if (*at == '\t') {
            at++;
            kith_writer_u8(w, ' ');
        } else {
            kith_utf8_next(&at, end);
            write_string(w, "\xEF\xBF\xBD");
        }
    }
}

struct kith_bytes kith_utf8_trim(struct kith_bytes text)
{
    if (text.size == 0)
        return text; /* may point nowhere */
    const uint8_t *end = text.data + text.size;
    const uint8_t *first = end;
    const uint8_t *last = end;
    for (const uint8_t *at = text.data; at < end;) {
        const uint8_t *start = at;
        if (uc_is_property_white_space(kith_utf8_next(&at, end)))
            continue;
        if (first == end)
            first = start;
        last = at;
    }
    return kith_bytes(first, first == end ? 0 : (size_t)(last - first));
}
