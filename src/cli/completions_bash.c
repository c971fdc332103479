/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/completions.h"
#include "cli/option.h"

static const char head[] =
    "# bash completion for kith; made by `kith completions bash`\n"
    "\n"
    "_kith_words()\n"
    "{\n"
    "    local word\n"
    "    for word in \"$@\"; do\n"
    "        [[ $word == \"$current\"* ]] && COMPREPLY+=(\"$word\")\n"
    "    done\n"
    "}\n"
    "\n"
    "# Peers choose their names: each is quoted, and nothing of it is evaluated.\n"
    "_kith_targets()\n"
    "{\n"
    "    local target typed=${current//\\\\/}\n"
    "    typed=${typed#[\\\"\\']}\n"
    "    while IFS= read -r target; do\n"
    "        [[ $target == \"$typed\"* ]] && COMPREPLY+=(\"$(printf %q \"$target\")\")\n"
    "    done < <(kith completions targets \"${home[@]}\" 2>/dev/null)\n"
    "}\n"
    "\n"
    "_kith_files()\n"
    "{\n"
    "    local file\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r file; do\n"
    "        COMPREPLY+=(\"$file\")\n"
    "    done < <(compgen \"$1\" -- \"$current\")\n"
    "}\n"
    "\n"
    "_kith()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command= count=0 i word\n"
    "    local -a home=()\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        case $word in\n"
    "        --home) home=(--home \"${COMP_WORDS[i + 1]/#\\~\\//$HOME/}\") && ((++i)) "
    ";;\n";

static const char middle[] =
    "        -*) ;;\n"
    "        *) if [[ -z $command ]]; then command=$word; else ((++count)); fi ;;\n"
    "        esac\n"
    "    done\n";

/* What is offered, as commands of the shell; nothing when nothing is known. */
static void print_value(const struct kith_cli *cli, const struct kith_cli_value *value)
{
    FILE *to = cli->out;
    if (value->words[0] || value->is_command)
        fprintf(to, " _kith_words%s%s", value->words[0] ? " " : "", value->words);
    for (size_t i = 0; value->is_command && i < cli->command_count; i++)
        fprintf(to, " %s", cli->commands[i]->name);
    if (value->words[0] || value->is_command)
        fputc(';', to);
    if (value->is_target)
        fputs(" _kith_targets;", to);
    if (value->is_file)
        fputs(" _kith_files -f;", to);
    if (value->is_directory)
        fputs(" _kith_files -d;", to);
}

static bool takes(const struct kith_cli_command *command, const char *name)
{
    struct kith_cli_option option;
    for (size_t at = 0; kith_cli_option_at(command, at, &option); at++)
        if (strcmp(option.name, name) == 0)
            return true;
    return false;
}

static bool is_taken_before(const struct kith_cli *cli, size_t index, const char *name)
{
    for (size_t i = 0; i < index; i++)
        if (takes(cli->commands[i], name))
            return true;
    return takes(NULL, name);
}

/* What stands behind these is no argument, whatever the command. */
static void print_options_with_value(const struct kith_cli *cli)
{
    struct kith_cli_option option;
    const char *between = "        ";
    for (size_t i = 0; i < cli->command_count; i++)
        for (size_t at = 0; kith_cli_option_at(cli->commands[i], at, &option); at++) {
            if (!option.value || is_taken_before(cli, i, option.name))
                continue;
            fprintf(cli->out, "%s--%s", between, option.name);
            between = " | ";
        }
    fputs(") ((++i)) ;;\n", cli->out);
}

static void print_option_values(const struct kith_cli *cli)
{
    struct kith_cli_option option;
    fputs("    case $command:$previous in\n    *:--home) _kith_files -d; return ;;\n",
          cli->out);
    for (size_t i = 0; i < cli->command_count; i++)
        for (size_t at = 0; kith_cli_option_at(cli->commands[i], at, &option); at++) {
            struct kith_cli_value value = kith_cli_value_of_option(&option);
            if (!option.value || takes(NULL, option.name))
                continue;
            fprintf(cli->out, "    %s:--%s)", cli->commands[i]->name, option.name);
            print_value(cli, &value);
            fputs(" return ;;\n", cli->out);
        }
    fputs("    esac\n", cli->out);
}

static void print_options(FILE *to, const struct kith_cli_command *command)
{
    struct kith_cli_option option;
    fprintf(to, "    %s:*:-*) _kith_words", command ? command->name : "");
    for (size_t at = 0; kith_cli_option_at(command, at, &option); at++)
        fprintf(to, " --%s", option.name);
    fputs(command ? " ;;\n" : " --version ;;\n", to);
}

static void print_arguments(const struct kith_cli *cli)
{
    struct kith_cli_value commands = {.is_command = true};
    fputs("    case $command:$count:$current in\n", cli->out);
    print_options(cli->out, NULL);
    for (size_t i = 0; i < cli->command_count; i++)
        print_options(cli->out, cli->commands[i]);
    fputs("    :*)", cli->out);
    print_value(cli, &commands);
    fputs(" ;;\n", cli->out);
    for (size_t i = 0; i < cli->command_count; i++) {
        struct kith_cli_value value = kith_cli_value_of_argument(cli->commands[i]);
        fprintf(cli->out, "    %s:0:*)", cli->commands[i]->name);
        print_value(cli, &value);
        fputs(" ;;\n", cli->out);
    }
    fputs("    esac\n}\n\ncomplete -F _kith kith\n", cli->out);
}

void kith_completions_bash(const struct kith_cli *cli)
{
    fputs(head, cli->out);
    print_options_with_value(cli);
    fputs(middle, cli->out);
    print_option_values(cli);
    print_arguments(cli);
}
