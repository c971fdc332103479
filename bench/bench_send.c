/* SPDX-License-Identifier: MIT */
/* `kith send` as a script runs it: from fork to the end of the process, the message
 * stored. The reference is the same program doing nothing. */
#include <stdint.h>
#include <stdio.h>

#include "bench_case.h"

#define ROUNDS 201

static double send_s(const char *kith, const struct bench_node *node)
{
    char *argv[] = {(char *)(uintptr_t)kith,
                    "send",
                    "--home",
                    (char *)(uintptr_t)node->home,
                    "#lobby",
                    "a message of the usual kind",
                    NULL};
    return bench_command_s(argv);
}

static void run(const char *kith)
{
    static double sent_ms[ROUNDS], nothing_ms[ROUNDS];
    struct bench_folder folder;
    struct bench_node node;
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/home", folder.path);
    bench_node_start(&node, kith, home, NULL);
    for (size_t i = 0; i < ROUNDS; i++) {
        sent_ms[i] = send_s(kith, &node) * 1e3;
        nothing_ms[i] = bench_node_nothing_s(kith) * 1e3;
    }
    bench_node_stop(&node);
    bench_folder_remove(&folder);
    bench_print(&(struct bench_line){.what = "kith send, a whole process",
                                     .figure = bench_median(sent_ms, ROUNDS),
                                     .unit = "ms",
                                     .reference_name = "kith version",
                                     .reference = bench_median(nothing_ms, ROUNDS),
                                     .is_less_better = true});
}

const struct bench_case bench_case_send = {"send", run};
