/* SPDX-License-Identifier: MIT */
/* The control API's socket in the home: made and listening, for whoever serves it. */
#ifndef KITH_NODE_CONTROL_H
#define KITH_NODE_CONTROL_H

#include "node/problem.h"
#include <sys/types.h>

/* The socket's file, to know it again. Zero: there is none. */
struct kith_control {
    dev_t device;
    ino_t inode;
};

/* Bind HOME/control (mode 0600), however long the path, and listen. One left over from a
 * process that died is replaced: the caller holds the home's lock. `*out_fd` does not
 * block and closes on exec. Returns 0 or a named error, explained. */
int kith_control_listen(const char *home, struct kith_control *out, int *out_fd,
                        struct kith_problem *problem);

/* Take the name away again, unless it is of another socket: the home was moved, and in
 * its place is another one. */
void kith_control_remove(const char *home, const struct kith_control *control);

#endif
