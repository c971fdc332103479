/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

static int run(struct kith_cli *cli)
{
    fprintf(cli->out, cli->is_json ? "{\"version\":\"%s\"}\n" : "kith %s\n",
            KITH_VERSION);
    return KITH_EXIT_DONE;
}

const struct kith_cli_command kith_cli_version = {
    .name = "version",
    .summary = "tell which kith this is",
    .usage = "",
    .run = run,
};
