/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/completions.h"
#include "cli/option.h"

static const char head[] =
    "#compdef kith\n"
    "# zsh completion for kith; made by `kith completions zsh`\n"
    "\n"
    "# Peers choose their names: compadd quotes them.\n"
    "_kith_targets() {\n"
    "    local -a targets home\n"
    "    [[ -n ${opt_args[--home]} ]] && home=(--home ${(Q)opt_args[--home]})\n"
    "    targets=(\"${(@f)$(kith completions targets $home 2>/dev/null)}\")\n"
    "    compadd -- \"${(@)targets}\"\n"
    "}\n"
    "\n";

/* Inside single quotes, with `special` characters escaped for _arguments. */
static void print_text(FILE *to, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr(special, *text))
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void print_action(FILE *to, const struct kith_cli_value *value)
{
    if (value->is_target)
        fputs("_kith_targets", to);
    else if (value->is_command)
        fputs("_kith_commands", to);
    else if (value->is_file)
        fputs("_files", to);
    else if (value->is_directory)
        fputs("_files -/", to);
    else if (value->words[0])
        fprintf(to, "(%s)", value->words);
}

static void print_option(FILE *to, const struct kith_cli_option *option)
{
    fprintf(to, " \\\n            '%s--%s[", option->is_list ? "*" : "", option->name);
    print_text(to, option->summary, "[]\\");
    fputc(']', to);
    if (option->value) {
        struct kith_cli_value value = kith_cli_value_of_option(option);
        fputc(':', to);
        print_text(to, option->value, ":\\");
        fputc(':', to);
        print_action(to, &value);
    }
    fputc('\'', to);
}

static void print_command(FILE *to, const struct kith_cli_command *command)
{
    struct kith_cli_option option;
    struct kith_cli_value value = kith_cli_value_of_argument(command);
    fprintf(to, "        %s)\n        _arguments", command->name);
    for (size_t at = 0; kith_cli_option_at(command, at, &option); at++)
        print_option(to, &option);
    if (command->args_max > 0) {
        fputs(" \\\n            '1:argument:", to);
        print_action(to, &value);
        fputs("' '*: :'", to);
    }
    fputs(" ;;\n", to);
}

void kith_completions_zsh(const struct kith_cli *cli)
{
    FILE *to = cli->out;
    struct kith_cli_option option;
    fputs(head, to);
    fputs("_kith_commands() {\n    local -a commands\n    commands=(\n", to);
    for (size_t i = 0; i < cli->command_count; i++) {
        fprintf(to, "        '%s:", cli->commands[i]->name);
        print_text(to, cli->commands[i]->summary, ":\\");
        fputs("'\n", to);
    }
    fputs("    )\n    _describe command commands\n}\n\n"
          "_kith() {\n    local curcontext=$curcontext state line\n"
          "    typeset -A opt_args\n    _arguments -C",
          to);
    for (size_t at = 0; kith_cli_option_at(NULL, at, &option); at++)
        print_option(to, &option);
    fputs(" \\\n            '--version[tell which kith this is]' \\\n"
          "            '1:command:_kith_commands' '*::argument:->argument'\n"
          "    [[ $state == argument ]] || return\n"
          "    case $words[1] in\n",
          to);
    for (size_t i = 0; i < cli->command_count; i++)
        print_command(to, cli->commands[i]);
    fputs("    esac\n}\n\n_kith \"$@\"\n", to);
}
