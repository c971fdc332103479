/* SPDX-License-Identifier: MIT */
#include "raw_fan.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define BLOCK_SIZE 16384
#define READ_SIZE  65536
#define EVENTS     64

struct fan {
    pid_t reader;
    int done; /* a byte comes once all was read */
    int *fds;
};

static void read_all(const int *fds, unsigned count, uint64_t total, int done)
{
    static uint8_t block[READ_SIZE];
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(0);
    for (unsigned i = 0; i < count; i++)
        bench_must(epoll_ctl(poll, EPOLL_CTL_ADD, fds[i],
                             &(struct epoll_event){EPOLLIN, {.fd = fds[i]}}) == 0,
                   "watching a socket");
    while (total > 0) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            ssize_t size = read(events[i].data.fd, block, sizeof block);
            bench_must(size > 0, "reading");
            total -= (uint64_t)size;
        }
    }
    bench_must(write(done, "", 1) == 1, "telling that all was read");
    _exit(0);
}

/* Connections of which the near ends stay here; returns the far ends, the caller's. */
static int *connect_all(struct fan *fan, unsigned count)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    int *far = calloc(count, sizeof *far);
    fan->fds = calloc(count, sizeof *fan->fds);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bench_must(far && fan->fds && bind(listening, (struct sockaddr *)&at, size) == 0 &&
                   listen(listening, (int)count) == 0 &&
                   getsockname(listening, (struct sockaddr *)&at, &size) == 0,
               "listening");
    for (unsigned i = 0; i < count; i++) {
        fan->fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        bench_must(connect(fan->fds[i], (struct sockaddr *)&at, sizeof at) == 0,
                   "connecting");
        far[i] = accept(listening, NULL, NULL);
    }
    close(listening);
    return far;
}

static void open_fan(struct fan *fan, unsigned count, uint64_t bytes)
{
    int done[2];
    int *far = connect_all(fan, count);
    bench_must(pipe(done) == 0, "a pipe");
    fan->reader = fork();
    bench_must(fan->reader >= 0, "fork");
    if (fan->reader == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        read_all(far, count, count * bytes, done[1]);
    }
    for (unsigned i = 0; i < count; i++)
        close(far[i]);
    free(far);
    close(done[1]);
    fan->done = done[0];
}

static void write_block(int fd, size_t size)
{
    static const uint8_t block[BLOCK_SIZE];
    while (size > 0) {
        ssize_t put = write(fd, block, size);
        bench_must(put > 0, "writing");
        size -= (size_t)put;
    }
}

double bench_fan_write(unsigned count, uint64_t bytes)
{
    struct fan fan;
    char byte;
    open_fan(&fan, count, bytes);
    double begin = bench_now_s();
    for (uint64_t left = bytes; left > 0;) {
        size_t size = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
        for (unsigned i = 0; i < count; i++)
            write_block(fan.fds[i], size);
        left -= size;
    }
    bench_must(read(fan.done, &byte, 1) == 1, "hearing that all was read");
    double spent = bench_now_s() - begin;
    for (unsigned i = 0; i < count; i++)
        close(fan.fds[i]);
    free(fan.fds);
    close(fan.done);
    waitpid(fan.reader, NULL, 0);
    return spent;
}
