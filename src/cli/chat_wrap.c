/* SPDX-License-Identifier: MIT */
#include "cli/chat_wrap.h"

#include <string.h>

#include <uniwidth.h>

#include "base/utf8.h"

static const char indent[] = "\n         "; /* as in kith_cli_show_message */

struct row {
    const uint8_t *start;
    const uint8_t *blank; /* the last one past the middle; NULL: none */
    int used;
};

static int width_of(uint32_t character)
{
    int width = uc_width(character, "UTF-8");
    return width > 0 ? width : 0;
}

/* Ends the row before `at`, or at its blank; what follows begins the next. */
static const uint8_t *break_row(FILE *to, struct row *row, const uint8_t *at)
{
    const uint8_t *cut = row->blank ? row->blank : at;
    fwrite(row->start, 1, (size_t)(cut - row->start), to);
    fputs(indent, to);
    *row = (struct row){
        .start = row->blank ? cut + 1 : cut,
        .used = (int)sizeof indent - 2,
    };
    return row->start;
}

static void wrap_line(FILE *to, const uint8_t *line, const uint8_t *end, int columns)
{
    struct row row = {.start = line};
    for (const uint8_t *at = line; at < end;) {
        const uint8_t *next = at;
        uint32_t character = kith_utf8_next(&next, end);
        int width = width_of(character);
        if (row.used + width > columns) {
            at = break_row(to, &row, at);
            continue;
        }
        if (character == ' ' && row.used > columns / 2)
            row.blank = at;
        row.used += width;
        at = next;
    }
    fwrite(row.start, 1, (size_t)(end - row.start), to);
}

void kith_chat_wrap(FILE *to, const char *text, size_t size, int columns)
{
    const char *end = text + size;
    if (columns < KITH_CHAT_WRAP_COLUMNS_MIN) {
        fwrite(text, 1, size, to);
        return;
    }
    while (text < end) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        const char *stop = feed ? feed : end;
        wrap_line(to, (const uint8_t *)text, (const uint8_t *)stop, columns);
        if (feed)
            fputc('\n', to);
        text = stop + 1;
    }
}
