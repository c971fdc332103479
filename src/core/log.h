/* SPDX-License-Identifier: MIT */
/* Logs: chains of one author's events in one room, and branches of forked ones. */
#ifndef KITH_CORE_LOG_H
#define KITH_CORE_LOG_H

#include "core/engine.h"

/* The first branch, or NULL. Further ones follow at branch_next. */
struct kith_log *kith_log_find(const struct kith_room *room, const struct kith_id *author,
                               const struct kith_log_id *id);

/* Add an empty log. NULL when the room is full (KITH_ROOM_LOGS_MAX; never for our own,
 * nor for what is taken back at the start), or when memory ran out, and then the node is
 * broken. */
struct kith_log *kith_log_add(struct kith_node *node, struct kith_room *room,
                              const struct kith_id *author, const struct kith_log_id *id,
                              enum kith_log_class log_class);

/* A name for a log of our own. Half of it is random; the other half is a hash of that
 * under the marker, random to others, by which this home knows at its next start that the
 * log was begun since the marker last changed. */
struct kith_log_id kith_log_draw_id(const struct kith_node *node);

/* Add a branch that leaves `base` before event `seq_first`, after the event `prev` of
 * `hlc`. NULL as above, or past KITH_BRANCHES_MAX. */
struct kith_log *kith_log_branch(struct kith_node *node, struct kith_log *base,
                                 uint64_t seq_first, const struct kith_id *prev,
                                 kith_hlc hlc);

/* Has it as many branches as are followed, or its room no place for one more? */
bool kith_log_is_full(const struct kith_node *node, const struct kith_log *first);

/* Forget a log of which nothing verified; it has no branches. */
void kith_log_forget(struct kith_node *node, struct kith_log *log);

/* The same of one that has its number. */
void kith_log_forget_placed(struct kith_node *node, struct kith_log *log);

/* Forget a branch of which nothing verified; others are left as they are. */
void kith_log_forget_branch(struct kith_node *node, struct kith_log *log);

/* Give the log its number. False when memory ran out. */
bool kith_log_place(struct kith_node *node, struct kith_log *log, uint32_t no);

/* Which branch does somebody mean who holds it up to (seq, id)? One whose head or tail
 * that is, else the only one, else the first that reaches so far; NULL for none. */
struct kith_log *kith_log_match(struct kith_log *first, uint64_t seq,
                                const struct kith_id *id);

/* How many events up to this one all branches have stored. It grows while a run is
 * compared with what is stored: then that has to be looked at again. */
uint64_t kith_log_count_stored(const struct kith_log *first, uint64_t seq);

/* Is anything of it stored, of a branch beyond what it shares with its base? */
static inline bool kith_log_is_held(const struct kith_log *log)
{
    return log->head_seq >= log->seq_first;
}

/* How far the log is held here, for vectors and HAVEs. */
struct kith_vector_entry kith_log_entry(const struct kith_log *log);
struct kith_ref kith_log_ref(const struct kith_log *log);

/* Our own log moved, or another's: what we write next there may name it. */
void kith_log_touch(struct kith_log *log);

/* A peer holds our own log so far. True when that is news. Broken node when memory ran
 * out. */
bool kith_log_acknowledge(struct kith_node *node, struct kith_log *log, uint32_t peer_no,
                          uint64_t seq);

int kith_log_restore(struct kith_node *node, const struct kith_record_log *record);
int kith_log_restore_ack(struct kith_node *node, const struct kith_record_ack *record);
void kith_log_free(struct kith_node *node, struct kith_log *log);

#endif
