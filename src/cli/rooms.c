/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

enum { NAME, KIND, MEMBERS, ONLINE, ID, COLUMNS };

static const char *const heads[COLUMNS] = {[NAME] = "NAME",
                                           [KIND] = "KIND",
                                           [MEMBERS] = "MEMBERS",
                                           [ONLINE] = "ONLINE",
                                           [ID] = "ID"};

struct row {
    char members[24];
    char online[24];
};

static void format_number(const json_t *room, const char *member, char out[static 24])
{
    snprintf(out, 24, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(room, member)));
}

static const char *kind_of(const json_t *room)
{
    if (json_is_true(json_object_get(room, "foreign")))
        return "open, of another network";
    if (json_is_false(json_object_get(room, "joined")))
        return "open, left";
    return json_string_value(json_object_get(room, "kind"));
}

static void fill_row(const json_t *room, void *made, const char **cells)
{
    struct row *row = made;
    format_number(room, "members", row->members);
    format_number(room, "online", row->online);
    cells[NAME] = json_string_value(json_object_get(room, "name"));
    cells[KIND] = kind_of(room);
    cells[MEMBERS] = row->members;
    cells[ONLINE] = row->online;
    cells[ID] = json_string_value(json_object_get(room, "id"));
}

static const struct kith_cli_listing listing = {heads, COLUMNS, sizeof(struct row),
                                                fill_row};

static int run(struct kith_cli *cli)
{
    struct kith_answer answer;
    struct kith_cli_question question = {
        "GET", kith_cli_has(cli, "all") ? "/rooms?all=1" : "/rooms", NULL,
        KITH_CLIENT_TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code)
        exit_code =
            kith_cli_show_list(cli, &listing, json_object_get(answer.json, "rooms"));
    kith_answer_deinit(&answer);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    {"all", NULL, "also rooms that were left", false},
    {0},
};

const struct kith_cli_command kith_cli_rooms = {
    .name = "rooms",
    .summary = "list the conversations of this node",
    .usage = "[--all]",
    .options = options,
    .run = run,
};
