/* SPDX-License-Identifier: MIT */
/* What the files behind a handle share. */
#ifndef KITH_LIBKITH_STATE_H
#define KITH_LIBKITH_STATE_H

#include "api/client.h"
#include "kith/kith.h"
#include "libkith/host.h"
#include "libkith/stream.h"

struct kith {
    char *home;             /* owned */
    struct kith_host *host; /* owned; NULL: the node is another's */
    struct kith_client *client;
    struct kith_stream *stream;
    char id[KITH_ID_TEXT_SIZE];
    char *name;    /* owned */
    char *address; /* owned */
    char detail[KITH_WHY_SIZE];
};

/* Note a sentence about what went wrong; gives back `error`. */
int kith_explain(struct kith *kith, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Ask the node. Takes `take_body` (NULL: none). Returns what kith_client_request does,
 * its sentence noted; `out` is to be deinitialised either way. */
struct kith_question {
    const char *method;
    const char *path;
    json_t *take_body;
};
int kith_ask(struct kith *kith, const struct kith_question *question,
             struct kith_answer *out);

#endif
