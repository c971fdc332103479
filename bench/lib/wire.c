/* SPDX-License-Identifier: MIT */
#include "wire.h"

/* The C library's own header lacks the counters of bytes. */
#include <linux/tcp.h>

#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

#define HEADERS_SIZE 52 /* IPv4 20, TCP 20, timestamps 12 */
#define TCP_IS_UP    1  /* TCP_ESTABLISHED, which only the C library's header names */

static void add(struct bench_wire *wire, int socket)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        info.tcpi_state != TCP_IS_UP)
        return;
    wire->connections++;
    wire->payload_bytes += info.tcpi_bytes_acked + info.tcpi_bytes_received;
    wire->segments += info.tcpi_segs_in + info.tcpi_segs_out;
}

struct bench_wire bench_wire_of(pid_t pid)
{
    char path[64];
    struct bench_wire wire = {0};
    int process = pidfd_open(pid, 0);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *files = opendir(path);
    bench_must(process >= 0 && files, "looking at a node's descriptors");
    for (struct dirent *file; (file = readdir(files));) {
        int fd = file->d_name[0] == '.'
                     ? -1
                     : pidfd_getfd(process, (int)strtol(file->d_name, NULL, 10), 0);
        if (fd < 0)
            continue;
        add(&wire, fd);
        close(fd);
    }
    closedir(files);
    close(process);
    return wire;
}

double bench_wire_bytes(const struct bench_wire *wire)
{
    return (double)wire->payload_bytes + (double)wire->segments * HEADERS_SIZE;
}
