/* SPDX-License-Identifier: MIT */
/* The far ends of many links to one node, all in one process: each comes with an identity
 * of its own, is greeted, shares the lobby and the direct room, answers PINGs, and says
 * nothing of itself. */
#ifndef KITH_BENCH_LINK_HOLDER_H
#define KITH_BENCH_LINK_HOLDER_H

#include <sys/types.h>

#include "node_process.h"

/* Start a process that makes `count` links to `node`, and wait until the last one lives.
 */
pid_t bench_link_holder_start(const struct bench_node *node, unsigned count);

void bench_link_holder_stop(pid_t holder);

#endif
