/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/order.h"

static int run(struct kith_cli *cli)
{
    return kith_cli_order(cli, &(struct kith_cli_order){
                                   .path = "/rooms/leave",
                                   .take_body = kith_cli_member("room", cli->args[0]),
                                   .fault = "that is not the name of a room",
                                   .before = "left ",
                                   .member = "id",
                                   .after = "; what was said there is kept",
                               });
}

const struct kith_cli_command kith_cli_leave_room = {
    .name = "leave",
    .summary = "be in an open room no more",
    .usage = "ROOM",
    .detail =
        "Nothing said there comes any more; what came until now is kept, for `kith tail\n"
        "ROOM` and `kith rooms --all`. `kith join` goes back, and fetches what was "
        "missed.\n"
        "#lobby, where everybody is, cannot be left.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
