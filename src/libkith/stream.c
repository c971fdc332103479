/* SPDX-License-Identifier: MIT */
/* Happy path: the thread follows the stream and queues; `ready` is readable while the
 * queue is not empty; the caller pulls.
 * Ways to fail: the node goes (told as AWAY, and BACK when the stream is open again); the
 * queue is full (the thread waits for room); the stream ends for good (the error is
 * told once the queue is empty); the handle is closed (the thread is cancelled). */
#include "libkith/stream.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/client.h"
#include "api/client_http.h"
#include "libkith/object.h"

struct item {
    enum kith_news_type type;
    json_t *json; /* owned; NULL of AWAY and BACK */
};

struct kith_stream {
    struct kith_client *client; /* the thread's */
    char path[64];
    pthread_t thread;
    int ready;  /* eventfd: readable while there is something to tell */
    int cancel; /* eventfd: readable once the thread has to end */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* room in the queue, open, ended, closing */
    /* Under the mutex: */
    struct item items[KITH_STREAM_NEWS_MAX];
    size_t first;
    size_t count;
    bool is_open; /* it was, at least once */
    bool is_ended;
    bool is_closing;
    int error; /* is_ended: why */
    /* The caller's: */
    struct kith_news_parts told; /* what kith_stream_next gave last */
    json_t *told_json;           /* owned; `told` points into it */
};

/* ---- the thread ---- */

/* Non-zero: the stream is closing. Takes what `item` owns. */
static int push(struct kith_stream *stream, struct item *item)
{
    pthread_mutex_lock(&stream->mutex);
    while (stream->count == KITH_STREAM_NEWS_MAX && !stream->is_closing)
        pthread_cond_wait(&stream->changed, &stream->mutex);
    bool is_closing = stream->is_closing;
    if (!is_closing) {
        size_t at = (stream->first + stream->count++) % KITH_STREAM_NEWS_MAX;
        stream->items[at] = *item;
        if (stream->count == 1)
            eventfd_write(stream->ready, 1);
    }
    pthread_mutex_unlock(&stream->mutex);
    if (is_closing)
        json_decref(item->json);
    return is_closing;
}

static int on_event(void *ctx, const struct kith_client_event *event)
{
    struct item item = {.json = json_loadb(event->data, event->size, 0, NULL)};
    if (kith_news_type_of(event->type, item.json, &item.type))
        return item.json ? push(ctx, &item) : KITH_ENOMEM; /* not to be passed over */
    json_decref(item.json); /* of a later version: not for us */
    return 0;
}

static void on_away(void *ctx)
{
    push(ctx, &(struct item){.type = KITH_NEWS_AWAY});
}

static void on_open(void *ctx)
{
    struct kith_stream *stream = ctx;
    pthread_mutex_lock(&stream->mutex);
    bool is_first = !stream->is_open;
    stream->is_open = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->mutex);
    if (!is_first)
        push(stream, &(struct item){.type = KITH_NEWS_BACK});
}

static void *follow(void *ctx)
{
    struct kith_stream *stream = ctx;
    struct kith_client_follower follower = {
        .event = on_event, .away = on_away, .open = on_open, .ctx = stream};
    int error = kith_client_follow(stream->client, stream->path, &follower);
    pthread_mutex_lock(&stream->mutex);
    stream->is_ended = true;
    stream->error = error < 0 ? error : KITH_ECLOSED;
    eventfd_write(stream->ready, 1);
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->mutex);
    return NULL;
}

/* ---- its beginning and end ---- */

static int start_thread(struct kith_stream *stream)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&stream->thread, NULL, follow, stream);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number == 0 ? 0 : KITH_ELIMIT;
}

static int wait_until_open(struct kith_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    while (!stream->is_open && !stream->is_ended)
        pthread_cond_wait(&stream->changed, &stream->mutex);
    int error = stream->is_open ? 0 : stream->error;
    pthread_mutex_unlock(&stream->mutex);
    return error;
}

static void release(struct kith_stream *stream)
{
    for (size_t i = 0; i < stream->count; i++)
        json_decref(stream->items[(stream->first + i) % KITH_STREAM_NEWS_MAX].json);
    json_decref(stream->told_json);
    if (stream->ready >= 0)
        close(stream->ready);
    if (stream->cancel >= 0)
        close(stream->cancel);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->mutex);
    kith_client_free(stream->client);
    free(stream);
}

int kith_stream_new(const char *home, uint64_t after, struct kith_stream **out,
                    char *detail)
{
    struct kith_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return KITH_ENOMEM;
    snprintf(stream->path, sizeof stream->path, "/stream?after=%llu",
             (unsigned long long)after);
    pthread_mutex_init(&stream->mutex, NULL);
    pthread_cond_init(&stream->changed, NULL);
    stream->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    stream->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = stream->ready < 0 || stream->cancel < 0 ? KITH_ELIMIT : 0;
    if (!error)
        error = kith_client_new(home, &stream->client);
    if (!error) {
        kith_client_cancel_by(stream->client, stream->cancel, POLLIN);
        error = start_thread(stream);
    }
    if (error) {
        snprintf(detail, KITH_WHY_SIZE, "%s", kith_error_text(error));
        release(stream);
        return error;
    }
    error = wait_until_open(stream);
    if (error) {
        snprintf(detail, KITH_WHY_SIZE, "%s", kith_client_detail(stream->client));
        kith_stream_free(stream);
        return error;
    }
    *out = stream;
    return 0;
}

void kith_stream_free(struct kith_stream *stream)
{
    if (!stream)
        return;
    pthread_mutex_lock(&stream->mutex);
    stream->is_closing = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->mutex);
    eventfd_write(stream->cancel, 1);
    pthread_join(stream->thread, NULL);
    release(stream);
}

/* ---- pulling ---- */

/* 0 with an item, the error that ended the stream, or KITH_ETIMEDOUT: nothing yet. */
static int pop(struct kith_stream *stream, struct item *out)
{
    eventfd_t ignored;
    int error = KITH_ETIMEDOUT;
    pthread_mutex_lock(&stream->mutex);
    if (stream->count > 0) {
        *out = stream->items[stream->first];
        stream->first = (stream->first + 1) % KITH_STREAM_NEWS_MAX;
        stream->count--;
        if (stream->count == 0 && !stream->is_ended)
            eventfd_read(stream->ready, &ignored);
        pthread_cond_signal(&stream->changed);
        error = 0;
    } else if (stream->is_ended) {
        error = stream->error;
    }
    pthread_mutex_unlock(&stream->mutex);
    return error;
}

/* False when the time is up, or a signal was handled. */
static bool wait_ready(const struct kith_stream *stream, int64_t until_ms)
{
    struct pollfd ready = {.fd = stream->ready, .events = POLLIN};
    int64_t left_ms = until_ms < 0 ? -1 : until_ms - kith_http_now_ms();
    if (until_ms >= 0 && left_ms <= 0)
        return false;
    return poll(&ready, 1, (int)left_ms) > 0;
}

int kith_stream_next(struct kith_stream *stream, int timeout_ms,
                     const struct kith_news **out)
{
    struct item item = {0};
    int64_t until_ms = timeout_ms < 0 ? -1 : kith_http_now_ms() + timeout_ms;
    int error;
    while ((error = pop(stream, &item)) == KITH_ETIMEDOUT)
        if (!wait_ready(stream, until_ms))
            return KITH_ETIMEDOUT;
    if (error)
        return error;
    json_decref(stream->told_json);
    stream->told_json = item.json;
    kith_news_fill(&stream->told, item.type, item.json);
    *out = &stream->told.news;
    return 0;
}

int kith_stream_fd(const struct kith_stream *stream)
{
    return stream->ready;
}

const char *kith_stream_detail(const struct kith_stream *stream)
{
    return kith_client_detail(stream->client);
}
