/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

enum { NAME, KIND, ONLINE, ID, COLUMNS };

static const char *const heads[COLUMNS] = {
    [NAME] = "NAME", [KIND] = "KIND", [ONLINE] = "ONLINE", [ID] = "ID"};

struct row {
    char name[512];
    char online[24];
};

static void fill_row(const json_t *room, struct row *row, const char **cells)
{
    const char *name = json_string_value(json_object_get(room, "name"));
    kith_cli_show_safe(name ? name : "", row->name, sizeof row->name);
    snprintf(row->online, sizeof row->online, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(room, "online")));
    cells[NAME] = row->name;
    cells[KIND] = json_is_true(json_object_get(room, "foreign"))
                      ? "open, of another network"
                      : json_string_value(json_object_get(room, "kind"));
    cells[ONLINE] = row->online;
    cells[ID] = json_string_value(json_object_get(room, "id"));
}

static int show_table(struct kith_cli *cli, const json_t *rooms)
{
    size_t count = json_array_size(rooms);
    struct row *rows = calloc(count + 1, sizeof *rows);
    const char **cells = calloc(count * COLUMNS + 1, sizeof *cells);
    bool is_shown = rows && cells;
    for (size_t i = 0; is_shown && i < count; i++)
        fill_row(json_array_get(rooms, i), &rows[i], &cells[i * COLUMNS]);
    if (is_shown)
        kith_cli_show_table(cli->out,
                            &(struct kith_cli_table){heads, COLUMNS, cells, count});
    free(rows);
    free(cells);
    return is_shown
               ? KITH_EXIT_DONE
               : kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
}

static int run(struct kith_cli *cli)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"GET", "/rooms", NULL, KITH_CLIENT_TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    const json_t *rooms = json_object_get(answer.json, "rooms");
    size_t index;
    const json_t *room;
    if (!exit_code && !cli->is_json)
        exit_code = show_table(cli, rooms);
    if (!exit_code && cli->is_json)
        json_array_foreach(rooms, index, room)
        {
            kith_cli_show_json(cli->out, room);
        }
    kith_answer_deinit(&answer);
    return exit_code;
}

const struct kith_cli_command kith_cli_rooms = {
    .name = "rooms",
    .summary = "list the conversations of this node",
    .usage = "",
    .run = run,
};
