/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/peers.h"

static int run(struct kith_cli *cli)
{
    char *path = kith_cli_path("/rooms/members?room=", cli->args[0]);
    if (!path)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
    int exit_code =
        kith_cli_list_peers(cli, path, "members", "nobody but this node is in it now");
    free(path);
    return exit_code;
}

const struct kith_cli_command kith_cli_members = {
    .name = "members",
    .summary = "list who is in a room now, besides this node",
    .usage = "TARGET",
    .detail = "TARGET is a room as '#garden' (quote it, for to a shell # may begin a\n"
              "comment) or a peer. In an open room are those peers that are linked and\n"
              "joined it; who is away is not listed, but gets what is said once back.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
