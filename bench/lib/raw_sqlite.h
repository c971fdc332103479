/* SPDX-License-Identifier: MIT */
/* The reference for all that stores: raw SQLite that writes the same tables.
 *
 * Raw means prepared statements, the store's own tables, WAL without waiting for the disk
 * (as the store has it), and nothing else. The reference is SQLite as it comes, which
 * moves its log into the database every thousand pages within a commit. Without any
 * checkpoint it is faster still; no program can keep that up, so it is only shown. */
#ifndef KITH_BENCH_RAW_SQLITE_H
#define KITH_BENCH_RAW_SQLITE_H

#include <stdbool.h>
#include <stddef.h>

#include "sample.h"

#define BENCH_EVENTS_A_COMMIT 1000 /* of the reference for bulk */

struct bench_sqlite_case {
    size_t events;
    size_t a_commit; /* events */
    bool never_checkpoints;
};

/* Write into a database of its own; events a second. `out_read` (may be NULL) gets how
 * fast they are read back. */
double bench_sqlite_write(const struct bench_sqlite_case *what,
                          struct bench_sample *sample, double *out_read);

#endif
