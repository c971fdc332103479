/* SPDX-License-Identifier: MIT */
#include "cli/wrap.h"

#include <string.h>

#include <sys/ioctl.h>
#include <unictype.h>
#include <uniwidth.h>

#include "base/utf8.h"

static const char indent[] = "\n         "; /* as in kith_cli_show_message */

struct row {
    const uint8_t *start;
    const uint8_t *blank; /* the last one past the middle; NULL: none */
    int used;
};

/* Terminals differ about these: their tables are of other editions of Unicode. */
static bool may_be_wide(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x2630, 0x2637}, {0x268A, 0x268F},   {0x3248, 0x324F},
        {0x4DC0, 0x4DFF}, {0x1D300, 0x1D37F}, {0x1F000, 0x1FAFF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

/* Of what has no width only marks on a letter are sure to take no room; but U+FE0F makes
 * the symbol before it wide. */
static bool may_be_seen(uint32_t character)
{
    return character == 0xFE0F || !uc_is_general_category(character, UC_MARK);
}

static int width_of(uint32_t character)
{
    int width = uc_width(character, "UTF-8");
    if (may_be_wide(character))
        return 2;
    return width <= 0 ? may_be_seen(character) : width;
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

void kith_cli_wrap(FILE *to, const char *text, size_t size, int columns)
{
    const char *end = text + size;
    if (columns < KITH_CLI_WRAP_COLUMNS_MIN) {
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

int kith_cli_columns(int fd)
{
    struct winsize size = {0};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
