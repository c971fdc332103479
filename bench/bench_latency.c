/* SPDX-License-Identifier: MIT */
/* A message from a socket at one node to a stream at the other, committed on both. The
 * reference is a ping of 100 bytes over raw TCP, there and back. */
#include <stdio.h>

#include "bench_case.h"
#include "lib/raw_tcp.h"

#define MESSAGES 2000
#define WARM_UPS 50
#define ROUNDS   4 /* a quarter of the messages each, in turns with the reference */

#define EACH (MESSAGES / ROUNDS)

struct ends {
    struct bench_pair pair;
    struct bench_control sender;
    struct bench_control reader;
    char body[256];
};

static double send_one(struct ends *ends, bool is_kept_open)
{
    double begin = bench_now_s();
    if (!is_kept_open)
        bench_control_open(&ends->sender, ends->pair.a.home);
    bench_control_post(&ends->sender, "/messages", ends->body);
    bench_control_skip(&ends->reader, "message");
    double spent = bench_now_s() - begin;
    json_decref(bench_control_answer(&ends->sender));
    if (!is_kept_open)
        bench_control_close(&ends->sender);
    return spent * 1e6;
}

static void open_ends(struct ends *ends, const char *kith)
{
    bench_pair_start(&ends->pair, kith);
    bench_control_open(&ends->reader, ends->pair.b.home);
    bench_control_stream(&ends->reader, "/stream");
    snprintf(ends->body, sizeof ends->body, "{\"to\":\"%s\",\"text\":\"%0100d\"}",
             ends->pair.b.id, 0);
    for (int i = 0; i < WARM_UPS; i++)
        send_one(ends, false);
}

struct figures {
    double kept[ROUNDS * EACH]; /* the connection to A stays open */
    double fresh[ROUNDS * EACH];
    double raw[ROUNDS * EACH];
};

static void print(struct figures *f, double at, const char *kept, const char *fresh)
{
    double raw = bench_quantile(f->raw, MESSAGES, at);
    struct bench_line line = {.what = kept,
                              .figure = bench_quantile(f->kept, MESSAGES, at),
                              .unit = "us",
                              .reference_name = "raw TCP ping",
                              .reference = raw,
                              .is_less_better = true};
    bench_print(&line);
    line.what = fresh;
    line.figure = bench_quantile(f->fresh, MESSAGES, at);
    bench_print(&line);
}

static void run(const char *kith)
{
    static struct ends ends;
    static struct figures figures;
    struct bench_tcp tcp;
    double cpu_a_s;
    double cpu_b_s;
    open_ends(&ends, kith);
    bench_tcp_open(&tcp);
    for (int round = 0; round < ROUNDS; round++) {
        bench_tcp_ping(&tcp, figures.raw + round * EACH, EACH);
        for (int i = 0; i < EACH; i++)
            figures.fresh[round * EACH + i] = send_one(&ends, false);
        bench_control_open(&ends.sender, ends.pair.a.home);
        for (int i = 0; i < EACH; i++)
            figures.kept[round * EACH + i] = send_one(&ends, true);
        bench_control_close(&ends.sender);
    }
    bench_control_close(&ends.reader);
    bench_tcp_close(&tcp);
    bench_pair_stop(&ends.pair, &cpu_a_s, &cpu_b_s);
    print(&figures, 0.5, "message to stream, p50",
          "message to stream, new connection, p50");
    print(&figures, 0.99, "message to stream, p99",
          "message to stream, new connection, p99");
    bench_print(&(struct bench_line){.what = "message to stream, CPU of both nodes",
                                     .figure = (cpu_a_s + cpu_b_s) * 1e6 / (2 * MESSAGES),
                                     .unit = "us/message"});
}

const struct bench_case bench_case_latency = {"latency", run};
