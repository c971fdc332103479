/* SPDX-License-Identifier: MIT */
/* What the process is allowed to use. */
#ifndef KITH_BIN_LIMITS_H
#define KITH_BIN_LIMITS_H

#define KITH_FILES_MAX 65536 /* KITH_LINKS_MAX and as many clients, many times over */

/* Descriptors up to the hard limit, at most KITH_FILES_MAX. Fewer will do too. */
void kith_limits_raise_files(void);

/* One worker a core, unless UV_THREADPOOL_SIZE says otherwise. Before libuv's first job.
 */
void kith_limits_size_pool(void);

#endif
