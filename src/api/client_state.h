/* SPDX-License-Identifier: MIT */
/* What the files of the client share. */
#ifndef KITH_API_CLIENT_STATE_H
#define KITH_API_CLIENT_STATE_H

#include "api/client.h"
#include "api/client_http.h"

struct kith_client {
    char *home; /* owned */
    char detail[KITH_CLIENT_DETAIL_SIZE];
    struct kith_http http;
    char *request; /* owned; being sent or awaiting its answer */
    size_t request_size;
    size_t sent;    /* of the request */
    bool is_saying; /* it has a message stored: done twice, it is there twice */
    char *body;     /* owned; of the answer, as far as it came */
    size_t body_size;
    size_t body_capacity;
    bool has_head;       /* of the answer */
    int64_t deadline_ms; /* of a call that waits for nothing */
};

struct kith_client_ask {
    const char *method;
    const char *path;          /* after /api/v1 */
    const char *body;          /* JSON or NULL */
    const char *last_event_id; /* or NULL */
};

/* To the socket in the home. A named error. */
int kith_client_connect(struct kith_client *client);

/* Connect if need be, and have the request at hand. */
int kith_client_open(struct kith_client *client, const struct kith_client_ask *ask);

/* Send it, and read the head of its answer. Goes on after KITH_ETIMEDOUT; other errors
 * close the connection. */
int kith_client_exchange(struct kith_client *client);

/* Both, within a time, and once more where an idle connection turned out to be closed. */
int kith_client_begin(struct kith_client *client, const struct kith_client_ask *ask,
                      int timeout_ms);

/* Read the rest of the answer into `body`. Goes on after KITH_ETIMEDOUT; other errors
 * close the connection. */
int kith_client_read(struct kith_client *client);

/* What was read: 0 for 2xx, else the error that its problem names. */
int kith_client_conclude(struct kith_client *client, struct kith_answer *out);

/* Both; an answer that comes too late closes the connection. */
int kith_client_finish(struct kith_client *client, struct kith_answer *out);

/* ---- streams, whichever way they are read ---- */

enum {
    KITH_STREAM_SILENCE_MS = 40000,   /* two heartbeats of the server, and some more */
    KITH_STREAM_AGAIN_FIRST_MS = 100, /* between attempts to connect, doubling */
    KITH_STREAM_AGAIN_MAX_MS = 2000,
};

/* Errors that pass when the node is started again. */
static inline bool kith_stream_may_pass(int error)
{
    return error == KITH_ENONODE || error == KITH_ECLOSED || error == KITH_ETIMEDOUT ||
           error == KITH_ELIMIT;
}

/* How long to wait after having waited `ms`. */
static inline int kith_stream_again_ms(int ms)
{
    return ms * 2 < KITH_STREAM_AGAIN_MAX_MS ? ms * 2 : KITH_STREAM_AGAIN_MAX_MS;
}

/* Note what went wrong; gives back `error`. */
int kith_client_fail(struct kith_client *client, int error);

#endif
