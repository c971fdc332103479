/* SPDX-License-Identifier: MIT */
/* Showing people what peers said, so that no terminal obeys it and no line is forged. */
#ifndef KITH_CLI_SHOW_H
#define KITH_CLI_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "cli/command.h"

/* Text made safe (base/utf8.h), with `newline` for line feeds. NULL shows as nothing. */
void kith_cli_show_text(FILE *to, const char *text, const char *newline);

/* The same into a buffer, cut after the last character that fits; line feeds become
 * spaces. */
void kith_cli_show_safe(const char *text, char *out, size_t out_size);

/* A time of the API as people read it, to the minute, in their own time zone; "never"
 * for NULL and what is none. */
#define KITH_CLI_MINUTE_SIZE 32
void kith_cli_show_minute(const char *text, char out[static KITH_CLI_MINUTE_SIZE]);

/* One JSON object on a line. Characters that a terminal obeys or hides are escaped, which
 * a reader of JSON does not notice. */
void kith_cli_show_json(FILE *to, const json_t *object);
void kith_cli_show_json_text(FILE *to, const char *text, size_t size);

/* A message object: `HH:MM:SS name: text`, further lines of it indented. What stands
 * behind the name cannot be part of one: `~me` for our own, ` @name` for to whom a direct
 * one was written, ` #room` where it was said elsewhere than in the lobby. An action is
 * `HH:MM:SS * name text`, or `HH:MM:SS @name * name text`. */
void kith_cli_show_message(FILE *to, const json_t *message);

/* What `show` writes of an object, its long lines broken (cli/wrap.h) where `to` is a
 * terminal. */
void kith_cli_show_wrapped(FILE *to, const json_t *object,
                           void (*show)(FILE *to, const json_t *object));

/* A text that begins with "/me " is an action (XMPP's XEP-0245): what is done, a part of
 * `text`. NULL: it is none. */
const char *kith_cli_action(const char *text);

/* Its day, `YYYY-MM-DD `, to stand before it. */
void kith_cli_show_day(FILE *to, const json_t *message);

/* A table: cells are columns of each row, made safe; a NULL cell shows as "-". Widths are
 * those of a terminal. */
struct kith_cli_table {
    const char *const *heads;
    size_t column_count;
    const char *const *cells; /* row by row */
    size_t row_count;
};
void kith_cli_show_table(FILE *to, const struct kith_cli_table *table);

/* A list of objects: a table with a row for each, or with --json a line for each. `fill`
 * gives the cells of one; `row` is for texts that it makes, zeroed, and lives as long as
 * they are needed. Returns the exit code. */
struct kith_cli_listing {
    const char *const *heads;
    size_t column_count;
    size_t row_size;
    void (*fill)(const json_t *object, void *row, const char **cells);
};
int kith_cli_show_list(const struct kith_cli *cli, const struct kith_cli_listing *listing,
                       const json_t *list);

#endif
