/* SPDX-License-Identifier: MIT */
/* The chat in lines: on any terminal, in a pipe, with a screen reader. */
#ifndef KITH_CLI_CHAT_H
#define KITH_CLI_CHAT_H

#include "cli/command.h"

/* Where a node comes from when none runs on the home; the program has it. */
struct kith_chat_host {
    /* Returns 0 once the node is ready to be asked, or the exit code, having said what
     * went wrong. */
    int (*start)(void *ctx);
    void (*stop)(void *ctx); /* what was started, cleanly, and wait for its end */
    void *ctx;
};

/* Talk until the person leaves, the input ends or a signal says so; `--menu` is obeyed.
 * Returns the exit code. `cli->in` and `cli->out` are used by their descriptors. */
int kith_cli_chat(struct kith_cli *cli, const struct kith_chat_host *host);

#endif
