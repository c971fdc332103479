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
    char seen[KITH_CLI_MINUTE_SIZE];
};

static void fill_row(const json_t *found, void *made, const char **cells)
{
    struct row *row = made;
    kith_cli_show_minute(json_string_value(json_object_get(found, "last_seen")),
                         row->seen);
    cells[NAME] = json_string_value(json_object_get(found, "name"));
    cells[STATE] = json_string_value(json_object_get(found, "state"));
    cells[SEEN] = row->seen;
    cells[ID] = json_string_value(json_object_get(found, "id"));
}

static const struct kith_cli_listing listing = {heads, COLUMNS, sizeof(struct row),
                                                fill_row};

static int run(struct kith_cli *cli)
{
    struct kith_answer answer;
    char *path = kith_cli_path("/lookup?who=", cli->args[0]);
    if (!path)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
    struct kith_cli_question question = {"GET", path, NULL, TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code)
        exit_code =
            kith_cli_show_list(cli, &listing, json_object_get(answer.json, "found"));
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
