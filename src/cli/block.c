/* SPDX-License-Identifier: MIT */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

static int run(struct kith_cli *cli)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", "/peers/block",
                                         kith_cli_member("peer", cli->args[0]),
                                         KITH_CLIENT_TIMEOUT_MS};
    if (!question.take_body)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "that is not a peer");
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && cli->is_json) {
        kith_cli_show_json(cli->out, answer.json);
    } else if (!exit_code) {
        kith_cli_show_text(cli->out,
                           json_string_value(json_object_get(answer.json, "name")), " ");
        fputs(" is blocked\n", cli->out);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

const struct kith_cli_command kith_cli_block = {
    .name = "block",
    .summary = "never be linked with a peer, and see nothing of it",
    .usage = "PEER",
    .detail =
        "PEER is a name, name~shortid, an id or its beginning, or ip:port. Its link is\n"
        "closed and refused from now on, over restarts too. What it says in open rooms "
        "is\n"
        "kept for those who lack it, and shown to nobody here, neither what it said\n"
        "before.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
