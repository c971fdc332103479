/* SPDX-License-Identifier: MIT */
/* One process per home: a file that one process at a time holds locked.
 *
 * The lock goes with the process, however it dies, and does not depend on the database.
 * Its holder writes its number into the file for the message the next one prints. */
#ifndef KITH_STORE_LOCK_H
#define KITH_STORE_LOCK_H

#include <stddef.h>

/* `path` is the lock file, made if it is not there. `*out` is the descriptor to release.
 * KITH_ELOCKED, KITH_EREADONLY, KITH_EFULL, KITH_EIO; `detail` (detail_size bytes, may be
 * NULL) says more. */
int kith_lock_take(const char *path, int *out, char *detail, size_t detail_size);
void kith_lock_release(int lock); /* -1 is fine */

#endif
