/* SPDX-License-Identifier: MIT */
/* The reference for all that is sent: a blocking TCP connection over loopback to a
 * process that neither encrypts nor looks at what it reads. */
#ifndef KITH_BENCH_RAW_TCP_H
#define KITH_BENCH_RAW_TCP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_PING_SIZE 100

struct bench_tcp {
    int fd;
    pid_t child;
    pid_t forwarder; /* 0: there is none */
};

void bench_tcp_open(struct bench_tcp *tcp);

/* The same through a third process that does nothing but pass bytes on. */
void bench_tcp_open_forwarded(struct bench_tcp *tcp);

/* The far side of a connection that came about otherwise: does not return. */
_Noreturn void bench_tcp_serve(int fd);

void bench_tcp_close(struct bench_tcp *tcp);

/* `count` pings of BENCH_PING_SIZE bytes and their echoes, microseconds each. */
void bench_tcp_ping(struct bench_tcp *tcp, double *out_us, size_t count);

/* Seconds to bring `bytes` across, the answer to the last included. */
double bench_tcp_stream(struct bench_tcp *tcp, uint64_t bytes);

#endif
