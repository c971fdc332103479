/* SPDX-License-Identifier: MIT */
/* The one line that `kith up` prints when the node is ready. */
#ifndef KITH_BIN_READY_H
#define KITH_BIN_READY_H

#include "cli/command.h"
#include "node/runtime.h"

struct kith_ready {
    const struct kith_runtime *runtime;
    const char *http; /* where programs ask; NULL: only through the socket */
    const char *page; /* its address with a code; NULL: not asked for */
};

/* Printed and flushed. False when it could not be written. */
bool kith_ready_print(const struct kith_cli *cli, const struct kith_ready *ready);

#endif
