/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/home.h"
#include "cli/parse.h"
#include "kith/error.h"

/* Buffered output that never reached its file is a failure too. */
static int flushed(struct kith_cli *cli, int exit_code)
{
    if (fflush(cli->out) == 0 && !ferror(cli->out))
        return exit_code;
    if (exit_code != KITH_EXIT_DONE)
        return exit_code;
    return kith_cli_fail(cli, KITH_EXIT_FAILED, "the output cannot be written: %s",
                         strerror(errno));
}

static int run(struct kith_cli *cli, const struct kith_cli_parsed *parsed)
{
    const char *why = "out of memory";
    if (parsed->wish == KITH_WISH_VERSION)
        return kith_cli_version.run(cli);
    if (parsed->wish == KITH_WISH_HELP) {
        kith_cli_print_help(cli, cli->command, cli->out);
        return KITH_EXIT_DONE;
    }
    if (cli->command == NULL && cli->arg_count > 0)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "a command has to stand before `--`");
    if (cli->command == NULL) {
        kith_cli_print_help(cli, NULL, cli->err);
        return KITH_EXIT_USAGE;
    }
    char *home = kith_cli_home_path(parsed->home, &why);
    if (home == NULL) {
        bool is_usage = parsed->home != NULL && parsed->home[0] == '\0';
        return kith_cli_fail(cli, is_usage ? KITH_EXIT_USAGE : KITH_EXIT_FAILED, "%s",
                             why);
    }
    cli->home = home;
    int exit_code = cli->command->run(cli);
    cli->home = NULL;
    free(home);
    return exit_code;
}

int kith_cli_main(const struct kith_cli_command *const *commands, size_t command_count,
                  int argc, const char *const *argv, FILE *in, FILE *out, FILE *err)
{
    struct kith_cli_parsed parsed;
    char why[KITH_CLI_WHY_SIZE] = "";
    int error = kith_cli_parse(commands, command_count, argc, argv, &parsed, why);
    struct kith_cli cli = {
        .command = parsed.command,
        .commands = commands,
        .command_count = command_count,
        .is_home_given = parsed.home != NULL,
        .is_json = parsed.is_json,
        .args = parsed.args,
        .arg_count = parsed.arg_count,
        .given = parsed.given,
        .given_count = parsed.given_count,
        .in = in,
        .out = out,
        .err = err,
    };
    int exit_code;
    if (error == KITH_ENOMEM)
        exit_code = kith_cli_fail(&cli, KITH_EXIT_FAILED, "out of memory");
    else if (error != 0)
        exit_code = kith_cli_fail(&cli, KITH_EXIT_USAGE, "%s", why);
    else
        exit_code = flushed(&cli, run(&cli, &parsed));
    kith_cli_parsed_deinit(&parsed);
    return exit_code;
}
