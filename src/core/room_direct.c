/* SPDX-License-Identifier: MIT */
/* Direct rooms: two parties, one of them this node. */
#include "core/room.h"

static bool admits(const struct kith_node *node, const struct kith_room *room,
                   const struct kith_id *author)
{
    return kith_id_equal(author, &room->peer->id) ||
           kith_id_equal(author, &node->self->id);
}

const struct kith_room_ops kith_room_direct = {
    .kind = KITH_ROOM_DIRECT,
    .admits = admits,
};
