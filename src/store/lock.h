/* SPDX-License-Identifier: MIT */
/* One process per home: a file that one process at a time holds locked, and its folder.
 *
 * The locks go with the process, however it dies, and do not depend on the database. The
 * holder writes its number into the file for the message the next one prints. The folder
 * is there for those who delete the file, taking it for a relic: it stays locked. */
#ifndef KITH_STORE_LOCK_H
#define KITH_STORE_LOCK_H

#include <stddef.h>

struct kith_lock {
    int file;   /* descriptor, -1 when none */
    int folder; /* -1 also where the file system locks no folders */
};

#define KITH_LOCK_NONE ((struct kith_lock){-1, -1})

/* `path` is the lock file, made if it is not there; it names its folder. KITH_ELOCKED,
 * KITH_EREADONLY, KITH_EFULL, KITH_EIO; `detail` (detail_size bytes, may be NULL) says
 * more. */
int kith_lock_take(const char *path, struct kith_lock *out, char *detail,
                   size_t detail_size);
void kith_lock_release(struct kith_lock *lock); /* KITH_LOCK_NONE is fine, and left */

#endif
