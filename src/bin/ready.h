/* SPDX-License-Identifier: MIT */
/* The one line that `kith up` prints when the node is ready. */
#ifndef KITH_BIN_READY_H
#define KITH_BIN_READY_H

#include "cli/command.h"
#include "node/runtime.h"

/* Printed and flushed. `http` is where programs may ask (NULL: only the socket). False
 * when it could not be written. */
bool kith_ready_print(const struct kith_cli *cli, const struct kith_runtime *runtime,
                      const char *http);

#endif
