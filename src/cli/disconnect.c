/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/order.h"

static int run(struct kith_cli *cli)
{
    return kith_cli_order(cli, &(struct kith_cli_order){
                                   .path = "/peers/disconnect",
                                   .take_body = kith_cli_member("peer", cli->args[0]),
                                   .fault = "that is not a peer",
                                   .before = "disconnected from ",
                                   .member = "name",
                                   .after = "",
                               });
}

const struct kith_cli_command kith_cli_disconnect = {
    .name = "disconnect",
    .summary = "close the link to a peer, and keep it closed",
    .usage = "PEER",
    .detail =
        "PEER is a name, name~shortid, an id or its beginning, or ip:port. The peer\n"
        "is refused until `kith connect`.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
