/* SPDX-License-Identifier: MIT */
/* Where a tracker keeps its registry over restarts: a seam, so that several trackers may
 * share one some day. The functions are those of store/registrations.h. */
#ifndef KITH_TRACKER_KEEPER_H
#define KITH_TRACKER_KEEPER_H

#include "proto/registration.h"

#define KITH_KEEPER_DETAIL_SIZE 256

struct kith_keeper {
    void *ctx; /* owned, until `close` */
    int (*restore)(void *ctx, uint64_t since_s, kith_registration_visit *visit,
                   void *visit_ctx);
    int (*put)(void *ctx, const struct kith_registration *row);
    int (*remove)(void *ctx, const struct kith_id *id);
    int (*mark)(void *ctx, uint64_t seen_s);
    int (*commit)(void *ctx);
    const char *(*detail)(const void *ctx);
    void (*close)(void *ctx);
};

/* In an SQLite database at `path`. Errors as kith_registrations_open. */
int kith_keeper_sqlite(const char *path, struct kith_keeper *out,
                       char detail[static KITH_KEEPER_DETAIL_SIZE]);

#endif
