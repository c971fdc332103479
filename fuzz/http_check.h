/* SPDX-License-Identifier: MIT */
/* What a server of HTTP said on a connection, read as strictly as a client may. */
#ifndef KITH_FUZZ_HTTP_CHECK_H
#define KITH_FUZZ_HTTP_CHECK_H

#include "fuzz.h"

#include <stdbool.h>

#include "base/writer.h"

struct http_answer {
    unsigned status;
    char type[80];           /* "": none */
    struct kith_writer body; /* without its chunks */
    /* Its head says that more comes than did: to HEAD, or cut where the last one is. */
    bool is_bare;
    bool is_whole; /* else the connection, or what was heard of it, ended first */
    bool is_last;  /* it says that the connection ends */
};

/* The one in front of `rest`, which is taken off. False where there is none, or only the
 * beginning of its head. It is HTTP, and as long as it says; of a known type it is that;
 * nothing failed inside. */
bool http_next(struct kith_bytes *rest, struct http_answer *out);
void http_answer_deinit(struct http_answer *answer);

/* All that were heard. */
void http_check(struct kith_bytes all);

#endif
