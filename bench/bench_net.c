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
#include "lib/raw_tcp.h"
#include "net/net.h"

#define ROUNDS      5
#define PINGS       20000
#define SMALL_SIZE  100
#define SMALL_BYTES (256u * 1024 * 1024)
#define BULK_SIZE   (1024 * 1024)
#define BULK_BYTES  (512u * 1024 * 1024)
#define BATCH_SIZE  65536         /* queued in one turn */
#define QUEUE_HIGH  (1024 * 1024) /* the sender waits above this */
#define LINKS       1000
#define HANDSHAKES  1000
#define PREFIX      KITH_NET_FRAME_PREFIX_SIZE

static const uint8_t seeds[2][32] = {
    {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
     0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
     0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60},
    {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
     0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
     0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb},
};
static const struct kith_id ids[2] = {
    {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
      0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
      0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}},
    {{0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
      0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
      0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c}},
};

/* What the first byte of a frame asks the other end for. */
enum { ASK_ECHO = 'e', ASK_NOTHING = 's', ASK_ANSWER = 'l' };

struct end {
    uv_loop_t loop;
    uv_prepare_t turn;
    struct kith_net *net;
    struct kith_address at;
    kith_link_no link; /* the last that came up */
    size_t ups;
    size_t downs;
    size_t frames;
    bool is_server;
};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- an end of links ---- */

static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct end *end = ctx;
    end->link = up->link;
    end->ups++;
    kith_net_limit(end->net, up->link, KITH_NET_FRAME_SIZE_MAX);
}

static void reply(struct end *end, kith_link_no link, struct kith_bytes bytes)
{
    static uint8_t frame[PREFIX + SMALL_SIZE];
    frame[PREFIX - 1] = (uint8_t)bytes.size;
    memcpy(frame + PREFIX, bytes.data, bytes.size);
    kith_net_send(end->net, link, kith_bytes(frame, PREFIX + bytes.size));
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    struct end *end = ctx;
    end->frames++;
    if (end->is_server && frame.data[0] != ASK_NOTHING)
        reply(end, link, kith_bytes(frame.data, SMALL_SIZE));
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    struct end *end = ctx;
    end->downs++;
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    bench_must(false, kith_error_text(error));
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
}

static void on_turn(uv_prepare_t *turn)
{
    struct end *end = turn->data;
    kith_net_flush(end->net);
}

static void end_open(struct end *end, int who)
{
    uv_loop_init(&end->loop);
    struct kith_net_config config = {
        .seed = seeds[who],
        .id = ids[who],
        .alpn = "kith-bench/1",
        .links_max = LINKS + 10,
        .frame_size_initial = 4096,
        .handler = {end, on_up, on_frame, on_down, on_dial_failed, on_drained},
    };
    bench_must(kith_net_new(&end->loop, &config, &end->net) == 0, "starting");
    uv_prepare_init(&end->loop, &end->turn);
    end->turn.data = end;
    uv_prepare_start(&end->turn, on_turn);
}

static pid_t serve(struct kith_address *out_at)
{
    int pipes[2];
    bench_must(pipe(pipes) == 0, "a pipe");
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child > 0) {
        close(pipes[1]);
        bench_must(read(pipes[0], out_at, sizeof *out_at) == sizeof *out_at,
                   "the server");
        close(pipes[0]);
        return child;
    }
    static struct end end;
    end.is_server = true;
    end_open(&end, 1);
    const struct kith_address any = {.host = "127.0.0.1"};
    bench_must(kith_net_listen(end.net, &any, &end.at) == 0, "listening");
    bench_must(write(pipes[1], &end.at, sizeof end.at) == sizeof end.at, "the pipe");
    uv_run(&end.loop, UV_RUN_DEFAULT);
    _exit(0);
}

static void turn_until(struct end *end, const size_t *value, size_t wanted)
{
    while (*value < wanted)
        uv_run(&end->loop, UV_RUN_ONCE);
}

static void link_up(struct end *end, const struct kith_address *at)
{
    size_t before = end->ups;
    const struct kith_net_target target = {
        .addresses = at, .count = 1, .expected = &ids[1]};
    bench_must(kith_net_dial(end->net, 1, &target) == 0, "dialling");
    turn_until(end, &end->ups, before + 1);
}

/* ---- cases ---- */

static void fill_frame(uint8_t *frame, size_t size, uint8_t ask)
{
    memset(frame, 'x', PREFIX + size);
    for (int i = 0; i < PREFIX; i++)
        frame[i] = (uint8_t)(size >> (24 - 8 * i));
    frame[PREFIX] = ask;
}

static void ping_net(struct end *end, double *out_us)
{
    uint8_t frame[PREFIX + SMALL_SIZE];
    fill_frame(frame, SMALL_SIZE, ASK_ECHO);
    for (size_t i = 0; i < PINGS; i++) {
        double begin = bench_now_s();
        size_t before = end->frames;
        kith_net_send(end->net, end->link, kith_bytes(frame, sizeof frame));
        kith_net_flush(end->net);
        turn_until(end, &end->frames, before + 1);
        out_us[i] = (bench_now_s() - begin) * 1e6;
    }
}

/* Seconds to bring `bytes` across, in frames of `size`. */
static double stream_net(struct end *end, size_t size, uint64_t bytes)
{
    uint8_t *frame = calloc(1, PREFIX + size);
    bench_must(frame, "memory");
    fill_frame(frame, size, ASK_NOTHING);
    double begin = bench_now_s();
    size_t before = end->frames;
    uint64_t count = bytes / (PREFIX + size);
    for (uint64_t i = 0; i < count;) {
        size_t batch = 0;
        while (batch < BATCH_SIZE && i < count) {
            i++;
            frame[PREFIX] = i == count ? ASK_ANSWER : ASK_NOTHING;
            kith_net_send(end->net, end->link, kith_bytes(frame, PREFIX + size));
            batch += PREFIX + size;
        }
        kith_net_flush(end->net);
        while (kith_net_queued(end->net, end->link) > QUEUE_HIGH)
            uv_run(&end->loop, UV_RUN_ONCE);
    }
    turn_until(end, &end->frames, before + 1);
    free(frame);
    return bench_now_s() - begin;
}

static void bench_ping(struct end *end, struct bench_tcp *raw)
{
    static double us[PINGS];
    static const char *const names[] = {"net ping p50", "net ping p99"};
    static const double at[] = {0.5, 0.99};
    double net[2][ROUNDS];
    double tcp[2][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        ping_net(end, us);
        for (int i = 0; i < 2; i++)
            net[i][round] = bench_quantile(us, PINGS, at[i]);
        bench_tcp_ping(raw, us, PINGS);
        for (int i = 0; i < 2; i++)
            tcp[i][round] = bench_quantile(us, PINGS, at[i]);
    }
    for (int i = 0; i < 2; i++)
        bench_print(&(struct bench_line){.what = names[i],
                                         .figure = bench_median(net[i], ROUNDS),
                                         .unit = "us",
                                         .reference_name = "raw TCP",
                                         .reference = bench_median(tcp[i], ROUNDS),
                                         .is_less_better = true});
}

static void bench_stream(struct end *end, struct bench_tcp *raw, size_t size,
                         uint64_t bytes)
{
    double net[ROUNDS];
    double tcp[ROUNDS];
    bool is_small = size == SMALL_SIZE;
    double amount =
        is_small ? (double)bytes / (double)(PREFIX + size) / 1e6 : (double)bytes / 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        net[round] = amount / stream_net(end, size, bytes);
        tcp[round] = amount / bench_tcp_stream(raw, bytes);
    }
    bench_print(&(struct bench_line){.what = is_small ? "net stream, frames of 100 bytes"
                                                      : "net stream, frames of 1 MiB",
                                     .figure = bench_median(net, ROUNDS),
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

static void bench_handshakes(struct end *end, const struct kith_address *at)
{
    double begin = bench_now_s();
    double begin_cpu = cpu_s();
    for (int i = 0; i < HANDSHAKES; i++) {
        link_up(end, at);
        kith_net_close(end->net, end->link, KITH_ECLOSED);
        turn_until(end, &end->downs, end->ups - 1);
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
    static struct end end;
    struct kith_address at;
    pid_t server = serve(&at);
    end_open(&end, 0);
    uint8_t frame[PREFIX + 3000];
    fill_frame(frame, 3000, ASK_ECHO);
    link_up(&end, &at);
    double begin[2] = {resident_kib(getpid()), resident_kib(server)};
    for (int i = 0; i < LINKS; i++) {
        link_up(&end, &at);
        kith_net_send(end.net, end.link, kith_bytes(frame, sizeof frame));
        turn_until(&end, &end.frames, (size_t)i + 1);
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
            static struct end end;
            double begin = bench_now_s();
            end_open(&end, 0);
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
                                     .figure = bench_median(ms, ROUNDS),
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
    pid_t server = serve(&at);
    bench_tcp_open(&raw);
    static struct end end;
    end_open(&end, 0);
    link_up(&end, &at);
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
