/* SPDX-License-Identifier: MIT */
#include "bin/log_line.h"

#include <poll.h>
#include <unistd.h>

void kith_log_line(const char *line, size_t size)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    while (size > 0 && poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0) {
        ssize_t written = write(STDERR_FILENO, line, size);
        if (written <= 0)
            return;
        line += written;
        size -= (size_t)written;
    }
}
