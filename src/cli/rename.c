/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

static int run(struct kith_cli *cli)
{
    struct kith_answer answer;
    char *name = kith_cli_join(cli, 0);
    struct kith_cli_question question = {"PATCH", "/self",
                                         name ? kith_cli_member("name", name) : NULL,
                                         KITH_CLIENT_TIMEOUT_MS};
    free(name);
    if (!question.take_body)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "a name must be valid UTF-8");
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && cli->is_json) {
        kith_cli_show_json(cli->out, answer.json);
    } else if (!exit_code) {
        fputs("this node is now called ", cli->out);
        kith_cli_show_text(cli->out,
                           json_string_value(json_object_get(answer.json, "name")), " ");
        fputc('\n', cli->out);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

const struct kith_cli_command kith_cli_rename = {
    .name = "rename",
    .summary = "give this node another name",
    .usage = "NAME",
    .detail =
        "A name has 1 to 32 characters, without control characters and without\n"
        "~ # : / @, and does not look like an id or an address. Every peer sees it.",
    .args_min = 1,
    .args_max = KITH_CLI_ARGS_ANY,
    .run = run,
};
