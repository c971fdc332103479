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
};

struct kith_client_ask {
    const char *method;
    const char *path;          /* after /api/v1 */
    const char *body;          /* JSON or NULL */
    const char *last_event_id; /* or NULL */
};

/* Send a request, on a new connection if need be, and read the head of its answer. */
int kith_client_begin(struct kith_client *client, const struct kith_client_ask *ask,
                      int timeout_ms);

/* Read the rest of the answer: 0 for 2xx, else the error that its problem names. */
int kith_client_finish(struct kith_client *client, struct kith_answer *out);

/* Note what went wrong; gives back `error`. */
int kith_client_fail(struct kith_client *client, int error);

#endif
