/* SPDX-License-Identifier: MIT */
#include "bin/write_ready.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Of a terminal poll promises a byte, not a line, and the descriptor is shared with the
 * shell: so one of our own, that does not wait. */
static int open_terminal(int fd)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return isatty(fd) ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
}

/* Of a pipe poll promises PIPE_BUF. */
size_t kith_write_ready(int fd, const char *bytes, size_t size)
{
    struct pollfd out = {.fd = fd, .events = POLLOUT};
    int own = open_terminal(fd);
    size_t done = 0;
    while (done < size && poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0) {
        size_t piece = size - done < PIPE_BUF ? size - done : PIPE_BUF;
        ssize_t written = write(own >= 0 ? own : fd, bytes + done, piece);
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    if (own >= 0)
        close(own);
    return done;
}
