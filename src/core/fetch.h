/* SPDX-License-Identifier: MIT */
/* Fetching: for every log that others hold more of, one link is asked for it (its
 * upstream). */
#ifndef KITH_CORE_FETCH_H
#define KITH_CORE_FETCH_H

#include "core/engine.h"

/* Of all our logs, what the peer of this link said that it holds: it is kept only now. */
void kith_fetch_acknowledged_before(struct kith_node *node, struct kith_link *link);

/* A run of our own came back from others: who told of these very events holds them. */
void kith_fetch_acknowledged_again(struct kith_node *node, struct kith_log *log,
                                   const struct kith_run *run);

/* A vector or HAVE says how far the peer holds a log. Acknowledges our own, asks for what
 * we lack. */
void kith_fetch_learn(struct kith_node *node, struct kith_share *share,
                      const struct kith_vector_entry *entry);

/* So does a run that rests on a control event; but that is nothing that it told. */
void kith_fetch_learn_control(struct kith_node *node, struct kith_share *share,
                              const struct kith_ref *ref);

/* A run of this log was accepted from this link: it is the upstream now, and the one
 * before is told to stop. */
void kith_fetch_progress(struct kith_node *node, struct kith_log *log,
                         struct kith_share *share);

/* A run was dropped because those before it are missing, or our chain did not fit: ask
 * (again), by this link. */
void kith_fetch_ask(struct kith_node *node, struct kith_log *log,
                    struct kith_share *share);

/* A run came before those it follows: ask for them, unless they are on their way or it is
 * known what they wait for. One question a gap, not one for each run beyond it. */
void kith_fetch_gap(struct kith_node *node, struct kith_log *log,
                    struct kith_share *share);

/* Something changed that may let this log go on (a control log moved, the store is back):
 * ask anyone. */
void kith_fetch_retry(struct kith_node *node, struct kith_log *log);

/* Tell the link to send no more of this log. */
void kith_fetch_prune(struct kith_node *node, struct kith_share *share,
                      const struct kith_log *log);

/* Somebody who has more of this log than we do, or NULL. */
struct kith_share *kith_fetch_source(const struct kith_log *log);

void kith_fetch_link_gone(struct kith_node *node, uint32_t link_no);

/* The link stays and shares this room no more: logs that were fetched there are fetched
 * elsewhere, if anywhere. */
void kith_fetch_share_gone(struct kith_node *node, struct kith_room *room,
                           uint32_t link_no);

/* Upstreams that stall are replaced; lowers the node's deadline. */
void kith_fetch_check_all(struct kith_node *node);

/* An event of our own that we lack was proven to exist: write on in a new log. What
 * others say they hold of ours proves nothing. */
void kith_fetch_disown(struct kith_node *node, struct kith_log *log);

#endif
