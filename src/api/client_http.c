/* SPDX-License-Identifier: MIT */
#include "api/client_http.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kith/error.h"

int64_t kith_http_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the socket ---- */

bool kith_http_rest(const struct kith_http *http, int ms)
{
    struct pollfd cancel = {.fd = http->cancel_fd, .events = http->cancel_events};
    int64_t until_ms = kith_http_now_ms() + ms;
    for (;;) {
        int64_t left_ms = until_ms - kith_http_now_ms();
        int ready = poll(&cancel, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready > 0)
            return false;
        if (left_ms <= 0)
            return true;
    }
}

static int wait_for(struct kith_http *http, short events)
{
    struct pollfd poll_fds[] = {{.fd = http->fd, .events = events},
                                {.fd = http->cancel_fd, .events = http->cancel_events}};
    for (;;) {
        int timeout_ms = -1;
        if (http->deadline_ms != INT64_MAX) {
            int64_t left_ms = http->deadline_ms - kith_http_now_ms();
            timeout_ms = left_ms <= 0 ? 0 : left_ms > 3600000 ? 3600000 : (int)left_ms;
        }
        int ready = poll(poll_fds, 2, timeout_ms);
        if (ready > 0)
            return poll_fds[1].revents ? KITH_ECLOSED : 0;
        if (ready == 0 && kith_http_now_ms() >= http->deadline_ms)
            return KITH_ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return KITH_ECLOSED;
    }
}

int kith_http_write_on(struct kith_http *http, const char *data, size_t size,
                       size_t *sent)
{
    while (*sent < size) {
        ssize_t written =
            send(http->fd, data + *sent, size - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written >= 0) {
            *sent += (size_t)written;
            continue;
        }
        int error = errno == EINTR                            ? 0
                    : errno == EAGAIN || errno == EWOULDBLOCK ? wait_for(http, POLLOUT)
                                                              : KITH_ECLOSED;
        if (error)
            return error;
    }
    return 0;
}

int kith_http_write(struct kith_http *http, const void *data, size_t size)
{
    size_t sent = 0;
    return kith_http_write_on(http, data, size, &sent);
}

/* At least one byte into the empty buffer. */
static int fill(struct kith_http *http)
{
    for (;;) {
        ssize_t size = recv(http->fd, http->buffer, sizeof http->buffer, MSG_DONTWAIT);
        if (size > 0) {
            http->at = 0;
            http->end = (size_t)size;
            return 0;
        }
        if (size == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
            return KITH_ECLOSED;
        int error = wait_for(http, POLLIN);
        if (error)
            return error;
    }
}

/* The next line into http->line, without its CR LF and terminated. What came of it stays
 * there when the deadline passes. */
static int read_line(struct kith_http *http)
{
    for (;;) {
        int error = http->at == http->end ? fill(http) : 0;
        if (error)
            return error;
        char byte = http->buffer[http->at++];
        if (byte == '\n')
            break;
        if (http->line_size == KITH_HTTP_LINE_SIZE_MAX - 1)
            return KITH_EPROTO;
        http->line[http->line_size++] = byte;
    }
    if (http->line_size > 0 && http->line[http->line_size - 1] == '\r')
        http->line_size--;
    http->line[http->line_size] = '\0';
    http->line_size = 0;
    return 0;
}

/* ---- the head ---- */

static bool parse_number(const char *text, int base, uint64_t *out)
{
    char *end;
    if (text[0] == '-' || text[0] == '+')
        return false;
    errno = 0;
    *out = strtoull(text, &end, base);
    return end > text && errno == 0 && (*end == '\0' || *end == ' ' || *end == ';');
}

static int take_header(struct kith_http *http, char *line)
{
    char *value = strchr(line, ':');
    if (!value)
        return KITH_EPROTO;
    *value++ = '\0';
    while (*value == ' ' || *value == '\t')
        value++;
    if (strcasecmp(line, "Content-Length") == 0) {
        http->is_until_close = false;
        return parse_number(value, 10, &http->left) ? 0 : KITH_EPROTO;
    }
    if (strcasecmp(line, "Transfer-Encoding") == 0) {
        http->is_until_close = false;
        http->is_chunked = strcasecmp(value, "chunked") == 0;
        return http->is_chunked ? 0 : KITH_EPROTO;
    }
    if (strcasecmp(line, "Connection") == 0 && strcasecmp(value, "close") == 0)
        http->is_last = true;
    return 0;
}

static int take_status(struct kith_http *http, const char *line)
{
    uint64_t status = 0;
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12 ||
        !parse_number(line + 9, 10, &status) || status < 100 || status > 999)
        return KITH_EPROTO;
    http->status = (unsigned)status;
    http->is_chunked = false;
    http->is_in_chunks = false;
    http->is_in_trailers = false;
    http->is_until_close = true;
    http->is_last = line[7] == '0';
    http->is_done = false;
    http->left = 0;
    return 0;
}

static int read_one_head(struct kith_http *http)
{
    int error = 0;
    if (!http->is_in_head) {
        error = read_line(http);
        if (!error)
            error = take_status(http, http->line);
        http->is_in_head = !error;
        http->header_count = 0;
    }
    for (; !error && http->header_count <= KITH_HTTP_HEADERS_MAX; http->header_count++) {
        error = read_line(http);
        if (!error && http->line[0] == '\0') {
            http->is_in_head = false;
            return 0;
        }
        if (!error)
            error = take_header(http, http->line);
        if (error)
            return error;
    }
    return error ? error : KITH_EPROTO;
}

int kith_http_read_head(struct kith_http *http)
{
    int error;
    do
        error = read_one_head(http);
    while (!error && http->status < 200);
    if (!error && (http->status == 204 || http->status == 304))
        http->is_done = true;
    if (!error && !http->is_chunked && !http->is_until_close && http->left == 0)
        http->is_done = true;
    if (!error && http->is_until_close)
        http->is_last = true;
    return error;
}

/* ---- the body ---- */

static int read_trailers(struct kith_http *http)
{
    for (; http->header_count <= KITH_HTTP_HEADERS_MAX; http->header_count++) {
        int error = read_line(http);
        if (error)
            return error;
        http->is_done = http->line[0] == '\0';
        if (http->is_done)
            return 0;
    }
    return KITH_EPROTO;
}

static int begin_chunk(struct kith_http *http)
{
    int error = 0;
    if (http->is_in_trailers)
        return read_trailers(http);
    if (http->is_in_chunks) {
        error = read_line(http);
        if (!error && http->line[0] != '\0')
            return KITH_EPROTO;
        http->is_in_chunks = error != 0;
    }
    if (!error)
        error = read_line(http);
    if (!error && !parse_number(http->line, 16, &http->left))
        return KITH_EPROTO;
    if (error)
        return error;
    http->is_in_chunks = true;
    http->is_in_trailers = http->left == 0;
    http->header_count = 0;
    return http->is_in_trailers ? read_trailers(http) : 0;
}

int kith_http_read_body(struct kith_http *http, void *out, size_t size, size_t *out_size)
{
    *out_size = 0;
    int error = 0;
    if (!http->is_done && http->is_chunked && http->left == 0)
        error = begin_chunk(http);
    if (error || http->is_done)
        return error;
    error = http->at == http->end ? fill(http) : 0;
    if (error == KITH_ECLOSED && http->is_until_close) {
        http->is_done = true;
        return 0;
    }
    if (error)
        return error;
    size_t ready = http->end - http->at;
    size = size < ready ? size : ready;
    if (!http->is_until_close && size > http->left)
        size = (size_t)http->left;
    memcpy(out, http->buffer + http->at, size);
    http->at += size;
    if (!http->is_until_close)
        http->left -= size;
    http->is_done = !http->is_until_close && !http->is_chunked && http->left == 0;
    *out_size = size;
    return 0;
}

void kith_http_close(struct kith_http *http)
{
    if (http->fd >= 0)
        close(http->fd);
    http->fd = -1;
    http->at = http->end = 0;
    http->line_size = 0;
    http->is_in_head = false;
}
