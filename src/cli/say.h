/* SPDX-License-Identifier: MIT */
/* Saying something: what send and broadcast share. */
#ifndef KITH_CLI_SAY_H
#define KITH_CLI_SAY_H

#include "cli/command.h"

/* Send the arguments from `first` on, or standard input when there are none, to `target`.
 * `--wait delivered` and `--timeout` are obeyed where the command has them. */
int kith_cli_say(struct kith_cli *cli, const char *target, size_t first);

#endif
