/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/option.h"
#include "cli/parse.h"
#include "cli/suggest.h"

#define COLUMN 26 /* where summaries begin: past the longest option */

static void print_row(FILE *to, const char *left, const char *value, const char *summary,
                      const char *fallback)
{
    int width = fprintf(to, "  %s%s%s", left, value != NULL ? " " : "",
                        value != NULL ? value : "");
    fprintf(to, "%*s%s", width < COLUMN ? COLUMN - width : 2, "", summary);
    if (fallback != NULL)
        fprintf(to, " (default: %s)", fallback);
    fputc('\n', to);
}

static void print_option(FILE *to, const struct kith_cli_option *option)
{
    char left[80];
    snprintf(left, sizeof(left), "--%s", option->name);
    print_row(to, left, option->value, option->summary, NULL);
}

static void print_knobs(FILE *to)
{
    for (const struct kith_knob *knob = kith_knobs; knob->name != NULL; knob++) {
        char left[80];
        snprintf(left, sizeof(left), "--%s", knob->name);
        if (knob->kind == KITH_KNOB_SWITCH)
            print_row(to, left, NULL, knob->summary, NULL);
        else
            print_row(to, left, knob->value, knob->summary, knob->fallback);
    }
}

static void print_command(const struct kith_cli_command *command, FILE *to)
{
    fprintf(to, "usage: kith %s%s%s\n\n%s\n", command->name,
            command->usage[0] != '\0' ? " " : "", command->usage, command->summary);
    if (command->detail != NULL)
        fprintf(to, "\n%s\n", command->detail);
    fputs("\noptions:\n", to);
    if (command->takes_knobs)
        print_knobs(to);
    for (const struct kith_cli_option *o = command->options; o != NULL && o->name != NULL;
         o++)
        print_option(to, o);
    for (const struct kith_cli_option *o = kith_cli_common; o->name != NULL; o++)
        print_option(to, o);
}

static void print_program(const struct kith_cli *cli, FILE *to)
{
    fputs("kith is a chat for the people near you and the people you know, without a "
          "server.\n\nusage: kith COMMAND [OPTIONS]\n\ncommands:\n",
          to);
    for (size_t i = 0; i < cli->command_count; i++)
        print_row(to, cli->commands[i]->name, NULL, cli->commands[i]->summary, NULL);
    fputs("\noptions of every command, anywhere before `--`:\n", to);
    for (const struct kith_cli_option *o = kith_cli_common; o->name != NULL; o++)
        print_option(to, o);
    fputs("\n`kith help COMMAND` tells more; `kith help config` lists what can be "
          "configured.\n"
          "exit codes: 0 done, 1 failed, 2 usage, 3 no node running, 4 not found or "
          "ambiguous,\n            5 timed out\n",
          to);
}

void kith_cli_print_help(const struct kith_cli *cli,
                         const struct kith_cli_command *command, FILE *to)
{
    if (command == NULL)
        print_program(cli, to);
    else
        print_command(command, to);
}

static void print_config(FILE *to)
{
    fputs(
        "Every knob is a flag of `kith up`, an environment variable (KITH_ and its name "
        "in\ncapitals; commas between several values), and a line `knob = value` of "
        "kith.conf\nin the home or in $XDG_CONFIG_HOME/kith (~/.config/kith). The first "
        "of these that\nnames a knob decides it.\n\nknobs:\n",
        to);
    for (const struct kith_knob *knob = kith_knobs; knob->name != NULL; knob++) {
        char left[80];
        char variable[KITH_KNOB_VARIABLE_SIZE];
        kith_knob_variable(knob, variable);
        snprintf(left, sizeof(left), "%s =", knob->name);
        print_row(to, left, knob->value, knob->summary, knob->fallback);
        fprintf(to, "%*s%s\n", COLUMN, "", variable);
    }
    fputs(
        "\nThe passphrase of the network is no knob: KITH_NETWORK_PASSPHRASE in the "
        "environment,\nthe file above, or `kith up --passphrase`, which asks for it.\n"
        "\nkith.conf has no sections; comments (# or ;) need a line of their own; a line "
        "holds at\nmost 199 bytes.\n",
        to);
}

/* ---- JSON ---- */

static json_t *command_json(const struct kith_cli_command *command)
{
    json_t *options = json_array();
    struct kith_cli_option option;
    for (size_t i = 0; kith_cli_option_at(command, i, &option); i++)
        json_array_append_new(options,
                              json_pack("{s:s, s:s?, s:s, s:b}", "name", option.name,
                                        "value", option.value, "summary", option.summary,
                                        "list", (int)option.is_list));
    return json_pack("{s:s, s:s, s:s, s:s?, s:o}", "name", command->name, "usage",
                     command->usage, "summary", command->summary, "detail",
                     command->detail, "options", options);
}

/* A line per command, or the one named. */
static int print_json(const struct kith_cli *cli, const struct kith_cli_command *only)
{
    for (size_t i = 0; i < cli->command_count; i++) {
        if (only != NULL && cli->commands[i] != only)
            continue;
        json_t *line = command_json(cli->commands[i]);
        if (line == NULL)
            return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
        json_dumpf(line, cli->out, JSON_COMPACT);
        fputc('\n', cli->out);
        json_decref(line);
    }
    return KITH_EXIT_DONE;
}

static int print_json_config(const struct kith_cli *cli)
{
    for (const struct kith_knob *knob = kith_knobs; knob->name != NULL; knob++) {
        char variable[KITH_KNOB_VARIABLE_SIZE];
        kith_knob_variable(knob, variable);
        json_t *line =
            json_pack("{s:s, s:s, s:s, s:s, s:s?, s:b}", "knob", knob->name, "value",
                      knob->value, "variable", variable, "summary", knob->summary,
                      "default", knob->fallback, "list", knob->kind == KITH_KNOB_LIST);
        if (line == NULL)
            return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
        json_dumpf(line, cli->out, JSON_COMPACT);
        fputc('\n', cli->out);
        json_decref(line);
    }
    return KITH_EXIT_DONE;
}

static int unknown(const struct kith_cli *cli, const char *typed)
{
    struct kith_suggest suggest;
    kith_suggest_init(&suggest, typed);
    for (size_t i = 0; i < cli->command_count; i++)
        kith_suggest_offer(&suggest, cli->commands[i]->name);
    kith_suggest_offer(&suggest, "config");
    if (suggest.best == NULL)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "there is no command '%s'", typed);
    return kith_cli_fail(cli, KITH_EXIT_USAGE,
                         "there is no command '%s'; did you mean '%s'?", typed,
                         suggest.best);
}

static int run(struct kith_cli *cli)
{
    const struct kith_cli_command *command = NULL;
    if (cli->arg_count == 1 && strcmp(cli->args[0], "config") == 0) {
        if (cli->is_json)
            return print_json_config(cli);
        print_config(cli->out);
        return KITH_EXIT_DONE;
    }
    if (cli->arg_count == 1) {
        command = kith_cli_command_find(cli->commands, cli->command_count, cli->args[0]);
        if (command == NULL)
            return unknown(cli, cli->args[0]);
    }
    if (cli->is_json)
        return print_json(cli, command);
    kith_cli_print_help(cli, command, cli->out);
    return KITH_EXIT_DONE;
}

const struct kith_cli_command kith_cli_help = {
    .name = "help",
    .summary = "tell what a command does and takes",
    .usage = "[COMMAND|config]",
    .args_max = 1,
    .run = run,
};
