/* SPDX-License-Identifier: MIT */
/* Messages of 100 bytes, as fast as a node takes them. */
#ifndef KITH_BENCH_POUR_H
#define KITH_BENCH_POUR_H

#include "control.h"

#define BENCH_POUR_BLOCK 4000

/* Have all of them stored: by one batch, so that as many as fit share a run. `count` is a
 * multiple of BENCH_POUR_BLOCK. */
void bench_pour(struct bench_control *control, const char *to, size_t count);

#endif
