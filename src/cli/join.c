/* SPDX-License-Identifier: MIT */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/invite.h"
#include "cli/show.h"

static int run(struct kith_cli *cli)
{
    if (kith_cli_is_invite(cli->args[0]))
        return kith_cli_accept(cli, cli->args[0]);
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", "/rooms/join",
                                         kith_cli_member("room", cli->args[0]),
                                         KITH_CLIENT_TIMEOUT_MS};
    if (!question.take_body)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "that is not the name of a room");
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && cli->is_json) {
        kith_cli_show_json(cli->out, answer.json);
    } else if (!exit_code) {
        fputs("this node is in ", cli->out);
        kith_cli_show_text(cli->out,
                           json_string_value(json_object_get(answer.json, "id")), " ");
        fputc('\n', cli->out);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

const struct kith_cli_command kith_cli_join_room = {
    .name = "join",
    .summary = "be in an open room",
    .usage = "ROOM|LINK",
    .detail = "LINK is what `kith invite ROOM` printed. ROOM is a name of 1 to 32 "
              "characters, as '#garden'; quote it, for to a "
              "shell # may\n"
              "begin a comment, or leave the # out. Anybody of the network may join, and "
              "a room is\n"
              "there as soon as somebody does. What was said before is fetched from who "
              "is in it.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
