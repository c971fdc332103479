/* SPDX-License-Identifier: MIT */
/* Forked logs: finding out what branches there are, and telling of them.
 *
 * Vectors and HAVEs say how far a peer is, not on which branches: whoever holds more of
 * one takes an entry of another for a peer that is behind. So a node tells of every
 * branch by FORK, again and again, until the peer has said that it holds just that; ever
 * more seldom where it says nothing. */
#ifndef KITH_CORE_FORK_H
#define KITH_CORE_FORK_H

#include "core/engine.h"

/* Ask for the whole branch that leads to `head`, and compare. One question is enough
 * about one head: it is asked again where nothing comes of it. */
void kith_fork_ask(struct kith_node *node, struct kith_share *share,
                   const struct kith_ref *head);

/* A run came whose branch is not known here, so what is before it has to come first: ask
 * as above, unless that was just done for this log. */
void kith_fork_ask_before(struct kith_node *node, struct kith_share *share,
                          const struct kith_ref *last);

/* Is a branch of this log on its way there? Then what comes twice is meant to, and tells
 * nothing of other branches. */
bool kith_fork_is_asked(const struct kith_node *node, const struct kith_share *share,
                        const struct kith_log *log);

/* That run came. True when it is of what was asked for, as far as can be told: it does
 * not follow what is held, and a branch of its log is on its way there. */
bool kith_fork_came(const struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log, const struct kith_run *run, bool follows);

/* A run of it came when too much was being compared: it is asked for again, with what
 * comes behind it, by kith_fork_resume. */
void kith_fork_missed(struct kith_node *node, struct kith_share *share,
                      const struct kith_log *log, const struct kith_run *run);
void kith_fork_resume(struct kith_node *node, struct kith_share *share);

/* What came of it could not be compared, or not be placed: it is asked for again. */
void kith_fork_lost(struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log);

/* That run cannot be taken in yet: the branch is asked for again by kith_fork_retry. */
void kith_fork_wait(struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log, const struct kith_run *run);

/* Control logs moved, or the store is back: ask again for what could not be taken in. */
void kith_fork_retry(struct kith_node *node, struct kith_room *room);

/* `branch` was begun by a run from there: go on with it, if it was asked for. */
void kith_fork_begun(struct kith_node *node, struct kith_share *share,
                     struct kith_log *branch);

/* FORK came: the peer holds a branch up to here. */
void kith_fork_heard(struct kith_node *node, struct kith_share *share,
                     const struct kith_ref *head);

/* This run was stored in the branch: peers that told of one of its events, and were
 * thought to have it of another branch, have nothing for that. */
void kith_fork_found(struct kith_node *node, const struct kith_log *log,
                     const struct kith_run *run);

/* The log's head moved by a run from this link (0: ours): the other peers are to say anew
 * whether they hold it. */
void kith_fork_moved(struct kith_node *node, const struct kith_log *log, uint32_t link);

/* The peer told that it holds just our head. */
void kith_fork_sure(struct kith_node *node, struct kith_share *share,
                    const struct kith_log *log);

/* A branch, or a peer that may lack one, has come up: tell it of all branches soon. */
void kith_fork_tell_later(struct kith_node *node, struct kith_share *share);

/* Tell what is due; lowers the node's deadline. */
void kith_fork_check(struct kith_node *node);

/* Ask again what was not answered; lowers the node's deadline. */
void kith_fork_check_asked(struct kith_node *node);

/* There is room in the link's queue: go on to tell. */
void kith_fork_drained(struct kith_node *node, struct kith_link *link);

#endif
