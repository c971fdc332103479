/* SPDX-License-Identifier: MIT */
/* A home as if much had been said in it: core and store driven directly, with real
 * signatures and no network. */
#ifndef KITH_BENCH_HOME_FILLER_H
#define KITH_BENCH_HOME_FILLER_H

#include <stddef.h>

/* Make the home and say `events` messages of 100 bytes in the lobby, `runs_of` signed
 * together each time. */
void bench_home_fill(const char *home, size_t events, size_t runs_of);

#endif
