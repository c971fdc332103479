/* SPDX-License-Identifier: MIT */
/* The control API beside a bare libmicrohttpd handler, over the same kind of socket.
 *
 * The server runs over a runtime in memory, so what is measured is HTTP, JSON and the
 * loop, not the store. Raw is libmicrohttpd alone on its own epoll, answering a constant.
 * Figures are medians; CPU is that of the server's thread alone. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>
#include <poll.h>

#include "../tests/unit/api/fake_runtime.h"
#include "api/server.h"
#include "lib/folder.h"
#include "lib/measure.h"

#define ROUNDS      5
#define REQUESTS    5000
#define LINES       200000
#define ANSWER_SIZE 8192
#define CONNECTIONS 16    /* that GET at once */
#define GETS        20000 /* of all of them; a multiple of CONNECTIONS */

enum { RAW, KITH, SIDES };

static const char body[] = "{\"to\":\"#lobby\",\"text\":\"a message of the usual kind\"}";

struct side {
    pthread_t thread;
    int fd; /* listening, then of the client */
    struct sockaddr_un address;
    struct MHD_Daemon *daemon; /* raw */
    uv_loop_t loop;            /* kith, as are the rest */
    uv_async_t stop;
    struct kith_runtime *runtime;
    struct kith_server *server;
    bool is_stopping;
};

static double now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double cpu_us(const struct side *side)
{
    clockid_t clock;
    pthread_getcpuclockid(side->thread, &clock);
    return now_us(clock);
}

/* ---- the two servers ---- */

static int listen_on(struct side *side, const char *dir, const char *name)
{
    side->address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(side->address.sun_path, sizeof side->address.sun_path, "%s/%s", dir, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bench_must(fd >= 0 &&
                   bind(fd, (struct sockaddr *)&side->address, sizeof side->address) ==
                       0 &&
                   listen(fd, 64) == 0,
               "listening");
    return fd;
}

static enum MHD_Result answer_raw(void *ctx, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *upload, size_t *size,
                                  void **slot)
{
    static char constant[] =
        "{\"answer\":\"of about the size that a message has, so that "
        "both sides send as much: 0123456789012345678901234567890123"
        "45678901234567890123456789012345678901234567890123456789012"
        "34567890123456789012345678901234567890123456789\"}\n";
    if (!*slot || *size > 0) {
        *slot = constant;
        *size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof constant - 1, constant, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, 201, response);
    MHD_destroy_response(response);
    return result;
}

static void *run_raw(void *ctx)
{
    struct side *side = ctx;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(side->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd poll_fd = {.fd = info->epoll_fd, .events = POLLIN};
    while (!side->is_stopping) {
        MHD_UNSIGNED_LONG_LONG timeout;
        bool has_timeout = MHD_get_timeout(side->daemon, &timeout) == MHD_YES;
        poll(&poll_fd, 1, has_timeout && timeout < 100 ? (int)timeout : 100);
        MHD_run(side->daemon);
    }
    return NULL;
}

static void start_raw(struct side *side, const char *dir)
{
    int fd = listen_on(side, dir, "raw");
    side->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer_raw, NULL,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END);
    bench_must(side->daemon, "starting libmicrohttpd");
    pthread_create(&side->thread, NULL, run_raw, side);
}

static void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static void *run_kith(void *ctx)
{
    struct side *side = ctx;
    uv_run(&side->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void draw(void *ctx, void *out, size_t size)
{
    (void)ctx;
    bench_must(getrandom(out, size, 0) == (ssize_t)size, "randomness");
}

static void start_kith(struct side *side, const char *dir)
{
    uv_loop_init(&side->loop);
    uv_async_init(&side->loop, &side->stop, on_stop);
    side->runtime = fake_runtime_new(&side->loop);
    struct kith_server_config config = {.loop = &side->loop,
                                        .runtime = side->runtime,
                                        .version = "0",
                                        .rng = {.fill = draw}};
    bench_must(kith_server_new(&config, &side->server) == 0 &&
                   kith_server_listen(side->server, KITH_DOOR_UNIX,
                                      listen_on(side, dir, "kith")) == 0,
               "starting the server");
    pthread_create(&side->thread, NULL, run_kith, side);
}

/* ---- the client ---- */

static int connect_to(const struct side *side)
{
    static const struct timeval patience = {.tv_sec = 30};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    bench_must(
        connect(fd, (const struct sockaddr *)&side->address, sizeof side->address) == 0,
        "connecting");
    return fd;
}

static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        bench_must(written > 0, "writing");
        data += written;
        size -= (size_t)written;
    }
}

/* Read until `end` is the last that came. */
static void read_until(int fd, const char *end, char out[static ANSWER_SIZE])
{
    size_t size = 0;
    size_t end_size = strlen(end);
    do {
        ssize_t got = read(fd, out + size, ANSWER_SIZE - 1 - size);
        bench_must(got > 0, "reading");
        size += (size_t)got;
        out[size] = '\0';
    } while (size < end_size || memcmp(out + size - end_size, end, end_size) != 0);
}

static size_t make_request(char out[static ANSWER_SIZE])
{
    return (size_t)snprintf(
        out, ANSWER_SIZE,
        "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
        "%s",
        sizeof body - 1, body);
}

struct figure {
    double us;     /* median of one */
    double cpu_us; /* of the server's thread, each */
};

static struct figure ask(struct side *side)
{
    static double times[REQUESTS];
    char request[ANSWER_SIZE];
    char answer[ANSWER_SIZE];
    size_t size = make_request(request);
    int fd = connect_to(side);
    double cpu = cpu_us(side);
    for (size_t i = 0; i < REQUESTS; i++) {
        double begin = now_us(CLOCK_MONOTONIC);
        write_all(fd, request, size);
        read_until(fd, "}\n", answer);
        times[i] = now_us(CLOCK_MONOTONIC) - begin;
    }
    cpu = cpu_us(side) - cpu;
    close(fd);
    return (struct figure){bench_median(times, REQUESTS), cpu / REQUESTS};
}

/* A small JSON on many connections, each asking anew once it has its answer; a second. */
static double get(struct side *side)
{
    static const char request[] = "GET /api/v1/self HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char answer[ANSWER_SIZE];
    int fds[CONNECTIONS];
    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = connect_to(side);
    double begin = now_us(CLOCK_MONOTONIC);
    for (size_t i = 0; i < CONNECTIONS; i++)
        write_all(fds[i], request, sizeof request - 1);
    for (size_t i = 0; i < GETS; i++) {
        read_until(fds[i % CONNECTIONS], "}\n", answer);
        if (i + CONNECTIONS < GETS)
            write_all(fds[i % CONNECTIONS], request, sizeof request - 1);
    }
    double us = now_us(CLOCK_MONOTONIC) - begin;
    bench_must(strncmp(answer, "HTTP/1.1 20", 11) == 0, "a success");
    for (size_t i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    return GETS / us * 1e6;
}

/* From before the POST until its event was read from the stream. */
static struct figure stream(struct side *side)
{
    static double times[REQUESTS];
    static const char open[] = "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char request[ANSWER_SIZE];
    char answer[ANSWER_SIZE];
    size_t size = make_request(request);
    int fd = connect_to(side);
    int events = connect_to(side);
    write_all(events, open, sizeof open - 1);
    read_until(events, "\n\n\r\n", answer); /* with its place */
    double cpu = cpu_us(side);
    for (size_t i = 0; i < REQUESTS; i++) {
        double begin = now_us(CLOCK_MONOTONIC);
        write_all(fd, request, size);
        read_until(events, "}\n\n\r\n", answer);
        times[i] = now_us(CLOCK_MONOTONIC) - begin;
        read_until(fd, "}\n", answer);
    }
    cpu = cpu_us(side) - cpu;
    close(fd);
    close(events);
    return (struct figure){bench_median(times, REQUESTS), cpu / REQUESTS};
}

/* Lines of 100-byte texts, as fast as they are taken. */
static struct figure batch(struct side *side, size_t *out_size)
{
    static char line[256];
    char head[ANSWER_SIZE];
    int size =
        snprintf(line, sizeof line, "{\"to\":\"#lobby\",\"text\":\"%0100d\"}\n", 7);
    char *lines = malloc((size_t)size * LINES);
    for (size_t i = 0; i < LINES; i++)
        memcpy(lines + i * (size_t)size, line, (size_t)size);
    *out_size = (size_t)size * LINES;
    int fd = connect_to(side);
    int head_size = snprintf(head, sizeof head,
                             "POST /api/v1/messages/batch HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Type: application/jsonl\r\n"
                             "Content-Length: %zu\r\n\r\n",
                             *out_size);
    double cpu = cpu_us(side);
    double begin = now_us(CLOCK_MONOTONIC);
    write_all(fd, head, (size_t)head_size);
    write_all(fd, lines, *out_size);
    read_until(fd, "}\n", head);
    struct figure figure = {now_us(CLOCK_MONOTONIC) - begin, cpu_us(side) - cpu};
    bench_must(strstr(head, "\"stored\":200000"), "storing every line");
    close(fd);
    free(lines);
    return figure;
}

/* The same bytes through a bare handler that looks at nothing. */
static double batch_raw(struct side *side, size_t size)
{
    char head[ANSWER_SIZE];
    char *bytes = calloc(1, size);
    int fd = connect_to(side);
    int head_size =
        snprintf(head, sizeof head,
                 "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", size);
    double begin = now_us(CLOCK_MONOTONIC);
    write_all(fd, head, (size_t)head_size);
    write_all(fd, bytes, size);
    read_until(fd, "}\n", head);
    double us = now_us(CLOCK_MONOTONIC) - begin;
    close(fd);
    free(bytes);
    return us;
}

static void print(const char *what, const char *unit, double *kith, double *raw)
{
    bench_print(&(struct bench_line){.what = what,
                                     .rounds = kith,
                                     .round_count = ROUNDS,
                                     .unit = unit,
                                     .reference_name = raw ? "bare handler" : NULL,
                                     .reference = raw ? bench_median(raw, ROUNDS) : 0,
                                     .is_less_better = strstr(unit, "s/s") == NULL});
}

int main(void)
{
    struct bench_others others;
    struct bench_folder folder;
    struct side sides[SIDES] = {0};
    double asked[SIDES][ROUNDS], asked_cpu[SIDES][ROUNDS];
    double got[SIDES][ROUNDS];
    double streamed[ROUNDS], streamed_cpu[ROUNDS];
    double batched[SIDES][ROUNDS], batched_cpu[ROUNDS];
    bench_others_begin(&others);
    bench_folder_make(&folder);
    start_raw(&sides[RAW], folder.path);
    start_kith(&sides[KITH], folder.path);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t side = 0; side < SIDES; side++) {
            struct figure figure = ask(&sides[side]);
            asked[side][round] = figure.us;
            asked_cpu[side][round] = figure.cpu_us;
            got[side][round] = get(&sides[side]);
        }
        struct figure figure = stream(&sides[KITH]);
        streamed[round] = figure.us;
        streamed_cpu[round] = figure.cpu_us;
        size_t size;
        figure = batch(&sides[KITH], &size);
        batched[KITH][round] = LINES / figure.us * 1e6;
        batched_cpu[round] = figure.cpu_us / LINES;
        batched[RAW][round] = LINES / batch_raw(&sides[RAW], size) * 1e6;
    }
    print("api send, p50", "us", asked[KITH], asked[RAW]);
    print("api send, CPU of the server", "us", asked_cpu[KITH], asked_cpu[RAW]);
    print("api get on 16 connections", "requests/s", got[KITH], got[RAW]);
    print("api send to stream, p50", "us", streamed, NULL);
    print("api send to stream, CPU of the server", "us", streamed_cpu, NULL);
    print("api batch", "lines/s", batched[KITH], batched[RAW]);
    print("api batch, CPU of the server", "us/line", batched_cpu, NULL);
    sides[RAW].is_stopping = true;
    uv_async_send(&sides[KITH].stop);
    pthread_join(sides[RAW].thread, NULL);
    pthread_join(sides[KITH].thread, NULL);
    bench_folder_remove(&folder);
    bench_others_print(&others, "api");
    return 0;
}
