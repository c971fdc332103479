/* SPDX-License-Identifier: MIT */
#include "raw_tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define BLOCK_SIZE 65536

/* What the first byte asks for. */
enum { ASK_ECHO = 'e', ASK_SWALLOW = 's' };

static void read_whole(int fd, uint8_t *out, size_t size)
{
    for (size_t have = 0; have < size;) {
        ssize_t got = read(fd, out + have, size - have);
        bench_must(got > 0, "reading");
        have += (size_t)got;
    }
}

static void write_whole(int fd, const uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = write(fd, bytes + done, size - done);
        bench_must(put > 0, "writing");
        done += (size_t)put;
    }
}

static void swallow(int fd)
{
    static uint8_t block[BLOCK_SIZE];
    uint64_t left;
    read_whole(fd, (uint8_t *)&left, sizeof left);
    while (left > 0) {
        ssize_t size = read(fd, block, left < sizeof block ? left : sizeof block);
        bench_must(size > 0, "reading");
        left -= (uint64_t)size;
    }
    write_whole(fd, block, 1);
}

/* Echoes pings; swallows what is announced and answers once. */
void bench_tcp_serve(int fd)
{
    uint8_t ping[BENCH_PING_SIZE];
    for (;;) {
        ssize_t size = read(fd, ping, sizeof ping);
        if (size <= 0)
            _exit(0);
        read_whole(fd, ping + size, sizeof ping - (size_t)size);
        if (ping[0] == ASK_ECHO)
            write_whole(fd, ping, sizeof ping);
        else
            swallow(fd);
    }
}

static void set_no_delay(int fd)
{
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int listen_somewhere(struct sockaddr_in *out_at)
{
    *out_at = (struct sockaddr_in){.sin_family = AF_INET};
    out_at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof *out_at;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    bench_must(bind(listening, (struct sockaddr *)out_at, size) == 0 &&
                   listen(listening, 1) == 0 &&
                   getsockname(listening, (struct sockaddr *)out_at, &size) == 0,
               "listening");
    return listening;
}

static int accept_one(int listening)
{
    int fd = accept(listening, NULL, NULL);
    bench_must(fd >= 0, "accepting");
    set_no_delay(fd);
    return fd;
}

static int connect_to(const struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    set_no_delay(fd);
    bench_must(connect(fd, (const struct sockaddr *)at, sizeof *at) == 0, "connecting");
    return fd;
}

static pid_t start_server(struct sockaddr_in *out_at)
{
    int listening = listen_somewhere(out_at);
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child == 0)
        bench_tcp_serve(accept_one(listening));
    close(listening);
    return child;
}

static void forward(int fds[2])
{
    static uint8_t block[BLOCK_SIZE];
    struct pollfd polls[2] = {{.fd = fds[0], .events = POLLIN},
                              {.fd = fds[1], .events = POLLIN}};
    for (;;) {
        bench_must(poll(polls, 2, -1) > 0, "waiting");
        for (int i = 0; i < 2; i++) {
            if (!polls[i].revents)
                continue;
            ssize_t size = read(fds[i], block, sizeof block);
            if (size <= 0)
                _exit(0);
            write_whole(fds[1 - i], block, (size_t)size);
        }
    }
}

static pid_t start_forwarder(const struct sockaddr_in *to, struct sockaddr_in *out_at)
{
    int listening = listen_somewhere(out_at);
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child == 0) {
        int near = accept_one(listening);
        forward((int[2]){near, connect_to(to)});
    }
    close(listening);
    return child;
}

void bench_tcp_open(struct bench_tcp *tcp)
{
    struct sockaddr_in at;
    tcp->forwarder = 0;
    tcp->child = start_server(&at);
    tcp->fd = connect_to(&at);
}

void bench_tcp_open_forwarded(struct bench_tcp *tcp)
{
    struct sockaddr_in at, forwarded;
    tcp->child = start_server(&at);
    tcp->forwarder = start_forwarder(&at, &forwarded);
    tcp->fd = connect_to(&forwarded);
}

void bench_tcp_close(struct bench_tcp *tcp)
{
    close(tcp->fd);
    if (tcp->forwarder)
        waitpid(tcp->forwarder, NULL, 0);
    waitpid(tcp->child, NULL, 0);
}

void bench_tcp_ping(struct bench_tcp *tcp, double *out_us, size_t count)
{
    uint8_t ping[BENCH_PING_SIZE] = {ASK_ECHO};
    for (size_t i = 0; i < count; i++) {
        double begin = bench_now_s();
        write_whole(tcp->fd, ping, sizeof ping);
        read_whole(tcp->fd, ping, sizeof ping);
        out_us[i] = (bench_now_s() - begin) * 1e6;
    }
}

double bench_tcp_stream(struct bench_tcp *tcp, uint64_t bytes)
{
    static uint8_t block[BLOCK_SIZE];
    double begin = bench_now_s();
    uint8_t first[BENCH_PING_SIZE] = {ASK_SWALLOW};
    write_whole(tcp->fd, first, sizeof first);
    write_whole(tcp->fd, (const uint8_t *)&bytes, sizeof bytes);
    for (uint64_t left = bytes; left > 0;) {
        size_t size = left < sizeof block ? left : sizeof block;
        write_whole(tcp->fd, block, size);
        left -= size;
    }
    read_whole(tcp->fd, first, 1);
    return bench_now_s() - begin;
}
