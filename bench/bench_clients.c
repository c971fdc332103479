/* SPDX-License-Identifier: MIT */
/* Two hundred programs that follow one node: how soon all of them have a message, what
 * one costs while it reads, and what one costs that never does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_case.h"

#define CLIENTS     200
#define MESSAGES    200
#define POURED      4000 /* of LINE_SIZE: past what sockets and queues hold */
#define LINE_SIZE   512
#define TEXT_DIGITS 400

static struct bench_control *open_clients(const struct bench_node *node, bool is_tcp)
{
    struct bench_control *clients = calloc(CLIENTS, sizeof *clients);
    bench_must(clients, "memory");
    for (size_t i = 0; i < CLIENTS; i++) {
        if (is_tcp)
            bench_control_open_tcp(&clients[i], node->home, node->http_port);
        else
            bench_control_open(&clients[i], node->home);
        bench_control_stream(&clients[i], "/stream");
    }
    return clients;
}

static void close_clients(struct bench_control *clients)
{
    for (size_t i = 0; i < CLIENTS; i++)
        bench_control_close(&clients[i]);
    free(clients);
}

static double growth_kib(const struct bench_node *node, double before_kib)
{
    return (bench_node_memory(node).rss_kib - before_kib) / CLIENTS;
}

/* Seconds from before the POST until the last of them has it. */
static double tell_all(struct bench_control *sender, struct bench_control *clients)
{
    double begin = bench_now_s();
    bench_control_post(sender, "/messages", "{\"to\":\"#lobby\",\"text\":\"to all\"}");
    for (size_t i = 0; i < CLIENTS; i++)
        bench_control_skip(&clients[i], "message");
    double took = bench_now_s() - begin;
    json_decref(bench_control_answer(sender));
    return took;
}

static void print_on(const char *format, bool is_tcp, double figure, const char *unit)
{
    char what[64];
    snprintf(what, sizeof what, format, is_tcp ? " over TCP" : "");
    bench_print(&(struct bench_line){.what = what, .figure = figure, .unit = unit});
}

static void measure_door(struct bench_control *sender, const struct bench_node *node,
                         bool is_tcp)
{
    static double times_ms[MESSAGES];
    double before_kib = bench_node_memory(node).rss_kib;
    struct bench_control *clients = open_clients(node, is_tcp);
    for (size_t i = 0; i < MESSAGES; i++)
        times_ms[i] = tell_all(sender, clients) * 1e3;
    double each_kib = growth_kib(node, before_kib);
    print_on("200 clients%s have a message, p50", is_tcp,
             bench_median(times_ms, MESSAGES), "ms");
    print_on("200 clients%s have a message, p99", is_tcp,
             bench_quantile(times_ms, MESSAGES, 0.99), "ms");
    print_on("a client that follows%s, RSS", is_tcp, each_kib, "KiB");
    close_clients(clients);
}

static void measure_socket(struct bench_control *sender, const struct bench_node *node)
{
    measure_door(sender, node, false);
}

static void measure_tcp(struct bench_control *sender, const struct bench_node *node)
{
    measure_door(sender, node, true);
}

static void pour(struct bench_control *sender)
{
    char line[LINE_SIZE];
    int size = snprintf(line, sizeof line, "{\"to\":\"#lobby\",\"text\":\"%0*d\"}\n",
                        TEXT_DIGITS, 0);
    bench_control_begin_batch(sender, (size_t)size * POURED);
    for (size_t i = 0; i < POURED; i++)
        bench_must(kith_http_write(&sender->http, line, (size_t)size) == 0, "writing");
    json_decref(bench_control_answer(sender));
}

/* What storing itself takes is there before. */
static void measure_dead(struct bench_control *sender, const struct bench_node *node)
{
    pour(sender);
    double before_kib = bench_node_memory(node).rss_kib;
    struct bench_control *clients = open_clients(node, false);
    pour(sender);
    bench_print(&(struct bench_line){.what = "a client that never reads, RSS",
                                     .figure = growth_kib(node, before_kib),
                                     .unit = "KiB"});
    close_clients(clients);
}

static void run_on_new_node(const char *kith,
                            void (*measure)(struct bench_control *sender,
                                            const struct bench_node *))
{
    static struct bench_control sender;
    struct bench_folder folder;
    struct bench_node node;
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/a", folder.path);
    bench_node_start(&node, kith, home, NULL);
    bench_control_open(&sender, node.home);
    measure(&sender, &node);
    bench_control_close(&sender);
    bench_node_stop(&node);
    bench_folder_remove(&folder);
}

static void run(const char *kith)
{
    run_on_new_node(kith, measure_socket);
    run_on_new_node(kith, measure_tcp);
    run_on_new_node(kith, measure_dead);
}

const struct bench_case bench_case_clients = {"clients", run};
