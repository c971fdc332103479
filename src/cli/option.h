/* SPDX-License-Identifier: MIT */
/* What a command takes, for those who tell of it: help, completions, manual pages. */
#ifndef KITH_CLI_OPTION_H
#define KITH_CLI_OPTION_H

#include "cli/command.h"

#define KITH_CLI_WORDS_SIZE 128 /* of the literal words that one value may be */

/* The index-th option of a command: the knobs it takes, its own, those that every command
 * takes. False past the last. `command` NULL: only the last ones. */
bool kith_cli_option_at(const struct kith_cli_command *command, size_t index,
                        struct kith_cli_option *out);

/* What may stand for a value or an argument. */
struct kith_cli_value {
    bool is_file;
    bool is_directory;
    bool is_target; /* a peer or a room */
    bool is_command;
    char words[KITH_CLI_WORDS_SIZE]; /* literal ones, with a space between each */
};

/* Of an option, from what stands for it in the help: "FILE", "yes|no", "SECONDS". */
struct kith_cli_value kith_cli_value_of_option(const struct kith_cli_option *option);

/* Of a command's first argument, from its usage: "TARGET [TEXT…]", "new [NAME] | show",
 * "[COMMAND|config]". */
struct kith_cli_value kith_cli_value_of_argument(const struct kith_cli_command *command);

#endif
