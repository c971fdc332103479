/* SPDX-License-Identifier: MIT */
/* A fresh node that fetches all that was ever said, from link up to the acknowledgement
 * of the last event. The reference is raw SQLite that writes the same tables; for runs of
 * one it is also libsodium, which has to verify as many signatures. */
#include <sodium.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_case.h"
#include "lib/home_filler.h"
#include "lib/raw_sqlite.h"

#define EVENTS         200000
#define VERIFY_S       0.3
#define TEXT_SIZE      80
#define SIGNED_SIZE    42 /* what a run's signature is made over */
#define VERIFY_A_CHECK 100
#define IDLE_US        300000

/* Signatures that one core verifies in a second. */
static double verify_rate(void)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t message[SIGNED_SIZE] = {0};
    uint8_t signature[crypto_sign_BYTES];
    size_t count = 0;
    double spent;
    bench_must(sodium_init() >= 0, "libsodium");
    crypto_sign_keypair(public, secret);
    crypto_sign_detached(signature, NULL, message, sizeof message, secret);
    double begin = bench_now_s();
    do {
        for (int i = 0; i < VERIFY_A_CHECK; i++)
            bench_must(crypto_sign_verify_detached(signature, message, sizeof message,
                                                   public) == 0,
                       "verifying");
        count += VERIFY_A_CHECK;
        spent = bench_now_s() - begin;
    } while (spent < VERIFY_S);
    return (double)count / spent;
}

/* All cores at once, each in a process: cores that share a unit, or that others use, are
 * slower together than alone. */
static double verify_rate_together(long cores)
{
    double sum = 0;
    double rate;
    int rates[2];
    bench_must(pipe(rates) == 0, "a pipe");
    for (long i = 0; i < cores; i++) {
        pid_t pid = fork();
        bench_must(pid >= 0, "fork");
        if (pid > 0)
            continue;
        rate = verify_rate();
        _exit(write(rates[1], &rate, sizeof rate) == sizeof rate ? 0 : 1);
    }
    for (long i = 0; i < cores; i++) {
        bench_must(read(rates[0], &rate, sizeof rate) == sizeof rate, "a pipe");
        sum += rate;
        wait(NULL);
    }
    close(rates[0]);
    close(rates[1]);
    return sum;
}

struct figures {
    double rate;
    double cpu_a_us; /* an event */
    double cpu_b_us;
    double raw;
    double verify_together; /* on all cores */
    double verify_alone;    /* on one, times the cores */
};

static void measure_references(struct figures *figures, struct bench_sample *sample)
{
    figures->raw = bench_sqlite_write(
        &(struct bench_sqlite_case){.events = EVENTS, .a_commit = BENCH_EVENTS_A_COMMIT},
        sample, NULL);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    figures->verify_together = verify_rate_together(cores);
    figures->verify_alone = verify_rate() * (double)cores;
}

static void wait_delivered(struct bench_control *stream)
{
    json_int_t seq = 0;
    while (seq < EVENTS) {
        json_t *event = bench_control_event(stream, "delivery");
        seq = json_integer_value(json_object_get(event, "seq"));
        json_decref(event);
    }
}

static void fetch(const char *kith, const struct bench_node *author,
                  struct figures *figures)
{
    static struct bench_control stream;
    struct bench_folder folder;
    struct bench_node node;
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/b", folder.path);
    bench_control_open(&stream, author->home);
    bench_control_stream(&stream, "/stream");
    double cpu_s = bench_process_cpu_s(author->pid);
    bench_node_start(&node, kith, home, author->address);
    bench_wait_online(&stream);
    double begin = bench_now_s();
    wait_delivered(&stream);
    figures->rate = EVENTS / (bench_now_s() - begin);
    figures->cpu_a_us = (bench_process_cpu_s(author->pid) - cpu_s) * 1e6 / EVENTS;
    bench_control_close(&stream);
    figures->cpu_b_us = bench_node_stop(&node) * 1e6 / EVENTS;
    bench_folder_remove(&folder);
}

static void print(size_t runs_of, const char *what, const char *unit, double figure,
                  const char *reference_name, double reference)
{
    char text[TEXT_SIZE];
    snprintf(text, sizeof text, "fetch, runs of %zu%s", runs_of, what);
    bench_print(&(struct bench_line){.what = text,
                                     .figure = figure,
                                     .unit = unit,
                                     .reference_name = reference_name,
                                     .reference = reference});
}

/* It has just been started, and fills its search index. */
static void wait_idle(const struct bench_node *node)
{
    double before;
    double cpu_s = bench_process_cpu_s(node->pid);
    do {
        before = cpu_s;
        usleep(IDLE_US);
        cpu_s = bench_process_cpu_s(node->pid);
    } while (cpu_s > before);
}

static void measure(const char *kith, size_t runs_of)
{
    struct figures figures;
    struct bench_folder folder;
    struct bench_node author;
    struct bench_sample sample;
    char home[BENCH_HOME_SIZE];
    bench_folder_make(&folder);
    bench_sample_init(&sample, runs_of);
    snprintf(home, sizeof home, "%s/a", folder.path);
    bench_home_fill(home, EVENTS, runs_of);
    bench_node_start(&author, kith, home, NULL);
    wait_idle(&author);
    fetch(kith, &author, &figures);
    measure_references(&figures, &sample);
    bench_node_stop(&author);
    bench_sample_deinit(&sample);
    bench_folder_remove(&folder);
    print(runs_of, "", "events/s", figures.rate, "raw SQLite", figures.raw);
    if (runs_of == 1) {
        print(runs_of, "", "events/s", figures.rate, "verifying on all cores",
              figures.verify_together);
        print(runs_of, "", "events/s", figures.rate, "verifying on one core, times all",
              figures.verify_alone);
    }
    print(runs_of, ", CPU of the author", "us/event", figures.cpu_a_us, NULL, 0);
    print(runs_of, ", CPU of the fetcher", "us/event", figures.cpu_b_us, NULL, 0);
}

static void run_128(const char *kith)
{
    measure(kith, 128);
}

static void run_16(const char *kith)
{
    measure(kith, 16);
}

static void run_1(const char *kith)
{
    measure(kith, 1);
}

const struct bench_case bench_case_fetch_128 = {"fetch_128", run_128};
const struct bench_case bench_case_fetch_16 = {"fetch_16", run_16};
const struct bench_case bench_case_fetch_1 = {"fetch_1", run_1};
