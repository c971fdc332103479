/* SPDX-License-Identifier: MIT */
/* kith chat: which home, which name, and a node for as long as it runs. */
#include "cli/chat.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "bin/chat_home.h"
#include "bin/chat_node.h"
#include "bin/commands.h"
#include "bin/up.h"

static bool is_port(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port > 0 &&
           port <= UINT16_MAX;
}

static int check(const struct kith_cli *cli)
{
    struct kith_name name;
    const char *why = "";
    const char *given = cli->arg_count > 0 ? cli->args[0] : NULL;
    if (given && kith_name_parse(kith_bytes(given, strlen(given)), &name, &why) != 0)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "'%s' cannot be a name: %s", given,
                             why);
    if (cli->arg_count > 1 && !is_port(cli->args[1]))
        return kith_cli_fail(cli, KITH_EXIT_USAGE,
                             "'%s' is no port: a number from 1 to 65535", cli->args[1]);
    return KITH_EXIT_DONE;
}

/* NAME and PORT are --name and --listen, written short; one more place is for a name
 * that is asked for. */
static struct kith_cli_given *with_arguments(struct kith_cli *cli, char listen[static 8])
{
    struct kith_cli_given *given =
        calloc(cli->given_count + cli->arg_count + 3, sizeof *given);
    if (!given)
        return NULL;
    memcpy(given, cli->given, cli->given_count * sizeof *given);
    cli->given = given;
    if (cli->arg_count > 0)
        given[cli->given_count++] = (struct kith_cli_given){"name", cli->args[0]};
    if (cli->arg_count > 1) {
        snprintf(listen, 8, ":%s", cli->args[1]);
        given[cli->given_count++] = (struct kith_cli_given){"listen", listen};
    }
    return given;
}

static int run(struct kith_cli *cli)
{
    char listen[8];
    int exit_code = check(cli);
    if (exit_code)
        return exit_code;
    struct kith_cli chat = *cli;
    struct kith_cli_given *given = with_arguments(&chat, listen);
    char *home = cli->arg_count > 0 && !cli->is_home_given
                     ? kith_chat_home(cli->home, cli->args[0])
                     : strdup(cli->home);
    if (given && home) {
        chat.home = home;
        struct kith_chat_node node = {.cli = &chat, .given = given};
        struct kith_chat_host host = {kith_chat_node_start, kith_chat_node_stop, &node};
        exit_code = kith_cli_chat(&chat, &host);
    } else {
        exit_code = kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
    }
    free(home);
    free(given);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    {"menu", NULL, "a numbered menu in place of commands", false},
    KITH_UP_OPTIONS,
    {0},
};

const struct kith_cli_command kith_command_chat = {
    .name = "chat",
    .summary = "talk, a line at a time, on any terminal or in a pipe",
    .usage = "[NAME [PORT]] [--menu] [the flags of `kith up`]",
    .detail =
        "A line is said in the lobby, to everybody; one that begins with a slash is a\n"
        "command: /help lists them, /msg NAME TEXT is for NAME alone, /quit leaves, as "
        "^D\n"
        "does. Lines that begin with \"* \" are told by kith itself. In a pipe there is "
        "no\n"
        "prompt: lines go in, lines come out.\n\n"
        "The node that runs on the home is used; where none runs one is started with\n"
        "these flags, and stopped at the end (its log is HOME/kith.log). NAME is a home "
        "of\n"
        "its own beside the usual one, called kith-NAME, unless --home names another;\n"
        "PORT is short for --listen :PORT. What is typed is remembered for the arrow "
        "keys\n"
        "until the end, and never written to the disk.",
    .options = options,
    .takes_knobs = true,
    .args_max = 2,
    .run = run,
};
