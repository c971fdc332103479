/* SPDX-License-Identifier: MIT */
/* The reference for one who tells many: bare TCP connections over loopback, to a process
 * that reads all of them and does nothing else. */
#ifndef KITH_BENCH_RAW_FAN_H
#define KITH_BENCH_RAW_FAN_H

#include <stdint.h>

/* Seconds until `bytes` have been read from each of `count` connections, written in turn
 * in blocks of 16 KiB. */
double bench_fan_write(unsigned count, uint64_t bytes);

#endif
