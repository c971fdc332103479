/* SPDX-License-Identifier: MIT */
#include "raw_tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
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
static void serve(int fd)
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

void bench_tcp_open(struct bench_tcp *tcp)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    bench_must(bind(listening, (struct sockaddr *)&at, size) == 0 &&
                   listen(listening, 1) == 0 &&
                   getsockname(listening, (struct sockaddr *)&at, &size) == 0,
               "listening");
    tcp->child = fork();
    bench_must(tcp->child >= 0, "fork");
    int one = 1;
    if (tcp->child == 0) {
        int fd = accept(listening, NULL, NULL);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        serve(fd);
    }
    close(listening);
    tcp->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(tcp->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    bench_must(connect(tcp->fd, (struct sockaddr *)&at, size) == 0, "connecting");
}

void bench_tcp_close(struct bench_tcp *tcp)
{
    close(tcp->fd);
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
