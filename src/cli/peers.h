/* SPDX-License-Identifier: MIT */
/* Peers as a table, or with --json as objects, for the commands that list some. */
#ifndef KITH_CLI_PEERS_H
#define KITH_CLI_PEERS_H

#include "cli/command.h"

/* GET `path`, whose answer has a list of peers as `member`; `nobody` is said where it is
 * empty. Returns the exit code, having said what went wrong. */
int kith_cli_list_peers(struct kith_cli *cli, const char *path, const char *member,
                        const char *nobody);

#endif
