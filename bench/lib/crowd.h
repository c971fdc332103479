/* SPDX-License-Identifier: MIT */
/* Many peers of one tracker, all in this process: each has a key, a connection, a name
 * and address records of its own, and registers. They do what real ones do to the
 * tracker, and keep nothing of what it tells them. Until all are there, whatever ends one
 * of them ends the benchmark. */
#ifndef KITH_BENCH_CROWD_H
#define KITH_BENCH_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "net/conn.h"
#include "proto/tracker.h"

/* Dials under way: below what a tracker lets one host have unproven. */
#define BENCH_CROWD_DIALLING_MAX 256

struct bench_member {
    struct kith_tls_identity *identity; /* lives as long as the process */
    struct kith_conn *conn;             /* NULL: not dialled yet */
    struct kith_id id;
    unsigned in_flight; /* PINGs without a PONG */
    bool is_welcome;
};

struct bench_crowd_config {
    const char *address; /* of the tracker, `IPv4:port` */
    size_t count;
    size_t network_size;   /* so many are in one network, the next ones in another */
    uint8_t first_network; /* crowds that differ here share none */
};

struct bench_crowd {
    uv_loop_t loop;
    uv_prepare_t turn;
    uv_timer_t tick;
    struct kith_conn_env env; /* its identity is that of the dial under way */
    struct sockaddr_storage to;
    struct kith_writer frames;
    struct bench_crowd_config config;
    struct bench_member *members; /* owned */
    size_t dialled, welcome;
    size_t next_refreshing, next_asking; /* in turn */
    double begin_s;
    uint64_t ponged;
    uint64_t told;     /* PEERS unasked */
    size_t refilled;   /* links, the first ones, that: */
    unsigned refill;   /* PINGs to have in flight again once a PONG has come */
    uint64_t answered; /* the token of the last LOOKUP answered */
    size_t candidates; /* of that answer */
};

/* Makes all keys. `crowd` and the config's address stay where they are. */
void bench_crowd_open(struct bench_crowd *crowd, const struct bench_crowd_config *config);

/* All dial, as fast as they can, and register; until every one has been welcomed. */
void bench_crowd_arrive(struct bench_crowd *crowd);

/* Until nobody has been told news for a second. */
void bench_crowd_settle(struct bench_crowd *crowd);

/* Let `links` of them refresh for `seconds`, always with `in_flight` PINGs of each under
 * way. Returns how many were answered in that time. */
uint64_t bench_crowd_refresh(struct bench_crowd *crowd, size_t links, unsigned in_flight,
                             double seconds);

/* Send `per_s` refreshes a second, from all in turn, one each, until a byte comes from
 * `until`. Who still waits for an answer is passed over. Returns how many were answered a
 * second. */
double bench_crowd_pace(struct bench_crowd *crowd, double per_s, int until);

/* `count` look-ups, `every_us` apart, each by the next of the crowd for another of its
 * network: microseconds until the answer has come. */
void bench_crowd_look_up(struct bench_crowd *crowd, enum kith_lookup_by by,
                         unsigned every_us, double *out_us, size_t count);

#endif
