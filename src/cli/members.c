/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "cli/commands.h"
#include "cli/peers.h"

static int run(struct kith_cli *cli)
{
    static const char question[] = "/rooms/members?room=";
    size_t size = sizeof question + 3 * strlen(cli->args[0]);
    char *path = malloc(size);
    if (!path)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
    memcpy(path, question, sizeof question);
    kith_client_escape(cli->args[0], path + strlen(question));
    int exit_code =
        kith_cli_list_peers(cli, path, "members", "nobody but this node is in it now");
    free(path);
    return exit_code;
}

const struct kith_cli_command kith_cli_members = {
    .name = "members",
    .summary = "list who is in a room now, besides this node",
    .usage = "TARGET",
    .detail = "TARGET is a room as '#garden' (quote it, for to a shell # may begin a "
              "comment) or a\npeer. In an open room are those peers that are linked and "
              "joined it; who is away is\nnot listed, but gets what is said once back.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
