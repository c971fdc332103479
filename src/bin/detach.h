/* SPDX-License-Identifier: MIT */
/* Going on in the background: `kith up --detach` returns once the node is ready. */
#ifndef KITH_BIN_DETACH_H
#define KITH_BIN_DETACH_H

#include <stdbool.h>

struct kith_cli;

/* Fork. In the child, false: its standard output leads to the parent until
 * kith_detach_finish, no file is open but the standard ones, and the working directory is
 * the root. In the parent, true: what the child printed until then was passed
 * on, and `*exit_code` is 0, or the child's when it failed before; why was said. */
bool kith_detach_begin(struct kith_cli *cli, int *exit_code);

/* In the child, ready: let the parent go; standard input and output become /dev/null,
 * standard error the log in the home (begun anew), or /dev/null where it cannot be. */
void kith_detach_finish(const char *home);

#endif
