/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <stdarg.h>
#include <string.h>

#include "kith/error.h"

const char *kith_cli_value(const struct kith_cli *cli, const char *name)
{
    const char *last = NULL;
    for (size_t i = 0; i < cli->given_count; i++)
        if (strcmp(cli->given[i].name, name) == 0)
            last = cli->given[i].value;
    return last;
}

bool kith_cli_has(const struct kith_cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->given_count; i++)
        if (strcmp(cli->given[i].name, name) == 0)
            return true;
    return false;
}

const char *kith_cli_value_at(const struct kith_cli *cli, const char *name, size_t index)
{
    for (size_t i = 0; i < cli->given_count; i++)
        if (strcmp(cli->given[i].name, name) == 0 && index-- == 0)
            return cli->given[i].value;
    return NULL;
}

int kith_cli_fail(const struct kith_cli *cli, enum kith_exit exit_code,
                  const char *format, ...)
{
    fprintf(cli->err, cli->command == NULL ? "kith: " : "kith %s: ",
            cli->command == NULL ? "" : cli->command->name);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(cli->err, format, arguments);
    va_end(arguments);
    fputc('\n', cli->err);
    if (exit_code == KITH_EXIT_USAGE && cli->command != NULL)
        fprintf(cli->err, "`kith help %s` tells how to use it\n", cli->command->name);
    else if (exit_code == KITH_EXIT_USAGE)
        fputs("`kith help` lists what there is\n", cli->err);
    return exit_code;
}

enum kith_exit kith_cli_exit(int error)
{
    switch (error) {
    case KITH_OK:
        return KITH_EXIT_DONE;
    case KITH_ENONODE:
        return KITH_EXIT_NO_NODE;
    case KITH_ENOTFOUND:
    case KITH_EAMBIGUOUS:
        return KITH_EXIT_NOT_FOUND;
    case KITH_ETIMEDOUT:
        return KITH_EXIT_TIMED_OUT;
    case KITH_EINVALID:
    case KITH_ENAME:
    case KITH_EADDRESS:
        return KITH_EXIT_USAGE;
    default:
        return KITH_EXIT_FAILED;
    }
}
