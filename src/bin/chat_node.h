/* SPDX-License-Identifier: MIT */
/* A node for as long as a chat runs: a process of its own that ends with this one,
 * however this one ends. */
#ifndef KITH_BIN_CHAT_NODE_H
#define KITH_BIN_CHAT_NODE_H

#include <sys/types.h>

#include "cli/command.h"

struct kith_chat_node {
    struct kith_cli *cli;         /* borrowed: home and flags */
    struct kith_cli_given *given; /* the flags, with room for one more */
    pid_t pid;                    /* 0: none runs */
    int log;                      /* in the child, until it is ready: what it logs */
};

/* Start it and wait until it is ready; 0, or the exit code, having said why. `ctx` is a
 * struct kith_chat_node. On a terminal a home that has no name yet is asked for one. */
int kith_chat_node_start(void *ctx);

/* Stop it, so that its peers are told, and wait for its end. */
void kith_chat_node_stop(void *ctx);

#endif
