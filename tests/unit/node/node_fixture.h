/* SPDX-License-Identifier: MIT */
/* Runtimes on one loop, each in a home of its own below one temporary directory. */
#ifndef TESTS_UNIT_NODE_FIXTURE_H
#define TESTS_UNIT_NODE_FIXTURE_H

#include "lib/unit.h"
#include "node/runtime.h"

#define NODES_MAX 3

struct fixture {
    char directory[64];
    uv_loop_t loop;
    uv_timer_t patience;
    struct kith_runtime *nodes[NODES_MAX];
    struct kith_logger log;
};

int setup_directory(void **state); /* the fixture alone, with its empty directory */
int setup_nodes(void **state);     /* and "alice" (0) and "bob" (1), who dials her */
int teardown(void **state);

/* Start node `index` in home "n<index>", listening on a free loopback port. `peer` is the
 * index of a node to dial, or -1. */
void start_node(struct fixture *f, size_t index, const char *name, int peer);
/* Listening where one listened before; dialling where nobody may be. */
void start_node_at(struct fixture *f, size_t index, const char *name,
                   const struct kith_address *listen);
void start_node_dialling(struct fixture *f, size_t index, const char *name,
                         const struct kith_address *peer);
void stop_node(struct fixture *f, size_t index);

/* The port it listens on. */
struct kith_address address_of(const struct fixture *f, size_t index);

/* Turn the loop until the condition holds; fails the test after a generous while. */
void run_until(struct fixture *f, bool (*is_done)(void *ctx), void *ctx);

/* Turn the loop until both know each other to be online. */
void run_until_linked(struct fixture *f);

/* What was said, as far as it is in the home of a node that does not run. */
size_t count_messages(const struct fixture *f, size_t index);

/* HOME of node `index`, or with a file's name behind it; static. */
const char *path_of(const struct fixture *f, size_t index, const char *file);

#endif
