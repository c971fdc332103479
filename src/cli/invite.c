/* SPDX-License-Identifier: MIT */
#include "cli/invite.h"

#include <stdlib.h>
#include <string.h>

#include "base/invite.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/qr.h"
#include "cli/show.h"

#define TIMEOUT_MS 15000 /* the node itself gives up after 10 s */

static int ask(struct kith_cli *cli, const char *path)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"GET", path, NULL, KITH_CLIENT_TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    const char *link = json_string_value(json_object_get(answer.json, "link"));
    if (!exit_code && cli->is_json)
        kith_cli_show_json(cli->out, answer.json);
    else if (!exit_code && link && kith_cli_has(cli, "qr"))
        exit_code = kith_cli_show_qr(cli, link);
    else if (!exit_code) {
        kith_cli_show_text(cli->out, link, " ");
        fputc('\n', cli->out);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

static int run(struct kith_cli *cli)
{
    if (cli->arg_count == 0)
        return ask(cli, "/invites");
    char *path = kith_cli_path("/invites?room=", cli->args[0]);
    if (!path)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
    int exit_code = ask(cli, path);
    free(path);
    return exit_code;
}

bool kith_cli_is_invite(const char *text)
{
    return kith_invite_is(kith_bytes(text, strlen(text)));
}

int kith_cli_accept(struct kith_cli *cli, const char *link)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", "/invites/accept",
                                         kith_cli_member("link", link), TIMEOUT_MS};
    if (!question.take_body)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "that is no invite");
    int exit_code = kith_cli_ask(cli, &question, &answer);
    const char *kind = json_string_value(json_object_get(answer.json, "kind"));
    if (!exit_code && cli->is_json) {
        kith_cli_show_json(cli->out, answer.json);
    } else if (!exit_code) {
        fputs(kind ? "this node is in " : "connected to ", cli->out);
        kith_cli_show_text(
            cli->out,
            json_string_value(json_object_get(answer.json, kind ? "id" : "name")), " ");
        fputc('\n', cli->out);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    {"qr", NULL, "as a code for a camera, with the link below it", false},
    {0},
};

const struct kith_cli_command kith_cli_invite = {
    .name = "invite",
    .summary = "print a link with which others meet this node, or a room",
    .usage = "[ROOM] [--qr]",
    .detail = "Whoever has the link gives it to `kith connect` or `kith join` and is "
              "connected,\n"
              "through the addresses and trackers in it. It holds nothing secret; a "
              "passphrase\n"
              "of the network has to be told besides.",
    .options = options,
    .args_max = 1,
    .run = run,
};
