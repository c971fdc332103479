/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/invite.h"
#include "cli/show.h"

#define TIMEOUT_MS 15000 /* the node itself gives up after 10 s */

static void show_peer(const struct kith_cli *cli, const json_t *peer)
{
    fputs("connected to ", cli->out);
    kith_cli_show_text(cli->out, json_string_value(json_object_get(peer, "name")), " ");
    fputs(" (", cli->out);
    kith_cli_show_text(cli->out, json_string_value(json_object_get(peer, "id")), " ");
    fputs(")\n", cli->out);
}

static int run(struct kith_cli *cli)
{
    if (kith_cli_is_invite(cli->args[0]))
        return kith_cli_accept(cli, cli->args[0]);
    struct kith_answer answer;
    struct kith_cli_question question = {
        "POST", "/peers/connect", kith_cli_member("address", cli->args[0]), TIMEOUT_MS};
    if (!question.take_body)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "that is not an address");
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && cli->is_json)
        kith_cli_show_json(cli->out, answer.json);
    else if (!exit_code)
        show_peer(cli, answer.json);
    kith_answer_deinit(&answer);
    return exit_code;
}

const struct kith_cli_command kith_cli_connect = {
    .name = "connect",
    .summary = "connect to the node at an address",
    .usage = "ADDR|LINK",
    .detail =
        "ADDR is host, host:port, an IPv4 address or [IPv6]:port; the port is 4747 if\n"
        "none is given. The address is dialled again whenever the link falls, for\n"
        "a week, or until `kith disconnect`. LINK is what `kith invite` printed.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
