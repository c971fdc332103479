/* SPDX-License-Identifier: MIT */
#include "cli/completions.h"
#include "cli/option.h"

static void print_quoted(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', to);
        fputc(*text, to);
    }
    fputc('\'', to);
}

/* What may stand there; fish quotes what is chosen. */
static void print_value(const struct kith_cli *cli, const struct kith_cli_value *value)
{
    FILE *to = cli->out;
    if (value->is_file)
        fputs(" -F", to);
    if (value->is_directory)
        fputs(" -a '(__fish_complete_directories (commandline -ct))'", to);
    if (value->is_target)
        fputs(" -a '(kith completions targets 2>/dev/null)'", to);
    if (value->words[0] || value->is_command) {
        fprintf(to, " -a '%s", value->words);
        for (size_t i = 0; value->is_command && i < cli->command_count; i++)
            fprintf(to, " %s", cli->commands[i]->name);
        fputs("'", to);
    }
}

static void print_option(const struct kith_cli *cli, const struct kith_cli_option *option)
{
    struct kith_cli_value value = kith_cli_value_of_option(option);
    fprintf(cli->out, " -l %s%s -d ", option->name,
            !option->value  ? ""
            : value.is_file ? " -r"
                            : " -x");
    print_quoted(cli->out, option->summary);
    print_value(cli, &value);
    fputc('\n', cli->out);
}

static void print_command(const struct kith_cli *cli,
                          const struct kith_cli_command *command)
{
    struct kith_cli_option option, common;
    struct kith_cli_value value = kith_cli_value_of_argument(command);
    size_t common_count = 0, count = 0;
    while (kith_cli_option_at(NULL, common_count, &common))
        common_count++;
    while (kith_cli_option_at(command, count, &option))
        count++;
    fprintf(cli->out, "complete -c kith -n __fish_use_subcommand -a %s -d ",
            command->name);
    print_quoted(cli->out, command->summary);
    fputc('\n', cli->out);
    for (size_t at = 0; at < count - common_count; at++) {
        kith_cli_option_at(command, at, &option);
        fprintf(cli->out, "complete -c kith -n '__fish_seen_subcommand_from %s'",
                command->name);
        print_option(cli, &option);
    }
    if (value.is_file || value.is_directory || value.is_target || value.is_command ||
        value.words[0]) {
        fprintf(cli->out, "complete -c kith -n '__fish_seen_subcommand_from %s'",
                command->name);
        print_value(cli, &value);
        fputc('\n', cli->out);
    }
}

void kith_completions_fish(const struct kith_cli *cli)
{
    struct kith_cli_option option;
    fputs("# fish completion for kith; made by `kith completions fish`\n\n"
          "complete -c kith -f\n",
          cli->out);
    for (size_t at = 0; kith_cli_option_at(NULL, at, &option); at++) {
        fputs("complete -c kith", cli->out);
        print_option(cli, &option);
    }
    fputs("complete -c kith -n __fish_use_subcommand -l version "
          "-d 'tell which kith this is'\n",
          cli->out);
    for (size_t i = 0; i < cli->command_count; i++)
        print_command(cli, cli->commands[i]);
}
