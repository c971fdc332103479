/* SPDX-License-Identifier: MIT */
/* A program's side of the control API: HTTP/1.1 over the socket in the home.
 *
 * A client holds one connection and makes it anew when it was closed. Requests and the
 * stream come in two forms: one waits, the other is for programs that poll for
 * themselves. Nothing here prints; what the node says of a failure is kept for whoever
 * does. */
#ifndef KITH_API_CLIENT_H
#define KITH_API_CLIENT_H

#include <jansson.h>

#include "base/bytes.h"
#include "kith/error.h"

#define KITH_CLIENT_TIMEOUT_MS       30000 /* a node answers most requests within 20 ms */
#define KITH_CLIENT_ANSWER_SIZE_MAX  (64 * 1024 * 1024)
#define KITH_CLIENT_DETAIL_SIZE      1024
#define KITH_CLIENT_REQUEST_SIZE_MAX (1024 * 1024) /* what the server takes */

struct kith_client; /* opaque */

/* Of the node that runs on `home` (a directory). Connects with the first request. Returns
 * 0 or KITH_ENOMEM. */
int kith_client_new(const char *home, struct kith_client **out);
void kith_client_free(struct kith_client *client);

/* Give up whatever waits, now and from now on, once poll tells one of `events`, an error
 * or a hang-up of the descriptor `fd` (borrowed): the call returns KITH_ECLOSED, from
 * kith_client_follow too, without `away`. With POLLIN another thread ends it; with 0 it
 * ends when nobody reads what is written to `fd`. */
void kith_client_cancel_by(struct kith_client *client, int fd, short events);

/* What came back. `json` is NULL when there was no body. */
struct kith_answer {
    unsigned status; /* of HTTP; 0 when there was no answer */
    json_t *json;    /* owned: the object asked for, or problem details */
};
void kith_answer_deinit(struct kith_answer *answer);

/* Ask and wait for the answer. `path` is the part after /api/v1, with its query;
 * `body` (borrowed) may be NULL. Returns 0 with the answer, or
 *  - the error that the node named in its problem details (which `out` then holds),
 *  - KITH_ENONODE when no node runs there, KITH_EACCESS when the socket is another
 * user's,
 *  - KITH_ETIMEDOUT, KITH_ECLOSED, KITH_EPROTO (what answered is no node), KITH_EIO,
 *    KITH_ENOMEM.
 * kith_client_detail then has a sentence on it. */
int kith_client_request(struct kith_client *client, const char *method, const char *path,
                        const json_t *body, int timeout_ms, struct kith_answer *out);

/* What went wrong last, in a sentence that says what to do next; never NULL. */
const char *kith_client_detail(const struct kith_client *client);

/* What to poll, and for how long at most; `fd` -1: only the time. */
struct kith_client_wait {
    int fd;
    short events; /* POLLIN, POLLOUT */
    int timeout_ms;
};

#define KITH_CLIENT_WAITS 1 /* no error: it goes on when there is something to poll */

/* As kith_client_request, without waiting: begin it, and when what kith_client_call_wait
 * names is ready or its time is over, go on with it. Begin returns 0 or an error, go_on
 * KITH_CLIENT_WAITS until there is an answer or an error. One call at a time, and no
 * request meanwhile. */
int kith_client_call(struct kith_client *client, const char *method, const char *path,
                     const json_t *body, int timeout_ms);
struct kith_client_wait kith_client_call_wait(const struct kith_client *client);
int kith_client_call_go_on(struct kith_client *client, struct kith_answer *out);

/* ---- the stream ---- */

struct kith_client_event {
    const char *type; /* "message", "peer", "delivery", "warning" */
    const char *data; /* one JSON object on a line, terminated */
    size_t size;
};

/* Read events of `path` (as above: "/stream?…") until `event` returns non-zero, which is
 * returned. When the node closes the stream or goes away, the stream is resumed after the
 * last event, trying for ever; `away` (may be NULL) is told once each time that
 * begins. `pause` (may be NULL; non-zero as from `event`) comes when all that has come
 * was handed out: the moment to flush. `open` (may be NULL) is told each time the
 * stream is open: from then on nothing is missed. Before it was open for the first time,
 * errors are returned as from a request, unless the follower goes on from what it was
 * answered before (`is_going_on`): the node was there, and is waited for. */
struct kith_client_follower {
    int (*event)(void *ctx, const struct kith_client_event *event);
    int (*pause)(void *ctx);
    void (*away)(void *ctx);
    void (*open)(void *ctx);
    void *ctx;
    bool is_going_on;
};
int kith_client_follow(struct kith_client *client, const char *path,
                       const struct kith_client_follower *follower);

/* The same without waiting, on a connection of its own. `follower` and what it points at
 * are borrowed until the end. Returns 0 or KITH_ENOMEM; it connects when it first goes
 * on. */
struct kith_client_watch; /* opaque */
int kith_client_watch_new(const char *home, const char *path,
                          const struct kith_client_follower *follower,
                          struct kith_client_watch **out);
void kith_client_watch_free(struct kith_client_watch *watch);
struct kith_client_wait kith_client_watch_wait(const struct kith_client_watch *watch);

/* Hand out what came, and connect when that is due; never for long, so there may be more
 * when it returns (the wait is then 0). Returns 0, what `event` or `pause` returned when
 * that was not 0, or an error that does not pass, with a sentence in the detail. */
int kith_client_watch_go_on(struct kith_client_watch *watch);
const char *kith_client_watch_detail(const struct kith_client_watch *watch);

/* ---- much at once ---- */

/* Read the lines of an answer as they come; each is terminated, without its line feed.
 * Non-zero from `line` ends it and is returned. Otherwise as kith_client_request;
 * KITH_ECLOSED when the node went away before the end. */
struct kith_client_reader {
    int (*line)(void *ctx, const char *line, size_t size);
    void *ctx;
};
int kith_client_download(struct kith_client *client, const char *path,
                         const struct kith_client_reader *reader);

/* Post what `read` gives (JSON Lines; `*out_size` 0 is the end), of any length. Non-zero
 * from `read` ends it and is returned. Otherwise as kith_client_request. */
struct kith_client_writer {
    int (*read)(void *ctx, char *out, size_t size, size_t *out_size);
    void *ctx;
};
int kith_client_upload(struct kith_client *client, const char *path,
                       const struct kith_client_writer *writer, struct kith_answer *out);

/* Append `text` to `out` with everything but unreserved characters percent-encoded
 * (RFC 3986). `out` holds 3 * strlen(text) + 1 bytes. */
void kith_client_escape(const char *text, char *out);

#endif
