/* SPDX-License-Identifier: MIT */
/* A node with nothing to do: memory, how often it wakes up, what it uses and says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_case.h"
#include "lib/wire.h"

#define LINKS     10
#define SETTLE_S  2
#define WATCHED_S 10

/* With links: until beacons have come down to their slowest pace, 2 + 4 + 8 + 16 s; then
 * a few of them, and a PING each way on each link every few seconds. */
#define LINKS_SETTLE_S  32
#define LINKS_WATCHED_S 90

/* A beacon of 172 bytes with the headers of UDP and IP, on one interface of a local
 * network: IPv4 by multicast and by broadcast, IPv6 by multicast. */
#define BEACON_BYTES (2 * (172 + 8 + 20) + (172 + 8 + 40))

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

/* ---- alone ---- */

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

/* ---- with links ---- */

/* A number that only the doctor tells, at the beginning of a sentence. */
static double beacons_sent(const struct bench_node *node)
{
    static struct bench_control control;
    double sent = 0;
    size_t index;
    json_t *check;
    bench_control_open(&control, node->home);
    bench_control_get(&control, "/doctor");
    json_t *answer = bench_control_answer(&control);
    json_array_foreach(json_object_get(answer, "checks"), index, check)
    {
        const char *name = json_string_value(json_object_get(check, "check"));
        const char *detail = json_string_value(json_object_get(check, "detail"));
        if (name && detail && strcmp(name, "beacons") == 0)
            sent = strtod(detail, NULL);
    }
    json_decref(answer);
    bench_control_close(&control);
    return sent;
}

struct counts {
    double at_s;
    double beacons;
    double cpu_s;
    uint64_t sleeps;
    struct bench_wire wire;
};

static void count(const struct bench_node *node, struct counts *out)
{
    out->at_s = bench_now_s();
    out->cpu_s = bench_process_cpu_s(node->pid);
    out->sleeps = bench_node_sleeps(node);
    out->wire = bench_wire_of(node->pid);
}

static void watch(const struct bench_node *hub)
{
    struct counts before;
    struct counts after;
    before.beacons = beacons_sent(hub); /* outside, for asking is work */
    sleep(1);
    count(hub, &before);
    sleep(LINKS_WATCHED_S);
    count(hub, &after);
    after.beacons = beacons_sent(hub);
    bench_must(before.wire.connections == LINKS && after.wire.connections == LINKS,
               "keeping all links");
    double seconds = after.at_s - before.at_s;
    double hour = 3600 / seconds;
    double beacons = (after.beacons - before.beacons) * hour;
    double cpu_s = after.cpu_s - before.cpu_s;
    print("node idle with 10 links, wake-ups",
          (double)(after.sleeps - before.sleeps) / seconds, "/s");
    print("node idle with 10 links, CPU", cpu_s / seconds * 100, "% of a core");
    print("node idle with 10 links, CPU an hour", cpu_s * hour, "s");
    print("node idle with 10 links, TLS records of the links, both ways",
          (double)(after.wire.payload_bytes - before.wire.payload_bytes) * hour / 1000,
          "kB/h");
    print("node idle with 10 links, these with headers of TCP and IP",
          (bench_wire_bytes(&after.wire) - bench_wire_bytes(&before.wire)) * hour / 1000,
          "kB/h");
    print("node idle with 10 links, beacons sent", beacons, "/h");
    print("node idle with 10 links, these with headers, on one interface",
          beacons * BEACON_BYTES / 1000, "kB/h");
}

static void run(const char *kith)
{
    static struct bench_control stream;
    struct bench_folder folder;
    struct bench_node hub;
    struct bench_node others[LINKS];
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&folder);
    measure_alone(kith, &folder);
    snprintf(home, sizeof home, "%s/hub", folder.path);
    bench_node_start_on_lan(&hub, kith, home);
    bench_control_open(&stream, hub.home);
    bench_control_stream(&stream, "/stream");
    for (int i = 0; i < LINKS; i++) {
        snprintf(home, sizeof home, "%s/%d", folder.path, i);
        bench_node_start(&others[i], kith, home, hub.address);
        bench_wait_online(&stream);
    }
    bench_control_close(&stream);
    sleep(LINKS_SETTLE_S);
    print_memory(&hub, "node idle with 10 links, RSS", "node idle with 10 links, PSS");
    watch(&hub);
    for (int i = 0; i < LINKS; i++)
        bench_node_stop(&others[i]);
    bench_node_stop(&hub);
    bench_folder_remove(&folder);
}

const struct bench_case bench_case_idle = {"idle", run};
