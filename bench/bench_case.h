/* SPDX-License-Identifier: MIT */
/* The cases of bench_node, a file each. */
#ifndef KITH_BENCH_CASE_H
#define KITH_BENCH_CASE_H

#include "lib/control.h"
#include "lib/folder.h"
#include "lib/measure.h"
#include "lib/node_process.h"

struct bench_case {
    const char *name;
    void (*run)(const char *kith); /* path of the program */
};

extern const struct bench_case bench_case_start;
extern const struct bench_case bench_case_send;
extern const struct bench_case bench_case_idle;
extern const struct bench_case bench_case_links;
extern const struct bench_case bench_case_link_rate;
extern const struct bench_case bench_case_fan_out;
extern const struct bench_case bench_case_latency;
extern const struct bench_case bench_case_stream;
extern const struct bench_case bench_case_clients;
extern const struct bench_case bench_case_fetch_128; /* events a run */
extern const struct bench_case bench_case_fetch_16;
extern const struct bench_case bench_case_fetch_1;

/* Two nodes on homes of their own, b linked to a. */
struct bench_pair {
    struct bench_folder folder;
    struct bench_node a;
    struct bench_node b;
    double linked_s; /* from b's fork to their link */
};
void bench_pair_start(struct bench_pair *pair, const char *kith);
void bench_pair_stop(struct bench_pair *pair, double *out_cpu_a_s, double *out_cpu_b_s);

/* Read a stream until a peer has come online. */
void bench_wait_online(struct bench_control *stream);

#endif
