/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/say.h"

static int run(struct kith_cli *cli)
{
    return kith_cli_say(cli, cli->args[0], 1);
}

static const struct kith_cli_option options[] = {
    {"wait", "delivered", "come back only when the other side has it", false},
    {"timeout", "SECONDS", "how long to wait (default: 30)", false},
    {0},
};

const struct kith_cli_command kith_cli_send = {
    .name = "send",
    .summary = "say something to a peer or in a room",
    .usage = "TARGET [TEXT…] [--wait delivered] [--timeout SECONDS]",
    .detail =
        "TARGET is a name, name~shortid, an id or its beginning, ip:port, or #room.\n"
        "Words of TEXT are joined by a space; without any, the text is read from\n"
        "standard input and loses one trailing line feed. A text holds at most 65536\n"
        "bytes. It is stored when the command ends, and delivered as soon as the\n"
        "other side is there.",
    .options = options,
    .args_min = 1,
    .args_max = KITH_CLI_ARGS_ANY,
    .run = run,
};
