/* SPDX-License-Identifier: MIT */
/* Following the stream of a node, waiting.
 *
 * Happy path: open, hand out events, remember the last id.
 * Ways to fail: the node restarts (connect again until it is back, and go on after the
 * last id); this reader was too slow and the node closed the stream (the same); the
 * node is silent for longer than its heartbeat (the same); the client is cancelled while
 * it waits (the end). */
#include "api/client_events.h"
#include "api/client_state.h"

struct stream {
    struct kith_client *client;
    const struct kith_client_follower *follower;
    struct kith_events events;
    bool has_begun; /* it was open at least once, or goes on from something else */
};

static int open_stream(struct stream *stream, const char *path)
{
    struct kith_client *client = stream->client;
    struct kith_client_ask ask = {
        .method = "GET",
        .path = path,
        .last_event_id = stream->events.id[0] ? stream->events.id : NULL,
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
    kith_events_begin(&stream->events);
    for (;;) {
        http->deadline_ms = kith_http_now_ms() + KITH_STREAM_SILENCE_MS;
        int error = kith_http_read_body(http, bytes, sizeof bytes, &size);
        *ended = error || size == 0;
        if (*ended)
            return error;
        int result = kith_events_feed(&stream->events, bytes, size);
        if (!result && stream->follower->pause)
            result = stream->follower->pause(stream->follower->ctx);
        if (result)
            return result;
    }
}

static int reopen(struct stream *stream, const char *path)
{
    const struct kith_client_follower *follower = stream->follower;
    int wait_ms = KITH_STREAM_AGAIN_FIRST_MS;
    bool is_told = false;
    for (;;) {
        int error = open_stream(stream, path);
        if (!error || !stream->has_begun || !kith_stream_may_pass(error))
            return error;
        if (!is_told && follower->away && kith_http_rest(&stream->client->http, 0))
            follower->away(follower->ctx);
        is_told = true;
        if (!kith_http_rest(&stream->client->http, wait_ms))
            return kith_client_fail(stream->client, KITH_ECLOSED);
        wait_ms = kith_stream_again_ms(wait_ms);
    }
}

int kith_client_follow(struct kith_client *client, const char *path,
                       const struct kith_client_follower *follower)
{
    struct stream stream = {
        .client = client,
        .follower = follower,
        .events = {.event = follower->event, .ctx = follower->ctx},
        .has_begun = follower->is_going_on,
    };
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
        if (result < 0 && !ended)
            kith_client_fail(client, result);
    } while (ended);
    kith_http_close(&client->http);
    kith_events_deinit(&stream.events);
    return result;
}
