/* SPDX-License-Identifier: MIT */
/* What was typed, taken apart: options, the command's name, its arguments. */
#ifndef KITH_CLI_PARSE_H
#define KITH_CLI_PARSE_H

#include "cli/command.h"

#define KITH_CLI_WHY_SIZE 512

enum kith_cli_wish { /* what to do instead of running the command */
                     KITH_WISH_RUN,
                     KITH_WISH_HELP,    /* --help or -h */
                     KITH_WISH_VERSION, /* --version */
};

struct kith_cli_parsed {
    const struct kith_cli_command *command; /* NULL: none was named */
    enum kith_cli_wish wish;
    const char *home; /* of --home; NULL when not given */
    bool is_json;
    const char **args; /* owned array of borrowed strings */
    size_t arg_count;
    struct kith_cli_given *given; /* owned array */
    size_t given_count;
};

/* Options that every command takes: home, json, help. */
extern const struct kith_cli_option kith_cli_common[];

/* Returns 0, KITH_ENOMEM, or KITH_EINVALID with a sentence in `why`, and then `command`
 * is still set where one was recognised. `out` is to be deinitialised either way. */
int kith_cli_parse(const struct kith_cli_command *const *commands, size_t command_count,
                   int argc, const char *const *argv, struct kith_cli_parsed *out,
                   char why[static KITH_CLI_WHY_SIZE]);
void kith_cli_parsed_deinit(struct kith_cli_parsed *parsed);

/* NULL when there is none of that name. */
const struct kith_cli_command *kith_cli_command_find(
    const struct kith_cli_command *const *commands, size_t count, const char *name);

#endif
