/* SPDX-License-Identifier: MIT */
/* Links beside raw TCP: the same bytes between two processes over loopback.
 *
 * The net runs as in a node, one flush a turn. Each case runs in turns with its
 * reference; what is printed are medians. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kith/error.h"
#include "lib/measure.h"
#include "lib/net_end.h"
#include "lib/raw_tcp.h"

#define ROUNDS      5
#define PINGS       20000
#define SMALL_SIZE  BENCH_END_PING_SIZE
#define SMALL_BYTES (256u * 1024 * 1024)
#define BULK_SIZE   (1024 * 1024)
#define BULK_BYTES  (512u * 1024 * 1024)
#define LINKS       1000
#define HANDSHAKES  1000
#define PREFIX      BENCH_END_PREFIX

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- cases ---- */

static void bench_ping(struct bench_end *end, struct bench_tcp *raw)
{
    static double us[PINGS];
    static const char *const names[] = {"net ping p50", "net ping p99"};
    static const double at[] = {0.5, 0.99};
    double net[2][ROUNDS];
    double tcp[2][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        bench_end_ping(end, us, PINGS);
        for (int i = 0; i < 2; i++)
            net[i][round] = bench_quantile(us, PINGS, at[i]);
        bench_tcp_ping(raw, us, PINGS);
        for (int i = 0; i < 2; i++)
            tcp[i][round] = bench_quantile(us, PINGS, at[i]);
    }
    for (int i = 0; i < 2; i++)
        bench_print(&(struct bench_line){.what = names[i],
                                         .rounds = net[i],
                                         .round_count = ROUNDS,
                                         .unit = "us",
                                         .reference_name = "raw TCP",
                                         .reference = bench_median(tcp[i], ROUNDS),
                                         .is_less_better = true});
}

static void bench_stream(struct bench_end *end, struct bench_tcp *raw, size_t size,
                         uint64_t bytes)
{
    double net[ROUNDS];
    double tcp[ROUNDS];
    bool is_small = size == SMALL_SIZE;
    double amount =
        is_small ? (double)bytes / (double)(PREFIX + size) / 1e6 : (double)bytes / 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        net[round] = amount / bench_end_stream(end, size, bytes);
        tcp[round] = amount / bench_tcp_stream(raw, bytes);
    }
    bench_print(&(struct bench_line){.what = is_small ? "net stream, frames of 100 bytes"
                                                      : "net stream, frames of 1 MiB",
                                     .rounds = net,
                                     .round_count = ROUNDS,
                                     .unit = is_small ? "M/s" : "GB/s",
                                     .reference_name = "raw TCP",
                                     .reference = bench_median(tcp, ROUNDS)});
}

static double resident_kib(pid_t pid)
{
    char path[64];
    unsigned long size = 0;
    unsigned long resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    bench_must(file && fscanf(file, "%lu %lu", &size, &resident) == 2, "reading statm");
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void bench_handshakes(struct bench_end *end, const struct kith_address *at)
{
    double begin = bench_now_s();
    double begin_cpu = cpu_s();
    for (int i = 0; i < HANDSHAKES; i++) {
        bench_end_link(end, at);
        kith_net_close(end->net, end->link, KITH_ECLOSED);
        bench_end_turn_until(end, &end->downs, end->ups - 1);
    }
    bench_print(&(struct bench_line){.what = "net handshake",
                                     .figure = (bench_now_s() - begin) * 1e3 / HANDSHAKES,
                                     .unit = "ms"});
    bench_print(&(struct bench_line){.what = "net handshake, CPU of the dialler",
                                     .figure = (cpu_s() - begin_cpu) * 1e3 / HANDSHAKES,
                                     .unit = "ms"});
}

static void bench_memory(void)
{
    static struct bench_end end;
    struct kith_address at;
    pid_t server = bench_end_serve(&at);
    bench_end_open(&end, 0, NULL);
    uint8_t frame[PREFIX + 3000];
    bench_end_fill_frame(frame, 3000, BENCH_ASK_ECHO);
    bench_end_link(&end, &at);
    double begin[2] = {resident_kib(getpid()), resident_kib(server)};
    for (int i = 0; i < LINKS; i++) {
        bench_end_link(&end, &at);
        kith_net_send(end.net, end.link, kith_bytes(frame, sizeof frame));
        bench_end_turn_until(&end, &end.frames, (size_t)i + 1);
    }
    bench_print(
        &(struct bench_line){.what = "net idle link, dialler",
                             .figure = (resident_kib(getpid()) - begin[0]) / LINKS,
                             .unit = "KiB"});
    bench_print(&(struct bench_line){.what = "net idle link, listener",
                                     .figure = (resident_kib(server) - begin[1]) / LINKS,
                                     .unit = "KiB"});
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
}

static void bench_start(void)
{
    double ms[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        int pipes[2];
        bench_must(pipe(pipes) == 0, "a pipe");
        pid_t child = fork();
        if (child == 0) {
            static struct bench_end end;
            double begin = bench_now_s();
            bench_end_open(&end, 0, NULL);
            const struct kith_address any = {.host = ""};
            bench_must(kith_net_listen(end.net, &any, NULL) == 0, "listening");
            double spent = (bench_now_s() - begin) * 1e3;
            bench_must(write(pipes[1], &spent, sizeof spent) == sizeof spent, "the pipe");
            _exit(0);
        }
        close(pipes[1]);
        bench_must(read(pipes[0], &ms[i], sizeof ms[i]) == sizeof ms[i], "the child");
        close(pipes[0]);
        waitpid(child, NULL, 0);
    }
    bench_print(&(struct bench_line){.what = "net start to listening",
                                     .rounds = ms,
                                     .round_count = ROUNDS,
                                     .unit = "ms"});
}

int main(void)
{
    struct rlimit files = {4096, 4096};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &files);
    struct bench_others others;
    bench_others_begin(&others);
    bench_start();
    bench_memory();
    struct kith_address at;
    struct bench_tcp raw;
    pid_t server = bench_end_serve(&at);
    bench_tcp_open(&raw);
    static struct bench_end end;
    bench_end_open(&end, 0, NULL);
    bench_end_link(&end, &at);
    bench_ping(&end, &raw);
    bench_stream(&end, &raw, SMALL_SIZE, SMALL_BYTES);
    bench_stream(&end, &raw, BULK_SIZE - PREFIX, BULK_BYTES);
    bench_handshakes(&end, &at);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    bench_tcp_close(&raw);
    bench_others_print(&others, "net");
    return 0;
}
