/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/client_state.h"

enum {
    PIECE_SIZE = 64 * 1024,
    LINE_SIZE_MAX = 16 * 1024 * 1024, /* the longest line of an export is a quarter */
    SILENCE_MS = 120000,              /* of a node that is busy with others */
};

/* ---- reading ---- */

struct lines {
    const struct kith_client_reader *reader;
    char *rest; /* owned: of a line whose end is still to come */
    size_t size;
    size_t capacity;
};

static int keep(struct lines *lines, const char *bytes, size_t size)
{
    if (lines->size + size + 1 > lines->capacity) {
        size_t capacity = 2 * (lines->size + size + 1);
        char *larger = capacity <= LINE_SIZE_MAX ? realloc(lines->rest, capacity) : NULL;
        if (!larger)
            return capacity <= LINE_SIZE_MAX ? KITH_ENOMEM : KITH_EPROTO;
        lines->rest = larger;
        lines->capacity = capacity;
    }
    memcpy(lines->rest + lines->size, bytes, size);
    lines->size += size;
    lines->rest[lines->size] = '\0';
    return 0;
}

static int take(struct lines *lines, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    int result = 0;
    while (!result && bytes < end) {
        const char *feed = memchr(bytes, '\n', (size_t)(end - bytes));
        result = keep(lines, bytes, (size_t)((feed ? feed : end) - bytes));
        if (result || !feed)
            return result;
        result = lines->reader->line(lines->reader->ctx, lines->rest, lines->size);
        lines->size = 0;
        bytes = feed + 1;
    }
    return result;
}

static int read_lines(struct kith_client *client, const struct kith_client_reader *reader)
{
    struct lines lines = {.reader = reader};
    size_t size = 1;
    int result = 0;
    char *piece = malloc(PIECE_SIZE);
    if (!piece)
        return KITH_ENOMEM;
    while (!result && size > 0) {
        client->http.deadline_ms = kith_http_now_ms() + SILENCE_MS;
        result = kith_http_read_body(&client->http, piece, PIECE_SIZE, &size);
        if (!result)
            result = take(&lines, piece, size);
    }
    free(piece);
    free(lines.rest);
    return result;
}

int kith_client_download(struct kith_client *client, const char *path,
                         const struct kith_client_reader *reader)
{
    struct kith_client_ask ask = {.method = "GET", .path = path};
    struct kith_answer answer;
    int error = kith_client_begin(client, &ask, SILENCE_MS);
    if (error)
        return error;
    if (client->http.status >= 300) {
        error = kith_client_finish(client, &answer);
        kith_answer_deinit(&answer);
        return error ? error : kith_client_fail(client, KITH_EPROTO);
    }
    error = read_lines(client, reader);
    kith_http_close(&client->http);
    return error < 0 ? kith_client_fail(client, error) : error;
}

/* ---- writing ---- */

/* The node says no before all was sent. */
static bool has_answer(const struct kith_http *http)
{
    char byte;
    return recv(http->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static int write_piece(struct kith_http *http, const char *piece, size_t size)
{
    char head[32];
    int head_size = snprintf(head, sizeof head, "%zx\r\n", size);
    http->deadline_ms = kith_http_now_ms() + SILENCE_MS;
    int error = kith_http_write(http, head, (size_t)head_size);
    if (!error)
        error = kith_http_write(http, piece, size);
    return error ? error : kith_http_write(http, "\r\n", 2);
}

/* Returns what went wrong, or (positive) what `read` ended it with. */
static int write_body(struct kith_http *http, const struct kith_client_writer *writer)
{
    int result = 0;
    char *piece = malloc(PIECE_SIZE);
    if (!piece)
        return KITH_ENOMEM;
    while (!result && !has_answer(http)) {
        size_t size = 0;
        result = writer->read(writer->ctx, piece, PIECE_SIZE, &size);
        if (!result && size == 0) {
            result = kith_http_write(http, "0\r\n\r\n", 5);
            break;
        }
        if (!result)
            result = write_piece(http, piece, size);
    }
    free(piece);
    return result;
}

static int post(struct kith_client *client, const char *path,
                const struct kith_client_writer *writer)
{
    char head[512];
    int size = snprintf(head, sizeof head,
                        "POST /api/v1%s HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Type: application/jsonl\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n",
                        path);
    struct kith_http *http = &client->http;
    http->deadline_ms = kith_http_now_ms() + SILENCE_MS;
    kith_http_close(http);
    client->is_saying = false;
    client->body_size = 0;
    int error = kith_client_connect(client);
    if (!error)
        error = kith_http_write(http, head, (size_t)size);
    if (!error)
        error = write_body(http, writer);
    http->deadline_ms = kith_http_now_ms() + SILENCE_MS;
    /* A server that refuses closes while it is still being written to: its answer may be
     * there all the same. */
    if (!error || (error == KITH_ECLOSED && http->fd >= 0))
        error = kith_http_read_head(http);
    return error;
}

int kith_client_upload(struct kith_client *client, const char *path,
                       const struct kith_client_writer *writer, struct kith_answer *out)
{
    *out = (struct kith_answer){0};
    client->detail[0] = '\0';
    int error = post(client, path, writer);
    if (!error)
        error = kith_client_finish(client, out);
    else if (error < 0)
        kith_client_fail(client, error);
    kith_http_close(&client->http);
    return error;
}
