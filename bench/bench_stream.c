/* SPDX-License-Identifier: MIT */
/* Messages poured into the batch endpoint of one node, until the other holds all. The
 * reference is raw SQLite that writes the same tables once. Once nobody listens, and once
 * a program at the receiver reads them as they come. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_case.h"
#include "lib/raw_sqlite.h"

#define MESSAGES     400000
#define ROUNDS       3
#define BLOCK_LINES  4000 /* written at once; divides MESSAGES */
#define LINE_SIZE    256
#define EVENTS_A_RUN 128

struct figures {
    double rate[ROUNDS];
    double cpu_a_us[ROUNDS]; /* a message */
    double cpu_b_us[ROUNDS];
};

/* The same line again and again. */
static char *make_block(const char *to, size_t *out_size)
{
    char line[LINE_SIZE];
    int size =
        snprintf(line, sizeof line, "{\"to\":\"%s\",\"text\":\"%0100d\"}\n", to, 0);
    char *block = malloc((size_t)size * BLOCK_LINES);
    bench_must(block, "memory");
    for (size_t i = 0; i < BLOCK_LINES; i++)
        memcpy(block + i * (size_t)size, line, (size_t)size);
    *out_size = (size_t)size * BLOCK_LINES;
    return block;
}

static void pour(struct bench_control *control, const char *to)
{
    size_t size;
    char *block = make_block(to, &size);
    bench_control_begin_batch(control, size * (MESSAGES / BLOCK_LINES));
    control->http.deadline_ms = INT64_MAX;
    for (size_t i = 0; i < MESSAGES / BLOCK_LINES; i++)
        bench_must(kith_http_write(&control->http, block, size) == 0, "writing lines");
    json_t *answer = bench_control_answer(control);
    bench_must(json_integer_value(json_object_get(answer, "stored")) == MESSAGES,
               "storing every line");
    json_decref(answer);
    free(block);
}

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

static void run_once(const char *kith, bool is_read, struct figures *figures, int round)
{
    static struct bench_control control;
    struct bench_pair pair;
    double cpu_a_s;
    double cpu_b_s;
    bench_pair_start(&pair, kith);
    bench_control_open(&control, pair.a.home);
    pid_t reader = is_read ? start_reader(&pair.b) : 0;
    double begin = bench_now_s();
    pour(&control, pair.b.id);
    wait_delivered(&control, pair.b.id);
    figures->rate[round] = MESSAGES / (bench_now_s() - begin);
    bench_control_close(&control);
    if (is_read) {
        kill(reader, SIGKILL);
        waitpid(reader, NULL, 0);
    }
    bench_pair_stop(&pair, &cpu_a_s, &cpu_b_s);
    figures->cpu_a_us[round] = cpu_a_s * 1e6 / MESSAGES;
    figures->cpu_b_us[round] = cpu_b_s * 1e6 / MESSAGES;
}

static double run_raw(struct bench_sample *sample, bool never_checkpoints)
{
    return bench_sqlite_write(
        &(struct bench_sqlite_case){.events = MESSAGES,
                                    .a_commit = BENCH_EVENTS_A_COMMIT,
                                    .never_checkpoints = never_checkpoints},
        sample, NULL);
}

static void print_plain(const char *what, double *figures, const char *unit)
{
    bench_print(&(struct bench_line){
        .what = what, .figure = bench_median(figures, ROUNDS), .unit = unit});
}

static void print_rates(const char *what, struct figures *f, double *raw,
                        double unbounded)
{
    struct bench_line line = {.what = what,
                              .figure = bench_median(f->rate, ROUNDS),
                              .unit = "messages/s",
                              .reference_name = "raw SQLite",
                              .reference = bench_median(raw, ROUNDS + 1)};
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
    double raw[ROUNDS + 1];
    bench_sample_init(&sample, EVENTS_A_RUN);
    double unbounded = run_raw(&sample, true);
    raw[ROUNDS] = run_raw(&sample, false);
    for (int round = 0; round < ROUNDS; round++) {
        run_once(kith, false, &alone, round);
        raw[round] = run_raw(&sample, false);
        run_once(kith, true, &read, round);
    }
    bench_sample_deinit(&sample);
    print_rates("messages node to node", &alone, raw, unbounded);
    print_plain("messages node to node, CPU of the sender", alone.cpu_a_us, "us/message");
    print_plain("messages node to node, CPU of the receiver", alone.cpu_b_us,
                "us/message");
    print_rates("messages node to node, read as they come", &read, raw, unbounded);
    print_plain("messages node to node, read as they come, CPU of the receiver",
                read.cpu_b_us, "us/message");
}

const struct bench_case bench_case_stream = {"stream", run};
