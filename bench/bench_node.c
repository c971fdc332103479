/* SPDX-License-Identifier: MIT */
/* Whole nodes: the real program, asked over its socket, beside raw references.
 *
 *   bench_node KITH [CASE…]     KITH is the program; without a case all are run */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench_case.h"

static const struct bench_case *const cases[] = {
    &bench_case_start,     &bench_case_send,     &bench_case_idle,    &bench_case_links,
    &bench_case_link_rate, &bench_case_latency,  &bench_case_stream,  &bench_case_fan_out,
    &bench_case_fetch_128, &bench_case_fetch_16, &bench_case_fetch_1, &bench_case_clients,
};

void bench_wait_online(struct bench_control *stream)
{
    bool is_online = false;
    while (!is_online) {
        json_t *event = bench_control_event(stream, "peer");
        const char *change = json_string_value(json_object_get(event, "change"));
        is_online = change && strcmp(change, "online") == 0;
        json_decref(event);
    }
}

void bench_pair_start(struct bench_pair *pair, const char *kith)
{
    static struct bench_control stream;
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&pair->folder);
    snprintf(home, sizeof home, "%s/a", pair->folder.path);
    bench_node_start(&pair->a, kith, home, NULL);
    bench_control_open(&stream, pair->a.home);
    bench_control_stream(&stream, "/stream");
    snprintf(home, sizeof home, "%s/b", pair->folder.path);
    double begin_s = bench_now_s();
    bench_node_start(&pair->b, kith, home, pair->a.address);
    bench_wait_online(&stream);
    pair->linked_s = bench_now_s() - begin_s;
    bench_control_close(&stream);
}

void bench_pair_stop(struct bench_pair *pair, double *out_cpu_a_s, double *out_cpu_b_s)
{
    double cpu_b_s = bench_node_stop(&pair->b);
    double cpu_a_s = bench_node_stop(&pair->a);
    if (out_cpu_a_s)
        *out_cpu_a_s = cpu_a_s;
    if (out_cpu_b_s)
        *out_cpu_b_s = cpu_b_s;
    bench_folder_remove(&pair->folder);
}

static bool is_asked_for(const struct bench_case *one, int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], one->name) == 0)
            return true;
    return argc <= 2;
}

int main(int argc, char **argv)
{
    bench_must(argc >= 2, "the path of kith as first argument");
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench_others others;
        if (!is_asked_for(cases[i], argc, argv))
            continue;
        bench_others_begin(&others);
        cases[i]->run(argv[1]);
        bench_others_print(&others, cases[i]->name);
    }
    return 0;
}
