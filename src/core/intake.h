/* SPDX-License-Identifier: MIT */
/* Intake: what becomes of a run from arrival to commit.
 *
 *   RUN frame -> fits its log? -> hashes right? -> VERIFY -> STORE -> (commit.c)
 *
 * Runs of one log pass in order; those of different logs overtake each other. */
#ifndef KITH_CORE_INTAKE_H
#define KITH_CORE_INTAKE_H

#include "core/engine.h"

/* A run came from this share's link. Returns 0, or the peer's fault (the caller closes
 * the link). */
int kith_intake_run(struct kith_node *node, struct kith_share *share,
                    struct kith_bytes bytes);

/* The signature was checked. */
void kith_intake_verified(struct kith_node *node, uint64_t verify_no, bool is_valid);

/* What a doubtful run is to be compared with was loaded. True when it was one of ours. */
bool kith_intake_loaded(struct kith_node *node, uint64_t load_no, int error,
                        const struct kith_stored_run *runs, size_t run_count);

/* Copy a decoded run with its bytes into a pending one at the end of its log. NULL (and
 * the node is broken) when memory ran out. */
struct kith_pending *kith_pending_add(struct kith_node *node, struct kith_log *log,
                                      const struct kith_run *run);

/* Verified, or our own: have it stored as soon as all before it in its log are. */
void kith_pending_ready(struct kith_node *node, struct kith_pending *pending);

/* Forget it, and all after it in its log. */
void kith_pending_drop_from(struct kith_node *node, struct kith_pending *pending);

/* Free one that was taken out of its lists, or is done; resumes reading when there is
 * room again. */
void kith_pending_free(struct kith_node *node, struct kith_pending *pending);

void kith_intake_free_all(struct kith_node *node);

#endif
