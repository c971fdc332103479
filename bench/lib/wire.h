/* SPDX-License-Identifier: MIT */
/* What a process's TCP connections have carried, as the kernel counts it. */
#ifndef KITH_BENCH_WIRE_H
#define KITH_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Sums over all that are up, both directions together. */
struct bench_wire {
    size_t connections;
    uint64_t payload_bytes; /* TLS records */
    uint64_t segments;      /* with bare acknowledgements */
};

/* Of a child, whose descriptors are ours to look at. */
struct bench_wire bench_wire_of(pid_t pid);

/* With the headers of IPv4 and TCP (with timestamps), without those of the link layer. */
double bench_wire_bytes(const struct bench_wire *wire);

#endif
