/* SPDX-License-Identifier: MIT */
/* A command line, a word on each line: taken apart, and the settings of `up` and of
 * `tracker` read from it. Either all of it is usable or one sentence says what is not. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/settings.h"
#include "bin/tracker_settings.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "kith/error.h"
#include "scratch.h"

#define WORDS_MAX    32
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int run_nothing(struct kith_cli *cli)
{
    return cli->is_json;
}

static struct kith_cli_command up = {
    .name = "up", .usage = "", .takes_knobs = true, .run = run_nothing};
static struct kith_cli_command tracker = {.name = "tracker",
                                          .usage = "[list|stats]",
                                          .options = kith_tracker_options,
                                          .args_max = 1,
                                          .run = run_nothing};

static const struct kith_cli_command *const commands[] = {
    &up,
    &tracker,
    &kith_cli_send,
    &kith_cli_tail,
    &kith_cli_search,
    &kith_cli_peers,
    &kith_cli_completions,
    &kith_cli_help,
};

static void check_up(const struct kith_cli *cli)
{
    char why[KITH_CONFIG_WHY_SIZE] = "";
    struct kith_settings settings = {0};
    int error = kith_settings_read(cli, &settings, why);
    assert((error == 0) == (why[0] == '\0'));
    kith_settings_deinit(&settings);
}

static void check_tracker(const struct kith_cli *cli)
{
    struct kith_tracker_settings settings;
    int exit_code = kith_tracker_settings_read(cli, &settings);
    assert(exit_code == KITH_EXIT_DONE || exit_code == KITH_EXIT_USAGE);
    if (exit_code != KITH_EXIT_DONE)
        return;
    assert(settings.listen_count >= 1 &&
           settings.listen_count <= KITH_TRACKER_LISTEN_MAX);
    assert(settings.peers_max >= 1 && settings.per_address_max >= 1);
    assert(!settings.has_metrics || settings.metrics.host[0] != '\0');
}

static void check(const struct kith_cli_parsed *parsed, FILE *err)
{
    struct kith_cli cli = {.command = parsed->command,
                           .home = scratch_folder(),
                           .given = parsed->given,
                           .given_count = parsed->given_count,
                           .args = parsed->args,
                           .arg_count = parsed->arg_count,
                           .err = err};
    assert(parsed->command == NULL || parsed->wish != KITH_WISH_RUN ||
           (parsed->arg_count >= parsed->command->args_min &&
            parsed->arg_count <= parsed->command->args_max));
    if (parsed->command == &up)
        check_up(&cli);
    if (parsed->command == &tracker)
        check_tracker(&cli);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    const char *argv[WORDS_MAX + 2] = {"kith"};
    char why[KITH_CLI_WHY_SIZE] = "", *text = NULL,
         *rest = strndup((const char *)data, size);
    struct kith_cli_parsed parsed;
    int argc = 1;
    size_t err_size;
    char *line = rest;
    while (line != NULL && argc <= WORDS_MAX)
        argv[argc++] = strsep(&line, "\n");
    FILE *err = open_memstream(&text, &err_size);
    setenv("XDG_CONFIG_HOME", scratch_folder(), 1);
    int error = kith_cli_parse(commands, COUNT(commands), argc, argv, &parsed, why);
    assert(error == 0 || error == KITH_EINVALID);
    assert((error == 0) == (why[0] == '\0'));
    if (error == 0)
        check(&parsed, err);
    kith_cli_parsed_deinit(&parsed);
    fclose(err);
    free(text);
    free(rest);
}
