/* SPDX-License-Identifier: MIT */
#include "cli/show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uniwidth.h>

#include "base/time_format.h"
#include "base/utf8.h"
#include "cli/wrap.h"
#include "kith/error.h"

#define COLUMNS_MAX 16
#define NAME_SIZE   256 /* of 32 characters, with an id behind them */

void kith_cli_show_text(FILE *to, const char *text, const char *newline)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    if (text)
        kith_utf8_write_safe(&w, kith_bytes(text, strlen(text)), newline);
    if (w.size > 0 && !w.failed)
        fwrite(w.data, 1, w.size, to);
    kith_writer_deinit(&w);
}

void kith_cli_show_safe(const char *text, char *out, size_t out_size)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_utf8_write_safe(&w, kith_bytes(text, strlen(text)), " ");
    size_t size = w.failed ? 0 : w.size;
    if (size >= out_size)
        size = out_size - 1;
    while (size > 0 && size < w.size && (w.data[size] & 0xC0) == 0x80)
        size--; /* not within a character */
    if (size > 0)
        memcpy(out, w.data, size);
    out[size] = '\0';
    kith_writer_deinit(&w);
}

static void escape(FILE *to, uint32_t character)
{
    if (character < 0x10000) {
        fprintf(to, "\\u%04X", (unsigned)character);
        return;
    }
    character -= 0x10000;
    fprintf(to, "\\u%04X\\u%04X", 0xD800u + (unsigned)(character >> 10),
            0xDC00u + (unsigned)(character & 0x3FF));
}

/* One past the longest run from `at` that may be shown as it stands. */
static const uint8_t *plain_end(const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        const uint8_t *next = at;
        if (*at >= 0x20 && *at < 0x7F) {
            at++;
            continue;
        }
        uint32_t character = kith_utf8_next(&next, end);
        bool is_malformed = next == at + 1;
        if (is_malformed || kith_utf8_is_unsafe(character))
            break;
        at = next;
    }
    return at;
}

void kith_cli_show_json_text(FILE *to, const char *text, size_t size)
{
    const uint8_t *at = (const uint8_t *)text;
    const uint8_t *end = at + size;
    while (at < end) {
        const uint8_t *plain = plain_end(at, end);
        fwrite(at, 1, (size_t)(plain - at), to);
        at = plain;
        if (at < end)
            escape(to, kith_utf8_next(&at, end));
    }
    fputc('\n', to);
}

void kith_cli_show_json(FILE *to, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (text)
        kith_cli_show_json_text(to, text, strlen(text));
    free(text);
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static struct tm local_time(const json_t *message)
{
    kith_time wall = 0;
    struct tm local = {0};
    const char *text = member(message, "time");
    kith_time_parse(kith_bytes(text, strlen(text)), 0, &wall);
    time_t seconds = (time_t)(wall / KITH_SECOND);
    localtime_r(&seconds, &local);
    return local;
}

void kith_cli_show_day(FILE *to, const json_t *message)
{
    struct tm local = local_time(message);
    fprintf(to, "%04d-%02d-%02d ", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

static void show_clock(FILE *to, const json_t *message)
{
    struct tm local = local_time(message);
    fprintf(to, "%02d:%02d:%02d ", local.tm_hour, local.tm_min, local.tm_sec);
}

const char *kith_cli_action(const char *text)
{
    static const char prefix[] = "/me ";
    size_t size = sizeof prefix - 1;
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static void show_quoted(FILE *to, const char *name)
{
    fputc('"', to);
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            fputc('\\', to);
        fputc(*name, to);
    }
    fputc('"', to);
}

/* In quotes where it could be taken for more, or less, than a name: an action begins with
 * a star, and ends the name of who does it at the first space. */
static void show_name(FILE *to, const json_t *message, bool is_action)
{
    char name[NAME_SIZE];
    kith_cli_show_safe(member(message, "name"), name, sizeof name);
    if (name[0] == '*' || name[0] == '"' || (is_action && strchr(name, ' ')))
        show_quoted(to, name);
    else
        fputs(name, to);
    if (json_is_true(json_object_get(message, "mine")))
        fputs("~me", to);
}

/* To whom, or where, was it said? False: to all, in the lobby. */
static bool show_place(FILE *to, const json_t *message, const char *before)
{
    bool is_direct = json_is_true(json_object_get(message, "direct"));
    const char *place = member(message, is_direct ? "to" : "room");
    if (!is_direct && strcmp(place, "#lobby") == 0)
        return false;
    fprintf(to, "%s%s", before, is_direct ? "@" : "");
    kith_cli_show_text(to, place, " ");
    return true;
}

void kith_cli_show_message(FILE *to, const json_t *message)
{
    const char *text = member(message, "text");
    const char *action = kith_cli_action(text);
    show_clock(to, message);
    if (action) {
        bool has_place = show_place(to, message, "");
        fputs(has_place ? " * " : "* ", to);
        show_name(to, message, true);
        fputc(' ', to);
    } else {
        show_name(to, message, false);
        show_place(to, message, " ");
        fputs(": ", to);
    }
    kith_cli_show_text(to, action ? action : text, "\n         ");
    fputc('\n', to);
}

void kith_cli_show_wrapped(FILE *to, const json_t *object,
                           void (*show)(FILE *to, const json_t *object))
{
    char *text = NULL;
    size_t size = 0;
    int columns = kith_cli_columns(fileno(to));
    if (columns == 0) {
        show(to, object);
        return;
    }
    FILE *lines = open_memstream(&text, &size);
    if (!lines)
        return;
    show(lines, object);
    fclose(lines);
    kith_cli_wrap(to, text, size, columns);
    free(text);
}

/* ---- tables ---- */

/* The width of a cell, which is shown unless `to` is NULL. */
static int show_cell(FILE *to, const char *cell)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const char *text = cell ? cell : "-";
    kith_utf8_write_safe(&w, kith_bytes(text, strlen(text)), " ");
    int width = w.failed ? 0 : u8_width(w.data, w.size, "UTF-8");
    if (to && w.size > 0 && !w.failed)
        fwrite(w.data, 1, w.size, to);
    kith_writer_deinit(&w);
    return width;
}

static void show_row(FILE *to, const char *const *cells, const int *widths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int width = show_cell(to, cells[i]);
        if (i + 1 < count)
            fprintf(to, "%*s", widths[i] - width + 2, "");
    }
    fputc('\n', to);
}

void kith_cli_show_table(FILE *to, const struct kith_cli_table *table)
{
    int widths[COLUMNS_MAX] = {0};
    size_t count = table->column_count < COLUMNS_MAX ? table->column_count : COLUMNS_MAX;
    for (size_t i = 0; i < count; i++)
        widths[i] = show_cell(NULL, table->heads[i]);
    for (size_t i = 0; i < table->row_count * count; i++) {
        int width = show_cell(NULL, table->cells[i]);
        if (width > widths[i % count])
            widths[i % count] = width;
    }
    show_row(to, table->heads, widths, count);
    for (size_t row = 0; row < table->row_count; row++)
        show_row(to, &table->cells[row * count], widths, count);
}

static int show_rows(const struct kith_cli *cli, const struct kith_cli_listing *listing,
                     const json_t *list)
{
    size_t count = json_array_size(list), columns = listing->column_count;
    uint8_t *rows = calloc(count + 1, listing->row_size);
    const char **cells = calloc(count * columns + 1, sizeof *cells);
    bool is_shown = rows && cells;
    for (size_t i = 0; is_shown && i < count; i++)
        listing->fill(json_array_get(list, i), rows + i * listing->row_size,
                      &cells[i * columns]);
    if (is_shown)
        kith_cli_show_table(
            cli->out, &(struct kith_cli_table){listing->heads, columns, cells, count});
    free(rows);
    free(cells);
    return is_shown
               ? KITH_EXIT_DONE
               : kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
}

int kith_cli_show_list(const struct kith_cli *cli, const struct kith_cli_listing *listing,
                       const json_t *list)
{
    size_t index;
    const json_t *object;
    if (!cli->is_json)
        return show_rows(cli, listing, list);
    json_array_foreach(list, index, object)
    {
        kith_cli_show_json(cli->out, object);
    }
    return KITH_EXIT_DONE;
}

void kith_cli_show_minute(const char *text, char out[static KITH_CLI_MINUTE_SIZE])
{
    kith_time wall;
    struct tm local;
    if (!text || !kith_time_parse(kith_bytes(text, strlen(text)), 0, &wall)) {
        snprintf(out, KITH_CLI_MINUTE_SIZE, "never");
        return;
    }
    time_t seconds = (time_t)(wall / KITH_SECOND);
    localtime_r(&seconds, &local);
    strftime(out, KITH_CLI_MINUTE_SIZE, "%Y-%m-%d %H:%M", &local);
}
