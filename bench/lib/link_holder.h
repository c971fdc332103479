/* SPDX-License-Identifier: MIT */
/* The far ends of many links to one node, all in one process: each comes with an identity
 * of its own, is greeted, shares the lobby and the direct room, answers PINGs, decrypts
 * and counts what it is sent, and says nothing of itself. */
#ifndef KITH_BENCH_LINK_HOLDER_H
#define KITH_BENCH_LINK_HOLDER_H

#include <sys/types.h>

#include "node_process.h"

/* What one link has brought. */
struct bench_heard {
    volatile uint64_t messages;
    volatile uint64_t bytes; /* of the frames they came in, before encryption */
};

struct bench_links {
    pid_t pid; /* of the process that holds them */
    unsigned count;
    struct bench_heard *heard; /* of each link; shared with that process */
    int go;
    int ready;
};

/* A process that has all it needs for `count` links to `node`, has it begin, and wait
 * until the last one lives. They are made one after the other. */
void bench_links_prepare(struct bench_links *links, const struct bench_node *node,
                         unsigned count);
void bench_links_begin(struct bench_links *links);
void bench_links_await(struct bench_links *links);

/* All three. */
void bench_links_start(struct bench_links *links, const struct bench_node *node,
                       unsigned count);

void bench_links_stop(struct bench_links *links);

#endif
