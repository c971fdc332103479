/* SPDX-License-Identifier: MIT */
/* A copy of a database as it was at one moment, for backups; and taking one into use.
 *
 * Both have connections of their own, so any thread or process may call them, also while
 * a node writes to the database. */
#ifndef KITH_STORE_SNAPSHOT_H
#define KITH_STORE_SNAPSHOT_H

#include <stdbool.h>

/* Copy the database `path`. The copy passes through a file of its own beside it, whose
 * name is taken away again as soon as it is open, before anything is in it. `*out` is its
 * descriptor, at the beginning, to be closed. Nothing of it was synced.
 *
 * The original is read within one transaction, first to see whether it is whole (not
 * where `takes_damaged`), then page by page: writers go on, and meanwhile only its
 * write-ahead log grows.
 *
 * KITH_ENOTFOUND: no database. KITH_ECORRUPT: damaged, or not kith's. KITH_EFULL,
 * KITH_EREADONLY, KITH_ENOMEM, KITH_EIO. `detail` (KITH_STORE_DETAIL_SIZE bytes) then has
 * one clause. */
int kith_snapshot_take(const char *path, bool takes_damaged, int *out, char *detail);

/* Make a copy that nobody has open the database of a home: it forgets where its logs were
 * written, so that none of them goes on, and gets a write-ahead log. Synced. Errors as
 * above. */
int kith_snapshot_adopt(const char *path, char *detail);

#endif
