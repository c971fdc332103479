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

/* Does this run go on where the log ends? */
bool kith_intake_follows(const struct kith_log *log, const struct kith_run *run);

/* Is what it points at held? */
bool kith_intake_holds(const struct kith_room *room, const struct kith_ref *ref);

/* Nothing is deleted in this version, so who leaves out a body keeps something back. */
bool kith_intake_has_bodies(const struct kith_run *run);

/* Is all of the run among these stored ones of `log`? Their runs may have other
 * boundaries, and bodies that were discarded here or there: an id knows neither. What is
 * damaged is taken for the same: nothing shows that it differs. If it is not, `origin`
 * becomes where it leaves this branch, unless it leaves another one later. */
bool kith_intake_compare(struct kith_log *log, const struct kith_stored_run *runs,
                         size_t run_count, const struct kith_run *run,
                         struct kith_run *scratch, struct kith_origin *origin);

/* What of the run, behind that, is on its way to the store on any branch of `first`:
 * `origin` becomes where it ends. True when there was any: it may still be refused, so
 * nothing branches off there yet. */
bool kith_intake_advance(struct kith_log *first, const struct kith_run *run,
                         struct kith_origin *origin);

/* Is what follows there on its way to the store, and may still be refused? Then what
 * differs from it is no fork yet. */
bool kith_intake_is_doubtful(const struct kith_origin *origin);

/* Drop what comes before this event, which is one of the run's: what is left is a run as
 * well, for the signature is that of the last. */
void kith_intake_cut(struct kith_run *run, uint64_t seq_first);

/* Links are not read while too much is pending: so neither is this one, which came. */
void kith_pending_pause(struct kith_node *node, struct kith_link *link);

/* The signature was checked. */
void kith_intake_verified(struct kith_node *node, uint64_t verify_no, bool is_valid);

/* What a doubtful run is to be compared with was loaded. True when it was one of ours. */
bool kith_intake_loaded(struct kith_node *node, uint64_t load_no, int error,
                        const struct kith_stored_run *runs, size_t run_count);

/* Copy a decoded run with its bytes into a pending one at the end of its log. NULL (and
 * the node is broken) when memory ran out. */
struct kith_pending *kith_pending_add(struct kith_node *node, struct kith_log *log,
                                      const struct kith_run *run);

/* The same in two steps: a copy that is in no log yet, and its place. */
struct kith_pending *kith_pending_new(struct kith_node *node, const struct kith_run *run);
void kith_pending_append(struct kith_node *node, struct kith_log *log,
                         struct kith_pending *pending);

/* Verified, or our own: have it stored as soon as all before it in its log are. */
void kith_pending_ready(struct kith_node *node, struct kith_pending *pending);

/* Forget it, and all after it in its log; who waits for one of them is answered with
 * `error`. */
void kith_pending_drop_from(struct kith_node *node, struct kith_pending *pending,
                            int error);

/* Free one that was taken out of its lists, or is done; resumes reading when there is
 * room again. */
void kith_pending_free(struct kith_node *node, struct kith_pending *pending);

void kith_intake_free_all(struct kith_node *node);

#endif
