/* SPDX-License-Identifier: MIT */
/* The reference for a server of many: bare TCP connections over loopback to a process
 * that writes back what it reads, one loop with epoll on each side. */
#ifndef KITH_BENCH_RAW_ECHO_H
#define KITH_BENCH_RAW_ECHO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_echo {
    pid_t child;
    int poll;
    int *fds; /* owned */
    size_t count;
};

void bench_echo_open(struct bench_echo *echo, size_t connections);
void bench_echo_close(struct bench_echo *echo);

/* Keep `in_flight` frames of `size` bytes under way on each connection, for `seconds`.
 * Returns how many came back. */
uint64_t bench_echo_run(struct bench_echo *echo, size_t size, unsigned in_flight,
                        double seconds);

#endif
