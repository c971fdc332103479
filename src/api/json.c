/* SPDX-License-Identifier: MIT */
#include "api/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time_format.h"
#include "base/utf8.h"

static void put(struct kith_writer *w, const char *text)
{
    kith_writer_bytes(w, text, strlen(text));
}

/* The comma after what went before, and the key. */
static void begin_value(struct kith_writer *w, const char *key)
{
    if (w->failed)
        return;
    uint8_t last = w->size > 0 ? w->data[w->size - 1] : '{';
    if (last != '{' && last != '[' && last != ' ' && last != '\n')
        kith_writer_u8(w, ',');
    if (!key)
        return;
    kith_writer_u8(w, '"');
    put(w, key);
    kith_writer_bytes(w, "\":", 2);
}

void kith_json_open(struct kith_writer *w, const char *key, char bracket)
{
    begin_value(w, key);
    kith_writer_u8(w, (uint8_t)bracket);
}

void kith_json_close(struct kith_writer *w, char bracket)
{
    kith_writer_u8(w, (uint8_t)bracket);
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\' && byte < 0x7F;
}

/* Beyond ASCII. */
static const uint8_t *put_character(struct kith_writer *w, const uint8_t *at,
                                    const uint8_t *end)
{
    const uint8_t *begin = at;
    if (kith_utf8_next(&at, end) == KITH_UTF8_REPLACEMENT)
        put(w, "\uFFFD");
    else
        kith_writer_bytes(w, begin, (size_t)(at - begin));
    return at;
}

static void put_escape(struct kith_writer *w, uint8_t byte)
{
    char escape[7];
    if (byte == '"' || byte == '\\')
        snprintf(escape, sizeof escape, "\\%c", byte);
    else if (byte == '\n')
        snprintf(escape, sizeof escape, "\\n");
    else
        snprintf(escape, sizeof escape, "\\u%04x", byte);
    put(w, escape);
}

void kith_json_text(struct kith_writer *w, const char *key, struct kith_bytes text)
{
    begin_value(w, key);
    kith_writer_u8(w, '"');
    const uint8_t *at = text.data;
    const uint8_t *end = at + text.size;
    while (at < end) {
        const uint8_t *run = at;
        while (at < end && is_plain(*at))
            at++;
        kith_writer_bytes(w, run, (size_t)(at - run));
        if (at == end)
            break;
        if (*at & 0x80)
            at = put_character(w, at, end);
        else
            put_escape(w, *at++);
    }
    kith_writer_u8(w, '"');
}

void kith_json_string(struct kith_writer *w, const char *key, const char *text)
{
    kith_json_text(w, key, kith_bytes(text, strlen(text)));
}

void kith_json_number(struct kith_writer *w, const char *key, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    begin_value(w, key);
    put(w, digits);
}

void kith_json_bool(struct kith_writer *w, const char *key, bool value)
{
    begin_value(w, key);
    put(w, value ? "true" : "false");
}

void kith_json_null(struct kith_writer *w, const char *key)
{
    begin_value(w, key);
    put(w, "null");
}

void kith_json_ms(struct kith_writer *w, const char *key, kith_time interval)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64 ".%03d", interval / KITH_MS,
             (int)(interval % KITH_MS));
    begin_value(w, key);
    put(w, digits);
}

void kith_json_time(struct kith_writer *w, const char *key, kith_time wall)
{
    char text[KITH_TIME_TEXT_SIZE];
    kith_time_format(wall, text);
    kith_json_string(w, key, text);
}
