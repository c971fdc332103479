/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

#define TIMEOUT_MS 10000 /* the node gives up sooner */

enum { NAME, STATE, SEEN, ID, COLUMNS };

static const char *const heads[COLUMNS] = {
    [NAME] = "NAME", [STATE] = "STATE", [SEEN] = "LAST SEEN", [ID] = "ID"};

struct row {
    char name[512];
    char seen[KITH_CLI_MINUTE_SIZE];
};

static void fill_row(const json_t *found, struct row *row, const char **cells)
{
    const char *name = json_string_value(json_object_get(found, "name"));
    kith_cli_show_safe(name ? name : "", row->name, sizeof row->name);
    kith_cli_show_minute(json_string_value(json_object_get(found, "last_seen")),
                         row->seen);
    cells[NAME] = row->name;
    cells[STATE] = json_string_value(json_object_get(found, "state"));
    cells[SEEN] = row->seen;
    cells[ID] = json_string_value(json_object_get(found, "id"));
}

static int show_table(struct kith_cli *cli, const json_t *found)
{
    size_t count = json_array_size(found);
    struct row *rows = calloc(count + 1, sizeof *rows);
    const char **cells = calloc(count * COLUMNS + 1, sizeof *cells);
    bool is_shown = rows && cells;
    for (size_t i = 0; is_shown && i < count; i++)
        fill_row(json_array_get(found, i), &rows[i], &cells[i * COLUMNS]);
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
    char *path = kith_cli_path("/lookup?who=", cli->args[0]);
    if (!path)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
    struct kith_cli_question question = {"GET", path, NULL, TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    const json_t *found = json_object_get(answer.json, "found");
    size_t index;
    const json_t *one;
    if (!exit_code && !cli->is_json)
        exit_code = show_table(cli, found);
    if (!exit_code && cli->is_json)
        json_array_foreach(found, index, one)
        {
            kith_cli_show_json(cli->out, one);
        }
    kith_answer_deinit(&answer);
    free(path);
    return exit_code;
}

const struct kith_cli_command kith_cli_lookup = {
    .name = "lookup",
    .summary = "ask the trackers who has this id or name",
    .usage = "NAME-or-ID",
    .detail =
        "Whom the trackers of this node know in its network: who is there now, and who\n"
        "was there within a day. A name may be that of several; who it is shows the id.\n"
        "Peers that are found are connected to by themselves.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
