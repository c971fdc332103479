/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/invite.h"
#include "cli/order.h"

static int run(struct kith_cli *cli)
{
    if (kith_cli_is_invite(cli->args[0]))
        return kith_cli_accept(cli, cli->args[0]);
    return kith_cli_order(cli, &(struct kith_cli_order){
                                   .path = "/rooms/join",
                                   .take_body = kith_cli_member("room", cli->args[0]),
                                   .fault = "that is not the name of a room",
                                   .before = "this node is in ",
                                   .member = "id",
                                   .after = "",
                               });
}

const struct kith_cli_command kith_cli_join_room = {
    .name = "join",
    .summary = "be in an open room",
    .usage = "ROOM|LINK",
    .detail =
        "LINK is what `kith invite ROOM` printed. ROOM is a name of 1 to 32\n"
        "characters, as '#garden'; quote it, for to a shell # may begin a comment,\n"
        "or leave the # out. Anybody of the network may join, and a room is there as\n"
        "soon as somebody does. What was said before is fetched from who is in it.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
