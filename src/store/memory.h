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

/* Did memory run out in this thread since this was asked last? If not, SQLite complains
 * of a piece above the limit here, or above its own: then it read damage. True as well
 * where SQLite has its memory from elsewhere. */
bool kith_store_memory_ran_out(void);

#endif
