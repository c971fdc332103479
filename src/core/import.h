/* SPDX-License-Identifier: MIT */
/* Runs out of a file: what was said before, by anybody, kept by somebody.
 *
 *   IMPORT -> hashes right? -> VERIFY -> a room and a log for it? -> STORE -> (commit.c)
 *
 * Nothing is made for a run (no room, no peer, no log) before its signature was found
 * good, so a file full of forgeries leaves nothing behind. */
#ifndef KITH_CORE_IMPORT_H
#define KITH_CORE_IMPORT_H

#include "core/engine.h"

void kith_import_begin(struct kith_node *node, const struct kith_command *command);

/* True when it was one of ours. */
bool kith_import_verified(struct kith_node *node, uint64_t verify_no, bool is_valid);
bool kith_import_loaded(struct kith_node *node, uint64_t load_no, int error,
                        const struct kith_stored_run *runs, size_t run_count);

void kith_import_free_all(struct kith_node *node);

#endif
