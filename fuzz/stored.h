/* SPDX-License-Identifier: MIT */
/* What stands in the store of a node that has talked a little. */
#ifndef KITH_FUZZ_STORED_H
#define KITH_FUZZ_STORED_H

#include "store/store.h"

extern const struct kith_id stored_self;

/* A peer, a tracker, a room, its log 1 of this node and 2 of that peer, which holds the
 * first event of log 1. */
void stored_rows(struct kith_store *store);

/* Messages, `count` from `seq` on; their arrival is their time too. */
void stored_run(struct kith_store *store, uint32_t log_no, uint64_t seq, size_t count,
                uint64_t arrival);

#endif
