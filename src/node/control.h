/* SPDX-License-Identifier: MIT */
/* The control API's socket in the home: made and listening, for whoever serves it. */
#ifndef KITH_NODE_CONTROL_H
#define KITH_NODE_CONTROL_H

#include "node/problem.h"

/* Bind HOME/control (mode 0600), however long the path, and listen. One left over from a
 * process that died is replaced: the caller holds the home's lock. `*out_fd` does not
 * block and closes on exec. Returns 0 or a named error, explained. */
int kith_control_listen(const char *home, int *out_fd, struct kith_problem *problem);

/* Take the name away again. */
void kith_control_remove(const char *home);

#endif
