/* SPDX-License-Identifier: MIT */
/* Links that are enough to meet: `kith connect` and `kith join` take them too. */
#ifndef KITH_CLI_INVITE_H
#define KITH_CLI_INVITE_H

#include "cli/command.h"

bool kith_cli_is_invite(const char *text);

/* Do what it says, and tell. Returns the exit code. */
int kith_cli_accept(struct kith_cli *cli, const char *link);

#endif
