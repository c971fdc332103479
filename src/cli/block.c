/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/order.h"

static int run(struct kith_cli *cli)
{
    return kith_cli_order(cli, &(struct kith_cli_order){
                                   .path = "/peers/block",
                                   .take_body = kith_cli_member("peer", cli->args[0]),
                                   .fault = "that is not a peer",
                                   .before = "",
                                   .member = "name",
                                   .after = " is blocked",
                               });
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
