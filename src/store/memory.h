/* SPDX-License-Identifier: MIT */
/* Memory for SQLite. Its search module believes a damaged index about how much it needs,
 * and would fill gigabytes with zeros; and its own counting of memory takes a lock for
 * each piece, a tenth of the time that storing takes. */
#ifndef KITH_STORE_MEMORY_H
#define KITH_STORE_MEMORY_H

#include <stdbool.h>

#define KITH_STORE_PIECE_MAX (64 * 1024 * 1024) /* its cache has 2 MiB, a value 1 MiB */

/* Before anything else of SQLite in this process, in one thread; where that came before,
 * it goes on as it was set up. May be repeated afterwards, from any thread. */
void kith_store_memory_set_up(void);

/* Was a piece above the limit asked for, in this thread, since this was asked last? Then
 * it is no lack of memory that SQLite complains of, but damage. */
bool kith_store_memory_was_refused(void);

#endif
