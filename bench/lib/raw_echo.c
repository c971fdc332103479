/* SPDX-License-Identifier: MIT */
#include "raw_echo.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define BLOCK_SIZE 4096
#define EVENTS     1024 /* as many as libuv takes at once */
#define BACKLOG    128

static const uint8_t zeros[BLOCK_SIZE];

static void watch(int poll, int fd)
{
    int one = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    bench_must(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "watching a socket");
}

/* What is in flight is little: the kernel takes all of it. */
static void put(int fd, size_t size)
{
    bench_must(write(fd, zeros, size) == (ssize_t)size, "writing");
}

/* ---- the far side ---- */

static void echo_back(int fd)
{
    uint8_t block[BLOCK_SIZE];
    ssize_t size = read(fd, block, sizeof block);
    if (size > 0)
        put(fd, (size_t)size);
    else
        close(fd);
}

static void serve(int listening)
{
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(0);
    watch(poll, listening);
    for (;;) {
        int count = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listening)
                watch(poll, accept(listening, NULL, NULL));
            else
                echo_back(events[i].data.fd);
        }
    }
}

/* ---- this side ---- */

static void start(struct bench_echo *echo, struct sockaddr_in *out_at)
{
    socklen_t size = sizeof *out_at;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    *out_at = (struct sockaddr_in){.sin_family = AF_INET};
    out_at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bench_must(bind(listening, (struct sockaddr *)out_at, size) == 0 &&
                   listen(listening, BACKLOG) == 0 &&
                   getsockname(listening, (struct sockaddr *)out_at, &size) == 0,
               "listening");
    echo->child = fork();
    bench_must(echo->child >= 0, "fork");
    if (echo->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listening);
    }
    close(listening);
}

void bench_echo_open(struct bench_echo *echo, size_t connections)
{
    struct sockaddr_in at;
    *echo = (struct bench_echo){.count = connections};
    echo->fds = calloc(connections, sizeof *echo->fds);
    bench_must(echo->fds, "memory");
    start(echo, &at);
    echo->poll = epoll_create1(0);
    for (size_t i = 0; i < connections; i++) {
        echo->fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        bench_must(connect(echo->fds[i], (struct sockaddr *)&at, sizeof at) == 0,
                   "connecting");
        watch(echo->poll, echo->fds[i]);
    }
}

void bench_echo_close(struct bench_echo *echo)
{
    kill(echo->child, SIGKILL);
    waitpid(echo->child, NULL, 0);
    for (size_t i = 0; i < echo->count; i++)
        close(echo->fds[i]);
    close(echo->poll);
    free(echo->fds);
}

/* Reads what is there, and unless this is the end writes as much again. */
static uint64_t turn(struct bench_echo *echo, bool is_end)
{
    uint8_t block[BLOCK_SIZE];
    struct epoll_event events[EVENTS];
    uint64_t bytes = 0;
    int count = epoll_wait(echo->poll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
        ssize_t size = read(events[i].data.fd, block, sizeof block);
        bench_must(size > 0, "reading");
        bytes += (uint64_t)size;
        if (!is_end)
            put(events[i].data.fd, (size_t)size);
    }
    return bytes;
}

uint64_t bench_echo_run(struct bench_echo *echo, size_t size, unsigned in_flight,
                        double seconds)
{
    uint64_t left = (uint64_t)echo->count * in_flight * size, bytes = 0;
    double end_s = bench_now_s() + seconds;
    for (size_t i = 0; i < echo->count; i++)
        put(echo->fds[i], in_flight * size);
    while (bench_now_s() < end_s)
        bytes += turn(echo, false);
    while (left > 0)
        left -= turn(echo, true);
    return bytes / size;
}
