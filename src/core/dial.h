/* SPDX-License-Identifier: MIT */
/* Dials: addresses that shall lead to a link, tried for ever with capped, jittered
 * backoff. */
#ifndef KITH_CORE_DIAL_H
#define KITH_CORE_DIAL_H

#include "core/engine.h"

/* Have these addresses dialled, raced; `expected` may be NULL. The effect has a number of
 * its own, and goes directly, as the dialler; the caller may change that. */
struct kith_effect *kith_dial_emit(struct kith_node *node,
                                   const struct kith_address *addresses, size_t count,
                                   const struct kith_id *expected);

/* Dial this address now. `token` (0 for none) is answered when it leads to a link, or
 * fails for the first time; then it is forgotten. Without a token it is tried for ever.
 */
void kith_dial_add(struct kith_node *node, const struct kith_address *address,
                   uint64_t token);

/* This peer may be found at this address: dial it after `delay`, unless it is linked by
 * then, and again for `duration`. At most KITH_SUGGESTED_MAX at once; past that the
 * oldest stranger who did not answer goes, and if there is none the newcomer is ignored.
 */
void kith_dial_suggest(struct kith_node *node, const struct kith_id *id,
                       const struct kith_address *address, kith_time delay,
                       kith_time duration);

/* The same for a peer that is likely to dial us: not while links keep coming up, which
 * says that its own may be among those still to come, for KITH_DIAL_YIELD_MAX at most. */
void kith_dial_expect(struct kith_node *node, const struct kith_id *id,
                      const struct kith_address *address, kith_time delay,
                      kith_time duration);

/* Is a link to this peer coming up there, or about to be tried there for the first time?
 */
bool kith_dial_is_trying(const struct kith_node *node, const struct kith_id *id,
                         const struct kith_address *address);

/* Is an address being dialled that may lead to this peer: one heard of, where it was
 * last, or that led to it and has not failed since? */
bool kith_dial_seeks(const struct kith_node *node, const struct kith_peer *peer);

/* Is it about to be tried for the first time, wherever? */
bool kith_dial_is_awaited(const struct kith_node *node, const struct kith_id *id);

/* Carry out what is due; lowers the node's deadline. */
void kith_dial_check_all(struct kith_node *node);

/* A connection came up from this attempt (0: none of ours). The dial, or NULL. */
struct kith_dial *kith_dial_reached(struct kith_node *node, uint32_t dial_no,
                                    struct kith_link *link);

/* The attempt failed. */
void kith_dial_failed(struct kith_node *node, uint32_t dial_no, int error);

/* The link that the dial led to was greeted: it stands, or gave way to another link to
 * the same peer, which is as good. */
void kith_dial_succeeded(struct kith_node *node, struct kith_link *link);

/* The link is going; dial again in a while. */
void kith_dial_lost(struct kith_node *node, struct kith_link *link, int error);

/* Our addresses changed: what led to ourselves may lead to others. */
void kith_dial_moved(struct kith_node *node);

/* The peer went offline: dials that led to it are due. */
void kith_dial_peer_lost(struct kith_node *node, const struct kith_peer *peer);

/* Forget what was connected by hand, and hold back the rest: the peer is not wanted. */
void kith_dial_refuse(struct kith_node *node, const struct kith_peer *peer);

void kith_dial_free_all(struct kith_node *node);

#endif
