/* SPDX-License-Identifier: MIT */
/* A node's control API, asked in halves: a request is written now and its answer read
 * later, so that what happens in between can be timed. */
#ifndef KITH_BENCH_CONTROL_H
#define KITH_BENCH_CONTROL_H

#include <jansson.h>

#include "api/client_http.h"

#define BENCH_EVENT_SIZE_MAX 65536

struct bench_control {
    struct kith_http http;
    char headers[128]; /* of every request */
    char ahead[4096];  /* of a stream: read, not yet looked at */
    size_t at;
    size_t end;
    char line[BENCH_EVENT_SIZE_MAX]; /* the one being read */
    size_t line_size;
    char type[32]; /* of the event being read */
};

/* Connect to the node on `home`. */
void bench_control_open(struct bench_control *control, const char *home);
/* The same over TCP, with the token in the home. */
void bench_control_open_tcp(struct bench_control *control, const char *home,
                            uint16_t port);
void bench_control_close(struct bench_control *control);

/* GET a path below /api/v1. */
void bench_control_get(struct bench_control *control, const char *path);

/* POST a JSON body to a path below /api/v1. */
void bench_control_post(struct bench_control *control, const char *path,
                        const char *body);

/* Read what came back; it must be a success. The JSON is the caller's. */
json_t *bench_control_answer(struct bench_control *control);

/* Head of a POST of `size` bytes of JSON Lines; they follow by kith_http_write. */
void bench_control_begin_batch(struct bench_control *control, size_t size);

/* Begin a stream of events, "/stream" or "/stream?…". */
void bench_control_stream(struct bench_control *control, const char *path);

/* Wait for the next event of this type, and give its data, the caller's. */
json_t *bench_control_event(struct bench_control *control, const char *type);

/* The same without looking into it. */
void bench_control_skip(struct bench_control *control, const char *type);

#endif
