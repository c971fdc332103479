/* SPDX-License-Identifier: MIT */
/* Memory that a process shares with those it forks later. */
#ifndef KITH_BENCH_SHARED_H
#define KITH_BENCH_SHARED_H

#include <stddef.h>

void *bench_shared_new(size_t size); /* zeroed */
void bench_shared_free(void *memory, size_t size);

#endif
