/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/say.h"

static int run(struct kith_cli *cli)
{
    return kith_cli_say(cli, "#lobby", 0);
}

static const struct kith_cli_option options[] = {
    {"wait", "delivered", "come back only when everybody online has it", false},
    {"timeout", "SECONDS", "how long to wait (default: 30)", false},
    {0},
};

const struct kith_cli_command kith_cli_broadcast = {
    .name = "broadcast",
    .summary = "say something to everybody, in #lobby",
    .usage = "[TEXT…] [--wait delivered] [--timeout SECONDS]",
    .detail =
        "Without TEXT it is read from standard input. Whoever is away gets it later.",
    .options = options,
    .args_max = KITH_CLI_ARGS_ANY,
    .run = run,
};
