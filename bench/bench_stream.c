/* SPDX-License-Identifier: MIT */
/* Messages poured into the batch endpoint of one node, until the other holds all. The
 * reference is raw SQLite that writes the same tables once. Once nobody listens, and once
 * a program at the receiver reads them as they come. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_case.h"
#include "lib/pour.h"
#include "lib/raw_sqlite.h"

#define MESSAGES     400000
#define LINE_SIZE    256
#define EVENTS_A_RUN 128

struct figures {
    double rate;
    double cpu_a_us; /* a message */
    double cpu_b_us;
};

/* Acknowledgements are cumulative: what comes last is delivered once all is. */
static void wait_delivered(struct bench_control *control, const char *to)
{
    char body[LINE_SIZE];
    snprintf(body, sizeof body,
             "{\"to\":\"%s\",\"text\":\"last\",\"wait\":\"delivered\",\"timeout\":60}",
             to);
    bench_control_post(control, "/messages", body);
    json_decref(bench_control_answer(control));
}

/* A process that reads the node's stream, as a person's program does. */
static pid_t start_reader(const struct bench_node *node)
{
    static struct bench_control stream;
    pid_t pid = fork();
    bench_must(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_control_open(&stream, node->home);
    bench_control_stream(&stream, "/stream");
    for (;;)
        bench_control_skip(&stream, "message");
}

static void run_once(const char *kith, bool is_read, struct figures *figures)
{
    static struct bench_control control;
    struct bench_pair pair;
    double cpu_a_s;
    double cpu_b_s;
    bench_pair_start(&pair, kith);
    bench_control_open(&control, pair.a.home);
    pid_t reader = is_read ? start_reader(&pair.b) : 0;
    double begin = bench_now_s();
    bench_pour(&control, pair.b.id, MESSAGES);
    wait_delivered(&control, pair.b.id);
    figures->rate = MESSAGES / (bench_now_s() - begin);
    bench_control_close(&control);
    if (is_read) {
        kill(reader, SIGKILL);
        waitpid(reader, NULL, 0);
    }
    bench_pair_stop(&pair, &cpu_a_s, &cpu_b_s);
    figures->cpu_a_us = cpu_a_s * 1e6 / MESSAGES;
    figures->cpu_b_us = cpu_b_s * 1e6 / MESSAGES;
}

static double run_raw(struct bench_sample *sample, bool never_checkpoints)
{
    return bench_sqlite_write(
        &(struct bench_sqlite_case){.events = MESSAGES,
                                    .a_commit = BENCH_EVENTS_A_COMMIT,
                                    .never_checkpoints = never_checkpoints},
        sample, NULL);
}

static void print_plain(const char *what, double figure, const char *unit)
{
    bench_print(&(struct bench_line){.what = what, .figure = figure, .unit = unit});
}

static void print_rates(const char *what, double rate, double raw, double unbounded)
{
    struct bench_line line = {.what = what,
                              .figure = rate,
                              .unit = "messages/s",
                              .reference_name = "raw SQLite",
                              .reference = raw};
    bench_print(&line);
    line.reference_name = "raw SQLite without checkpoints";
    line.reference = unbounded;
    bench_print(&line);
}

static void run(const char *kith)
{
    struct figures alone;
    struct figures read;
    struct bench_sample sample;
    bench_sample_init(&sample, EVENTS_A_RUN);
    double unbounded = run_raw(&sample, true);
    run_once(kith, false, &alone);
    double raw = run_raw(&sample, false);
    run_once(kith, true, &read);
    bench_sample_deinit(&sample);
    print_rates("messages node to node", alone.rate, raw, unbounded);
    print_plain("messages node to node, CPU of the sender", alone.cpu_a_us, "us/message");
    print_plain("messages node to node, CPU of the receiver", alone.cpu_b_us,
                "us/message");
    print_rates("messages node to node, read as they come", read.rate, raw, unbounded);
    print_plain("messages node to node, read as they come, CPU of the receiver",
                read.cpu_b_us, "us/message");
}

const struct bench_case bench_case_stream = {"stream", run};
