/* SPDX-License-Identifier: MIT */
/* An end of links: a net that runs as in a node, one flush a turn, and says to the other
 * end what bench_tcp says over raw TCP. */
#ifndef KITH_BENCH_NET_END_H
#define KITH_BENCH_NET_END_H

#include <sys/types.h>

#include "net/net.h"
#include "raw_tcp.h"

/* What the first byte of a frame asks the other end for: its echo, nothing, or its echo
 * as the answer to all before. */
enum { BENCH_ASK_ECHO = 'e', BENCH_ASK_NOTHING = 's', BENCH_ASK_ANSWER = 'l' };

struct bench_end {
    uv_loop_t loop;
    uv_prepare_t turn;
    struct kith_net *net;
    struct kith_address at;
    kith_link_no link; /* the last that came up */
    size_t ups;
    size_t downs;
    size_t frames;
    bool is_server;
};

/* Of RFC 8032: that of who dials, that of the server. */
extern const uint8_t bench_end_seeds[2][32];
extern const struct kith_id bench_end_ids[2];

void bench_end_open(struct bench_end *end, int who);

/* A server in a process of its own, on a port of 127.0.0.1. */
pid_t bench_end_serve(struct kith_address *out_at);

/* Run the loop until `value`, one of the end's counts, has come so far. */
void bench_end_turn_until(struct bench_end *end, const size_t *value, size_t wanted);

/* Link to the server there. */
void bench_end_link(struct bench_end *end, const struct kith_address *at);

/* A frame to be sent: its length, what it asks for, and nothing much. */
void bench_end_fill(uint8_t *frame, size_t size, uint8_t ask);

/* `count` pings of BENCH_PING_SIZE bytes and their echoes, microseconds each. */
void bench_end_ping(struct bench_end *end, double *out_us, size_t count);

/* Seconds to bring `bytes` across in frames of `size`, the answer to the last included.
 */
double bench_end_stream(struct bench_end *end, size_t size, uint64_t bytes);

#endif
