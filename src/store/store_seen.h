/* SPDX-License-Identifier: MIT */
/* From a time to a place in the order of arrival, though the clock may have gone back. */
#ifndef KITH_STORE_STORE_SEEN_H
#define KITH_STORE_STORE_SEEN_H

#include "store/db.h"

#define KITH_SEEN_BLOCK 1024 /* arrivals; a step of migrate.c knows it too */

/* The block of arrivals at hand, and when the latest of them was seen. */
struct kith_seen_block {
    uint64_t block;
    kith_time latest;
    bool has_any;
};

/* Within a transaction, once for each arrival, in order; and at the end. */
int kith_seen_note(struct kith_store *store, struct kith_seen_block *at, uint64_t arrival,
                   kith_time seen);
int kith_seen_flush(struct kith_store *store, struct kith_seen_block *at);

#endif
