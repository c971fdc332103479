/* SPDX-License-Identifier: MIT */
/* Rooms: what they have in common, and per kind who may write in them. With whom they are
 * shared is for share.c: open ones that are joined with everybody, direct ones with the
 * other party, foreign ones with nobody. */
#ifndef KITH_CORE_ROOM_H
#define KITH_CORE_ROOM_H

#include "core/engine.h"

/* A kind of room answers these; room_open.c, room_direct.c and room_foreign.c each end
 * in one. Private rooms will answer from their rosters. */
struct kith_room_ops {
    enum kith_room_kind kind;
    /* May this author write here? */
    bool (*admits)(const struct kith_node *node, const struct kith_room *room,
                   const struct kith_id *author);
};

extern const struct kith_room_ops kith_room_open;
extern const struct kith_room_ops kith_room_direct;
extern const struct kith_room_ops kith_room_foreign; /* open, of another network */

/* Find or make. NULL (and the node is broken) when memory ran out. */
struct kith_room *kith_room_get_open(struct kith_node *node,
                                     const struct kith_name *name);
struct kith_room *kith_room_get_direct(struct kith_node *node, struct kith_peer *peer);

/* The open room of this name, if it was ever joined. */
struct kith_room *kith_room_find_open(const struct kith_node *node,
                                      const struct kith_name *name);

/* The direct room with this peer, if there is one. */
struct kith_room *kith_room_find_direct(const struct kith_node *node,
                                        const struct kith_id *peer);

/* A direct room of which nothing is held, nor under way. False when it is not so, and it
 * stays. */
bool kith_room_forget_direct(struct kith_node *node, const struct kith_peer *peer);

/* Give the room its number. False when memory ran out. */
bool kith_room_place(struct kith_node *node, struct kith_room *room, uint32_t no);

/* An open room whose id is not that of the node's network is kept as a foreign one.
 * KITH_ECORRUPT when its peer, id or number contradicts earlier records. */
int kith_room_restore(struct kith_node *node, const struct kith_record_room *record);

void kith_room_free_all(struct kith_node *node);

#endif
