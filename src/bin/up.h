/* SPDX-License-Identifier: MIT */
/* Running the node, for the commands that do. */
#ifndef KITH_BIN_UP_H
#define KITH_BIN_UP_H

#include "cli/command.h"

/* What a node is started with that is no knob: rows of a command's options. */
#define KITH_UP_OPTIONS                                                                  \
    {"passphrase", NULL, "ask for the network's passphrase on the terminal", false},     \
        {"no-passphrase", NULL,                                                          \
         "the network has none; forget the one that was given before", false},           \
        {"no-lan", NULL, "send no beacons on the local network, and hear none", false},  \
    {                                                                                    \
        "no-port-mapping", NULL, "do not ask the router to hand the port on", false      \
    }

/* How the node leaves the foreground: `begin`, once the configuration is read and asked
 * for, forks, and is true in the parent, which then returns `*exit_code`; `ready` is for
 * the child, after the ready line, and has stderr lead to the log in the home. */
struct kith_up_shell {
    bool (*begin)(void *ctx, int *exit_code);
    void (*ready)(void *ctx, const char *home);
    void *ctx;
};

/* Read the configuration and run the node until it is told to stop; `shell` may be NULL.
 * Returns the exit code, having said what went wrong. */
int kith_up(struct kith_cli *cli, const struct kith_up_shell *shell);

/* Who is logged in; NULL when that cannot be told. */
const char *kith_up_login(void);

#endif
