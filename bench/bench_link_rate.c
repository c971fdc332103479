/* SPDX-License-Identifier: MIT */
/* Links that a node accepts a second: TLS, both proofs, both greetings, the rooms
 * offered. They are dialled by several processes, so that the node never waits for one of
 * them. Beside it the listener's half of bare handshakes in memory, with the same keys.
 */
#include <stdio.h>

#include "bench_case.h"
#include "lib/link_holder.h"
#include "lib/raw_tls.h"

#define DIALLERS 4
#define EACH     200
#define LINKS    (DIALLERS * EACH)

static void run(const char *kith)
{
    struct bench_folder folder;
    struct bench_node node;
    struct bench_links links[DIALLERS];
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/home", folder.path);
    bench_node_start(&node, kith, home, NULL);
    for (int i = 0; i < DIALLERS; i++)
        bench_links_prepare(&links[i], &node, EACH);
    double begin_s = bench_now_s();
    double cpu_s = bench_process_cpu_s(node.pid);
    for (int i = 0; i < DIALLERS; i++)
        bench_links_begin(&links[i]);
    for (int i = 0; i < DIALLERS; i++)
        bench_links_await(&links[i]);
    double spent_s = bench_now_s() - begin_s;
    cpu_s = bench_process_cpu_s(node.pid) - cpu_s;
    for (int i = 0; i < DIALLERS; i++)
        bench_links_stop(&links[i]);
    bench_node_stop(&node);
    bench_folder_remove(&folder);
    double raw_s = bench_tls_handshakes(LINKS);
    bench_print(&(struct bench_line){
        .what = "links accepted", .figure = LINKS / spent_s, .unit = "/s"});
    bench_print(&(struct bench_line){.what = "links accepted, CPU of the node",
                                     .figure = cpu_s * 1e3 / LINKS,
                                     .unit = "ms/link",
                                     .reference_name = "GnuTLS, the listener's half",
                                     .reference = raw_s * 1e3 / LINKS,
                                     .is_less_better = true});
}

const struct bench_case bench_case_link_rate = {"link_rate", run};
