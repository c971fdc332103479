/* SPDX-License-Identifier: MIT */
/* The reference for links: the same TLS, in memory, with nothing around it. */
#ifndef KITH_BENCH_RAW_TLS_H
#define KITH_BENCH_RAW_TLS_H

#include <stdint.h>

/* Seconds of CPU that the listener's half of `count` handshakes takes, one after the
 * other. */
double bench_tls_handshakes(unsigned count);

/* Seconds of CPU to encrypt `bytes` for each of `count` sessions, a record of 16 KiB each
 * in turn. */
double bench_tls_encrypt(unsigned count, uint64_t bytes);

#endif
