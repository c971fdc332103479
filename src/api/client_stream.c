/* SPDX-License-Identifier: MIT */
/* Server-Sent Events as a client reads them (HTML Standard, section 9.2.6).
 *
 * Happy path: open, read lines, hand out an event at each empty line, remember its id.
 * Ways to fail: the node restarts (connect again until it is back, and go on after the
 * last id); this reader was too slow and the node closed the stream (the same); the
 * node is silent for longer than its heartbeat (the same); the client is cancelled while
 * it waits (the end). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client_state.h"

enum {
    SILENCE_MS = 40000,   /* two heartbeats of the server, and some more */
    AGAIN_FIRST_MS = 100, /* between attempts to connect, doubling */
    AGAIN_MAX_MS = 2000,
    EVENT_SIZE_MAX = 1024 * 1024, /* a longest text, every byte escaped, fits twice */
    ID_SIZE = 32,
    TYPE_SIZE = 32,
};

struct stream {
    struct kith_client *client;
    const struct kith_client_follower *follower;
    char id[ID_SIZE]; /* of the last event that had one */
    char type[TYPE_SIZE];
    char *line; /* owned; the one being read */
    size_t line_size;
    char *data; /* owned; of the event being read */
    size_t data_size;
    size_t capacity; /* of both */
    bool has_begun;  /* it was open at least once */
};

static int dispatch(struct stream *stream)
{
    if (stream->data_size == 0)
        return 0;
    struct kith_client_event event = {
        .type = stream->type[0] ? stream->type : "message",
        .data = stream->data,
        .size = stream->data_size,
    };
    int result = stream->follower->event(stream->follower->ctx, &event);
    stream->data_size = 0;
    stream->type[0] = '\0';
    return result;
}

static const char *field(const char *line, const char *name)
{
    size_t size = strlen(name);
    if (strncmp(line, name, size) != 0 || line[size] != ':')
        return NULL;
    return line + size + (line[size + 1] == ' ' ? 2 : 1);
}

/* The line is terminated. Non-zero ends the following. */
static int take_line(struct stream *stream)
{
    const char *value;
    if (stream->line_size == 0)
        return dispatch(stream);
    if ((value = field(stream->line, "data"))) {
        stream->data_size = strlen(value);
        memcpy(stream->data, value, stream->data_size + 1);
    } else if ((value = field(stream->line, "event"))) {
        snprintf(stream->type, sizeof stream->type, "%s", value);
    } else if ((value = field(stream->line, "id"))) {
        snprintf(stream->id, sizeof stream->id, "%s", value);
    }
    return 0;
}

static bool grow(struct stream *stream)
{
    size_t capacity = stream->capacity ? stream->capacity * 2 : 4096;
    if (capacity > EVENT_SIZE_MAX)
        return false;
    char *line = realloc(stream->line, capacity);
    if (line)
        stream->line = line;
    char *data = realloc(stream->data, capacity);
    if (data)
        stream->data = data;
    if (line && data)
        stream->capacity = capacity;
    return line && data;
}

static bool keep(struct stream *stream, const char *bytes, size_t size)
{
    while (stream->line_size + size >= stream->capacity)
        if (!grow(stream))
            return false;
    memcpy(stream->line + stream->line_size, bytes, size);
    stream->line_size += size;
    stream->line[stream->line_size] = '\0';
    return true;
}

static int take_bytes(struct stream *stream, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    while (bytes < end) {
        const char *feed = memchr(bytes, '\n', (size_t)(end - bytes));
        if (!keep(stream, bytes, (size_t)((feed ? feed : end) - bytes)))
            return KITH_EPROTO;
        if (!feed)
            return 0;
        bytes = feed + 1;
        int result = take_line(stream);
        stream->line_size = 0;
        if (result)
            return result;
    }
    return 0;
}

static int open_stream(struct stream *stream, const char *path)
{
    struct kith_client *client = stream->client;
    struct kith_client_ask ask = {
        .method = "GET",
        .path = path,
        .last_event_id = stream->id[0] ? stream->id : NULL,
    };
    kith_http_close(&client->http);
    int error = kith_client_begin(client, &ask, KITH_CLIENT_TIMEOUT_MS);
    if (error || client->http.status < 300)
        return error;
    struct kith_answer answer;
    error = kith_client_finish(client, &answer);
    kith_answer_deinit(&answer);
    return error ? error : kith_client_fail(client, KITH_EPROTO);
}

/* Until the stream ends (*ended, and the reason) or the follower has enough. */
static int read_stream(struct stream *stream, bool *ended)
{
    char bytes[16384];
    size_t size;
    struct kith_http *http = &stream->client->http;
    stream->line_size = stream->data_size = 0;
    stream->type[0] = '\0';
    for (;;) {
        http->deadline_ms = kith_http_now_ms() + SILENCE_MS;
        int error = kith_http_read_body(http, bytes, sizeof bytes, &size);
        *ended = error || size == 0;
        if (*ended)
            return error;
        int result = take_bytes(stream, bytes, size);
        if (!result && stream->follower->pause)
            result = stream->follower->pause(stream->follower->ctx);
        if (result)
            return result;
    }
}

/* Errors that pass when the node is started again. */
static bool may_pass(int error)
{
    return error == KITH_ENONODE || error == KITH_ECLOSED || error == KITH_ETIMEDOUT ||
           error == KITH_ELIMIT;
}

static int reopen(struct stream *stream, const char *path)
{
    int wait_ms = AGAIN_FIRST_MS;
    bool is_told = false;
    for (;;) {
        int error = open_stream(stream, path);
        if (!error || !stream->has_begun || !may_pass(error))
            return error;
        if (!is_told && stream->follower->away)
            stream->follower->away(stream->follower->ctx);
        is_told = true;
        if (!kith_http_rest(&stream->client->http, wait_ms))
            return kith_client_fail(stream->client, KITH_ECLOSED);
        wait_ms = wait_ms * 2 < AGAIN_MAX_MS ? wait_ms * 2 : AGAIN_MAX_MS;
    }
}

int kith_client_follow(struct kith_client *client, const char *path,
                       const struct kith_client_follower *follower)
{
    struct stream stream = {.client = client, .follower = follower};
    int result;
    bool ended = true;
    do {
        result = reopen(&stream, path);
        if (result)
            break;
        stream.has_begun = true;
        if (follower->open)
            follower->open(follower->ctx);
        result = read_stream(&stream, &ended);
    } while (ended);
    kith_http_close(&client->http);
    free(stream.line);
    free(stream.data);
    return result;
}
