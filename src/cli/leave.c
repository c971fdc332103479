/* SPDX-License-Identifier: MIT */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

static int run(struct kith_cli *cli)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", "/rooms/leave",
                                         kith_cli_member("room", cli->args[0]),
                                         KITH_CLIENT_TIMEOUT_MS};
    if (!question.take_body)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "that is not the name of a room");
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && cli->is_json) {
        kith_cli_show_json(cli->out, answer.json);
    } else if (!exit_code) {
        fputs("left ", cli->out);
        kith_cli_show_text(cli->out,
                           json_string_value(json_object_get(answer.json, "id")), " ");
        fputs("; what was said there is kept\n", cli->out);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

const struct kith_cli_command kith_cli_leave_room = {
    .name = "leave",
    .summary = "be in an open room no more",
    .usage = "ROOM",
    .detail =
        "Nothing said there comes any more; what came until now is kept, for `kith tail\n"
        "ROOM` and `kith rooms --all`. `kith join` goes back, and fetches what was "
        "missed.\n"
        "#lobby, where everybody is, cannot be left.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
