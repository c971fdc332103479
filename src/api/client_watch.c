/* SPDX-License-Identifier: MIT */
/* Following the stream of a node without waiting.
 *
 * Happy path: connect, the head of the answer comes, then events for as long as the node
 * runs. Ways to fail are those of client_stream.c; here each attempt to connect is a
 * moment that the caller's poll loop comes to. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "api/client_events.h"
#include "api/client_state.h"

#define BLOCKS_MAX 8 /* read at a time; then others have their turn */

struct kith_client_watch {
    struct kith_client *client;
    char *path; /* owned */
    const struct kith_client_follower *follower;
    struct kith_events events;
    bool is_asked;  /* the request is under way */
    bool is_open;   /* the head of the answer came: events follow */
    bool has_begun; /* it was open at least once */
    bool is_away;   /* and the follower was told so */
    int again_ms;   /* waited last between two attempts */
    int64_t due_ms; /* closed: when to connect; else when the silence is too long */
};

int kith_client_watch_new(const char *home, const char *path,
                          const struct kith_client_follower *follower,
                          struct kith_client_watch **out)
{
    struct kith_client_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return KITH_ENOMEM;
    watch->follower = follower;
    watch->events.event = follower->event;
    watch->events.ctx = follower->ctx;
    watch->path = strdup(path);
    watch->again_ms = KITH_STREAM_AGAIN_FIRST_MS / 2;
    if (!watch->path || kith_client_new(home, &watch->client) != 0) {
        kith_client_watch_free(watch);
        return KITH_ENOMEM;
    }
    *out = watch;
    return 0;
}

void kith_client_watch_free(struct kith_client_watch *watch)
{
    if (!watch)
        return;
    kith_client_free(watch->client);
    kith_events_deinit(&watch->events);
    free(watch->path);
    free(watch);
}

const char *kith_client_watch_detail(const struct kith_client_watch *watch)
{
    return kith_client_detail(watch->client);
}

struct kith_client_wait kith_client_watch_wait(const struct kith_client_watch *watch)
{
    const struct kith_http *http = &watch->client->http;
    int64_t left_ms = watch->due_ms - kith_http_now_ms();
    bool has_more = watch->is_open && http->at < http->end;
    return (struct kith_client_wait){
        .fd = http->fd,
        .events = POLLIN,
        .timeout_ms = has_more || left_ms < 0 ? 0 : (int)left_ms,
    };
}

/* The stream ended for a reason that passes: again in a while. */
static int lost(struct kith_client_watch *watch, int error)
{
    kith_http_close(&watch->client->http);
    watch->is_asked = watch->is_open = false;
    bool may_wait = watch->has_begun || watch->follower->is_going_on;
    if (error && (!may_wait || !kith_stream_may_pass(error)))
        return error;
    if (!watch->is_away && watch->follower->away)
        watch->follower->away(watch->follower->ctx);
    watch->is_away = true;
    watch->again_ms = kith_stream_again_ms(watch->again_ms);
    watch->due_ms = kith_http_now_ms() + watch->again_ms;
    return 0;
}

static int ask(struct kith_client_watch *watch)
{
    struct kith_client_ask ask = {
        .method = "GET",
        .path = watch->path,
        .last_event_id = watch->events.id[0] ? watch->events.id : NULL,
    };
    int error = kith_client_open(watch->client, &ask);
    if (error)
        return lost(watch, kith_client_fail(watch->client, error));
    watch->is_asked = true;
    watch->due_ms = kith_http_now_ms() + KITH_CLIENT_TIMEOUT_MS;
    return 0;
}

static void begin(struct kith_client_watch *watch)
{
    const struct kith_client_follower *follower = watch->follower;
    kith_events_begin(&watch->events);
    watch->is_open = watch->has_begun = true;
    watch->again_ms = KITH_STREAM_AGAIN_FIRST_MS / 2;
    watch->due_ms = kith_http_now_ms() + KITH_STREAM_SILENCE_MS;
    if (follower->open)
        follower->open(follower->ctx);
    watch->is_away = false;
}

/* The node answered with a problem in place of a stream. */
static int refused(struct kith_client_watch *watch)
{
    struct kith_answer answer;
    watch->client->http.deadline_ms = kith_http_now_ms() + KITH_CLIENT_TIMEOUT_MS;
    int error = kith_client_finish(watch->client, &answer);
    kith_answer_deinit(&answer);
    return lost(watch, error ? error : kith_client_fail(watch->client, KITH_EPROTO));
}

static bool is_late(const struct kith_client_watch *watch)
{
    return kith_http_now_ms() >= watch->due_ms;
}

static int read_head(struct kith_client_watch *watch)
{
    int error = kith_client_exchange(watch->client);
    if (error == KITH_ETIMEDOUT && !is_late(watch))
        return 0;
    if (error)
        return lost(watch, kith_client_fail(watch->client, error));
    if (watch->client->http.status >= 300)
        return refused(watch);
    begin(watch);
    return 0;
}

static int read_events(struct kith_client_watch *watch)
{
    char bytes[16384];
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        size_t size;
        int error = kith_http_read_body(&watch->client->http, bytes, sizeof bytes, &size);
        if (error == KITH_ETIMEDOUT && !is_late(watch))
            break;
        if (error || size == 0)
            return lost(watch, error);
        watch->due_ms = kith_http_now_ms() + KITH_STREAM_SILENCE_MS;
        int result = kith_events_feed(&watch->events, bytes, size);
        if (result)
            return result < 0 ? kith_client_fail(watch->client, result) : result;
    }
    const struct kith_client_follower *follower = watch->follower;
    return follower->pause ? follower->pause(follower->ctx) : 0;
}

int kith_client_watch_go_on(struct kith_client_watch *watch)
{
    if (!watch->is_asked) {
        int error = is_late(watch) ? ask(watch) : 0;
        if (error || !watch->is_asked)
            return error;
    }
    watch->client->http.deadline_ms = 0;
    int error = watch->is_open ? 0 : read_head(watch);
    if (error || !watch->is_open)
        return error;
    return read_events(watch);
}
