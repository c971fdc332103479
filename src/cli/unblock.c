/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/order.h"

static int run(struct kith_cli *cli)
{
    return kith_cli_order(cli, &(struct kith_cli_order){
                                   .path = "/peers/unblock",
                                   .take_body = kith_cli_member("peer", cli->args[0]),
                                   .fault = "that is not a peer",
                                   .before = "",
                                   .member = "name",
                                   .after = " is not blocked",
                               });
}

const struct kith_cli_command kith_cli_unblock = {
    .name = "unblock",
    .summary = "take a block back",
    .usage = "PEER",
    .detail =
        "The peer may be linked again, and all that it said in open rooms is shown. Ask\n"
        "`kith peers` who is blocked.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
