/* SPDX-License-Identifier: MIT */
/* The lines of a long answer, as the client reads them off its socket: whole, terminated,
 * and none after the reader has enough. */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/client_state.h"
#include "kith/error.h"

#define STOP_AT 50 /* lines: the reader has enough */

static int on_line(void *ctx, const char *line, size_t size)
{
    size_t *count = ctx;
    assert(line[size] == '\0' && (size == 0 || memchr(line, '\n', size) == NULL));
    return ++*count == STOP_AT ? STOP_AT : 0;
}

/* The first byte counts as read ahead, for what is there before it was asked for is taken
 * for the end of an idle connection. */
static void answer(struct kith_client *client, int fd, const uint8_t *data, size_t size)
{
    client->http.buffer[0] = (char)data[0];
    client->http.end = 1;
    ssize_t sent = send(fd, data + 1, size - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    assert(sent == (ssize_t)size - 1);
    shutdown(fd, SHUT_WR);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    int ends[2];
    size_t count = 0;
    struct kith_client *client;
    const struct kith_client_reader reader = {on_line, &count};
    if (size == 0)
        return;
    int error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    assert(error == 0);
    error = kith_client_new("/nowhere", &client);
    assert(error == 0);
    client->http.fd = ends[0];
    answer(client, ends[1], data, size);
    error = kith_client_download(client, "/export?", &reader);
    assert((error == STOP_AT) == (count == STOP_AT) && (error <= 0 || error == STOP_AT));
    assert((error < 0) == (kith_client_detail(client)[0] != '\0'));
    kith_client_free(client);
    close(ends[1]);
}
