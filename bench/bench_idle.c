/* SPDX-License-Identifier: MIT */
/* A node with nothing to do: memory, and how often it wakes up. */
#include <stdio.h>
#include <unistd.h>

#include "bench_case.h"

#define LINKS     10
#define SETTLE_S  2
#define WATCHED_S 10

static void print(const char *what, double figure, const char *unit)
{
    bench_print(&(struct bench_line){.what = what, .figure = figure, .unit = unit});
}

static void print_memory(const struct bench_node *node, const char *rss, const char *pss)
{
    struct bench_memory memory = bench_node_memory(node);
    print(rss, memory.rss_kib / 1024, "MiB");
    print(pss, memory.pss_kib / 1024, "MiB");
}

static void start(struct bench_node *node, const char *kith,
                  const struct bench_folder *folder, int number, const char *peer)
{
    char home[BENCH_HOME_SIZE];
    snprintf(home, sizeof home, "%s/%d", folder->path, number);
    bench_node_start(node, kith, home, peer);
}

static double wake_ups_a_second(const struct bench_node *node)
{
    uint64_t before = bench_node_sleeps(node);
    double begin = bench_now_s();
    sleep(WATCHED_S);
    return (double)(bench_node_sleeps(node) - before) / (bench_now_s() - begin);
}

/* With beacons, as nodes are by default. */
static void measure_alone(const char *kith, const struct bench_folder *folder)
{
    struct bench_node node;
    char home[BENCH_HOME_SIZE];
    snprintf(home, sizeof home, "%s/alone", folder->path);
    bench_node_start_on_lan(&node, kith, home);
    sleep(SETTLE_S);
    print_memory(&node, "node idle alone, RSS", "node idle alone, PSS");
    print("node idle alone, wake-ups", wake_ups_a_second(&node), "/s");
    bench_node_stop(&node);
}

static void run(const char *kith)
{
    static struct bench_control stream;
    struct bench_folder folder;
    struct bench_node hub;
    struct bench_node others[LINKS];
    bench_folder_make(&folder);
    measure_alone(kith, &folder);
    start(&hub, kith, &folder, 0, NULL);
    bench_control_open(&stream, hub.home);
    bench_control_stream(&stream, "/stream");
    for (int i = 0; i < LINKS; i++) {
        start(&others[i], kith, &folder, i + 1, hub.address);
        bench_wait_online(&stream);
    }
    bench_control_close(&stream);
    sleep(SETTLE_S);
    print_memory(&hub, "node idle with 10 links, RSS", "node idle with 10 links, PSS");
    print("node idle with 10 links, wake-ups", wake_ups_a_second(&hub), "/s");
    for (int i = 0; i < LINKS; i++)
        bench_node_stop(&others[i]);
    bench_node_stop(&hub);
    bench_folder_remove(&folder);
}

const struct bench_case bench_case_idle = {"idle", run};
