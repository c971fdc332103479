/* SPDX-License-Identifier: MIT */
/* From fork to the ready line, and to the first link, with a node whose address is given.
 * The reference is the same program doing nothing. */
#include <stdio.h>

#include "bench_case.h"

#define ROUNDS 21

static void print(const char *what, double *figures, double *nothing)
{
    bench_print(&(struct bench_line){.what = what,
                                     .figure = bench_median(figures, ROUNDS) * 1e3,
                                     .unit = "ms",
                                     .reference_name = "kith version",
                                     .reference = bench_median(nothing, ROUNDS) * 1e3,
                                     .is_less_better = true});
}

static void run(const char *kith)
{
    double fresh[ROUNDS];
    double again[ROUNDS];
    double nothing[ROUNDS];
    double cpu[ROUNDS];
    double linked[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        struct bench_folder folder;
        struct bench_node node;
        struct bench_pair pair;
        char home[BENCH_HOME_SIZE];
        bench_folder_make(&folder);
        snprintf(home, sizeof home, "%s/home", folder.path);
        bench_node_start_on_lan(&node, kith, home);
        fresh[i] = node.start_s;
        cpu[i] = bench_node_stop(&node);
        bench_node_start_on_lan(&node, kith, home);
        again[i] = node.start_s;
        bench_node_stop(&node);
        nothing[i] = bench_node_nothing_s(kith);
        bench_folder_remove(&folder);
        bench_pair_start(&pair, kith);
        linked[i] = pair.linked_s;
        bench_pair_stop(&pair, NULL, NULL);
    }
    print("node start, fresh home", fresh, nothing);
    print("node start, home of an earlier run", again, nothing);
    print("node start, fresh home, until linked", linked, nothing);
    bench_print(&(struct bench_line){.what = "node start and stop, CPU",
                                     .figure = bench_median(cpu, ROUNDS) * 1e3,
                                     .unit = "ms"});
}

const struct bench_case bench_case_start = {"start", run};
