/* SPDX-License-Identifier: MIT */
/* Open rooms: anyone of the network may read and write, and nobody has to. */
#include "core/room.h"

static bool admits(const struct kith_node *node, const struct kith_room *room,
                   const struct kith_id *author)
{
    (void)node;
    (void)room;
    (void)author;
    return true;
}

const struct kith_room_ops kith_room_open = {
    .kind = KITH_ROOM_OPEN,
    .admits = admits,
};
