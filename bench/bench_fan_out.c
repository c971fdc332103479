/* SPDX-License-Identifier: MIT */
/* One node and fifty links: messages of 100 bytes in the lobby, encrypted for each link,
 * until all are decrypted, taken apart and counted at the far ends, which are one process
 * and do no more. Beside it the same bytes over raw TCP, and encrypted in memory. */
#include <stdio.h>
#include <unistd.h>

#include "bench_case.h"
#include "lib/link_holder.h"
#include "lib/pour.h"
#include "lib/raw_fan.h"
#include "lib/raw_tls.h"

#define LINKS      50
#define MESSAGES   40000
#define PAUSE_US   200
#define PATIENCE_S 120

struct figures {
    double spent_s;
    double cpu_s;
    double bytes; /* of a link */
};

static uint64_t least_heard(const struct bench_links *links)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < links->count; i++)
        if (links->heard[i].messages < least)
            least = links->heard[i].messages;
    return least;
}

static void wait_heard(const struct bench_links *links, uint64_t messages)
{
    double give_up_s = bench_now_s() + PATIENCE_S;
    while (least_heard(links) < messages) {
        bench_must(bench_now_s() < give_up_s, "bringing every message to every link");
        usleep(PAUSE_US);
    }
}

static void wait_online(struct bench_control *control)
{
    long online = 0;
    while (online < LINKS) {
        bench_control_get(control, "/self");
        json_t *self = bench_control_answer(control);
        online = (long)json_integer_value(json_object_get(self, "peers_online"));
        json_decref(self);
    }
}

static struct figures measure(const char *kith)
{
    static struct bench_control control;
    struct bench_folder folder;
    struct bench_node node;
    struct bench_links links;
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/home", folder.path);
    bench_node_start(&node, kith, home, NULL);
    bench_links_start(&links, &node, LINKS);
    bench_control_open(&control, node.home);
    wait_online(&control);
    double begin_s = bench_now_s();
    double cpu_s = bench_process_cpu_s(node.pid);
    bench_pour(&control, "#lobby", MESSAGES);
    wait_heard(&links, MESSAGES);
    const struct figures figures = {
        .spent_s = bench_now_s() - begin_s,
        .cpu_s = bench_process_cpu_s(node.pid) - cpu_s,
        .bytes = (double)links.heard[0].bytes,
    };
    bench_control_close(&control);
    bench_links_stop(&links);
    bench_node_stop(&node);
    bench_folder_remove(&folder);
    return figures;
}

static void run(const char *kith)
{
    const struct figures figures = measure(kith);
    const double deliveries = (double)LINKS * MESSAGES;
    uint64_t bytes = (uint64_t)figures.bytes;
    bench_print(
        &(struct bench_line){.what = "fan-out 1 to 50, messages delivered",
                             .figure = deliveries / figures.spent_s,
                             .unit = "/s",
                             .reference_name = "raw TCP",
                             .reference = deliveries / bench_fan_write(LINKS, bytes)});
    bench_print(&(struct bench_line){.what = "fan-out 1 to 50, CPU of the node",
                                     .figure = figures.cpu_s * 1e6 / deliveries,
                                     .unit = "us/delivery",
                                     .reference_name = "GnuTLS encrypting in memory",
                                     .reference = bench_tls_encrypt(LINKS, bytes) * 1e6 /
                                                  deliveries,
                                     .is_less_better = true});
}

const struct bench_case bench_case_fan_out = {"fan_out", run};
