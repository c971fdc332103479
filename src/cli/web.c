/* SPDX-License-Identifier: MIT */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/page.h"
#include "cli/show.h"

static int open_page(struct kith_cli *cli, const char *url)
{
    if (!kith_cli_page_has_display())
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "there is no display to open a browser on; open the address "
                             "above in one on this machine");
    int error = kith_cli_page_open(cli->home, url);
    if (error != 0)
        return kith_cli_fail(cli, kith_cli_exit(error),
                             "no browser could be started: %s; open the address above",
                             kith_error_text(error));
    return KITH_EXIT_DONE;
}

static int run(struct kith_cli *cli)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", "/code", json_object(),
                                         KITH_CLIENT_TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    const char *url = json_string_value(json_object_get(answer.json, "url"));
    if (!exit_code && !url)
        exit_code = kith_cli_fail(cli, KITH_EXIT_FAILED, "the node told no address");
    if (!exit_code && cli->is_json)
        kith_cli_show_json(cli->out, answer.json);
    else if (!exit_code) {
        kith_cli_show_text(cli->out, url, " ");
        fputc('\n', cli->out);
    }
    fflush(cli->out);
    if (!exit_code && kith_cli_has(cli, "open"))
        exit_code = open_page(cli, url);
    kith_answer_deinit(&answer);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    {"open", NULL, "open it in the browser too", false},
    {0},
};

const struct kith_cli_command kith_cli_web = {
    .name = "web",
    .summary = "print the address of this node's page, good once and for a minute",
    .usage = "[--open]",
    .detail =
        "The page is for browsers on this machine. What stands behind # lets one of\n"
        "them in; it is spent when the page has opened, and late after a minute.",
    .options = options,
    .run = run,
};
