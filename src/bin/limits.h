/* SPDX-License-Identifier: MIT */
/* What the process is allowed to use. */
#ifndef KITH_BIN_LIMITS_H
#define KITH_BIN_LIMITS_H

#include "cli/command.h"

#define KITH_FILES_MAX 65536 /* KITH_LINKS_MAX and as many clients, many times over */
#define KITH_FILES_MIN                                                                   \
    32 /* a node alone has some 20, and wants to be linked and asked                     \
        */

/* Descriptors up to the hard limit, at most KITH_FILES_MAX. Returns the exit code, having
 * said so if there are less than KITH_FILES_MIN. */
int kith_limits_raise_files(struct kith_cli *cli);

/* One worker a core, unless UV_THREADPOOL_SIZE says otherwise. Before libuv's first job.
 */
void kith_limits_size_pool(void);

#endif
