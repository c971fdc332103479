/* SPDX-License-Identifier: MIT */
/* The configuration of the node, as /api/v1/settings tells it and changes it. Whoever
 * runs the server lends it; the server knows of no file and no flag. */
#ifndef KITH_API_SERVER_KNOBS_H
#define KITH_API_SERVER_KNOBS_H

#include <stdbool.h>
#include <stddef.h>

/* One knob. All borrowed, until the next call. */
struct kith_server_knob {
    const char *name;
    const char *about;    /* one clause */
    const char *fallback; /* what holds where nothing names it; NULL: nothing does */
    const char *source;   /* "--listen", "KITH_LISTEN", a file and line; NULL: nothing */
    bool is_list;
};

struct kith_server_knobs {
    /* False past the last. */
    bool (*knob)(void *ctx, size_t index, struct kith_server_knob *out);
    /* NULL past the last value; of what is no list there is at most one. */
    const char *(*value)(void *ctx, size_t index, size_t value_index);
    /* Log as of this level from now on. False: there is no such level. */
    bool (*log)(void *ctx, const char *level);
    /* A value that came to a list while the node ran. 0, KITH_ENOMEM or KITH_ELIMIT. */
    int (*add)(void *ctx, const char *name, const char *value);
    void *ctx;
};

#endif
