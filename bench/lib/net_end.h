/* SPDX-License-Identifier: MIT */
/* An end of links for benchmarks: a net on a loop of its own, run as in a node, with one
 * flush a turn. What it sends asks the other end to echo, to swallow or to answer. */
#ifndef KITH_BENCH_NET_END_H
#define KITH_BENCH_NET_END_H

#include <sys/types.h>

#include "net/net.h"

#define BENCH_END_PREFIX     KITH_NET_FRAME_PREFIX_SIZE
#define BENCH_END_PING_SIZE  100
#define BENCH_END_LINKS_MAX  1010
#define BENCH_END_BATCH_SIZE 65536         /* queued in one turn */
#define BENCH_END_QUEUE_HIGH (1024 * 1024) /* the sender waits above this */

/* What the first byte of a frame asks the other end for. */
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

/* Who 0 dials and 1 serves; their secrets and ids. `ticket` (may be NULL) is the handler
 * of tickets, with `end` as its context. */
extern const uint8_t bench_end_seeds[2][KITH_NET_SEED_SIZE];
extern const struct kith_id bench_end_ids[2];
void bench_end_open(struct bench_end *end, int who,
                    void (*ticket)(void *ctx, const uint8_t *ticket, int take_fd));

/* A process that serves, on any port of 127.0.0.1. */
pid_t bench_end_serve(struct kith_address *out_at);

/* A process that serves one link, and dials for it. */
pid_t bench_end_serve_dialled(const struct kith_net_target *target);

void bench_end_turn_until(struct bench_end *end, const size_t *value, size_t wanted);

/* Make a link, to who serves there or as the target says, and wait until it is up. */
void bench_end_link(struct bench_end *end, const struct kith_address *at);
void bench_end_dial(struct bench_end *end, const struct kith_net_target *target);

/* Room for BENCH_END_PREFIX more than `size`. */
void bench_end_fill_frame(uint8_t *frame, size_t size, uint8_t ask);

/* `count` frames of BENCH_END_PING_SIZE there and back, microseconds each. */
void bench_end_ping(struct bench_end *end, double *out_us, size_t count);

/* Seconds to bring `bytes` across, in frames of `size`. */
double bench_end_stream(struct bench_end *end, size_t size, uint64_t bytes);

#endif
