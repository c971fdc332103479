/* SPDX-License-Identifier: MIT */
/* Peers: everybody this node was linked with or holds events of. */
#ifndef KITH_CORE_PEER_H
#define KITH_CORE_PEER_H

#include "core/engine.h"

/* NULL means unknown. */
struct kith_peer *kith_peer_find(const struct kith_node *node, const struct kith_id *id);

/* Find or add. NULL (and the node is broken) when memory ran out. */
struct kith_peer *kith_peer_get(struct kith_node *node, const struct kith_id *id);

/* Not to be linked: disconnected by hand for now, or blocked for good. */
static inline bool kith_peer_is_unwanted(const struct kith_peer *peer)
{
    return peer->is_refused || peer->is_blocked;
}

/* A direct message went either way, an invite of it was followed, or it is verified. */
static inline bool kith_peer_is_contact(const struct kith_peer *peer)
{
    return peer->is_contact || peer->is_verified;
}

/* Have the peer's row stored as it is now, if it has one. */
void kith_peer_record(struct kith_node *node, struct kith_peer *peer);

/* The same; from now on it has one. */
void kith_peer_keep(struct kith_node *node, struct kith_peer *peer);

/* It listens there. A link-local address is good until we stop: the next start may give
 * another meaning to it. */
void kith_peer_found_at(struct kith_peer *peer, const struct kith_address *address);

/* A profile event of the peer names it so. An unusable or earlier name is ignored. Tells
 * and records a change. */
void kith_peer_rename(struct kith_node *node, struct kith_peer *peer,
                      struct kith_bytes name, kith_hlc hlc);

/* The same in a HELLO, with the hlc of its profile event. Until that event is here the
 * next HELLO may take the name back: a power cut may have. An hlc of 0, when it was not
 * told, only fills a gap. */
void kith_peer_tells_name(struct kith_node *node, struct kith_peer *peer,
                          struct kith_bytes name, kith_hlc hlc);

/* The event that gave the name is of a clock that was wrong: any other name replaces it,
 * here and in the peer's row. */
void kith_peer_doubt_name(struct kith_node *node, struct kith_peer *peer);

/* The name in a PROFILE event of this log, as sent. False when it is not one, stands
 * elsewhere than in a control log of a lobby, or has no body any more. */
bool kith_peer_profile(const struct kith_log *log, const struct kith_event *event,
                       struct kith_bytes *out_name);

/* Put the names that a run of this log tells into the transaction that stores it: a crash
 * must not come between the two. The author is renamed when they are committed. */
void kith_peer_record_profiles(struct kith_node *node, const struct kith_log *log,
                               const struct kith_run *run);

/* Tell of a change; `before` only for KITH_PEER_RENAMED. */
void kith_peer_tell(struct kith_node *node, const struct kith_peer *peer,
                    enum kith_peer_change change, const struct kith_name *before);

void kith_peer_warn(struct kith_node *node, const struct kith_id *id,
                    enum kith_warning warning, int error);

int kith_peer_restore(struct kith_node *node, const struct kith_record_peer *record);
void kith_peer_free_all(struct kith_node *node);

#endif
