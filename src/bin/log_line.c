/* SPDX-License-Identifier: MIT */
#include "bin/log_line.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* Of a terminal poll promises a byte, not a line, and the descriptor is shared with the
 * shell: so one of our own, that does not wait. */
static int open_terminal(void)
{
    return isatty(STDERR_FILENO)
               ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
               : -1;
}

void kith_log_line(const char *line, size_t size)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    int own = open_terminal();
    while (size > 0 && poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0) {
        ssize_t written = write(own >= 0 ? own : STDERR_FILENO, line, size);
        if (written <= 0)
            break;
        line += written;
        size -= (size_t)written;
    }
    if (own >= 0)
        close(own);
}
