/* SPDX-License-Identifier: MIT */
/* Commit: what follows once the store keeps a run, and when it does not. */
#ifndef KITH_CORE_COMMIT_H
#define KITH_CORE_COMMIT_H

#include "core/engine.h"

/* All STOREs up to this one are kept: acknowledge, tell, publish. */
void kith_commit_stored(struct kith_node *node, uint64_t store_no);

/* All STOREs since the last commit are lost: refuse what is ours, fetch the rest again
 * later. */
void kith_commit_failed(struct kith_node *node, int error);

/* The time to try again after a failure has come; lowers the node's deadline. */
void kith_commit_check(struct kith_node *node);

#endif
