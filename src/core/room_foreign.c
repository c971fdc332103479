/* SPDX-License-Identifier: MIT */
/* Open rooms of another network, in which this home was before. They are kept and can be
 * read, and shared with nobody: to a peer of this network they do not exist. When the
 * node is started in their network again, they are ordinary open rooms. */
#include "core/room.h"

/* It was open there, and nothing comes in here but what somebody imports. */
static bool admits(const struct kith_node *node, const struct kith_room *room,
                   const struct kith_id *author)
{
    (void)node;
    (void)room;
    (void)author;
    return true;
}

const struct kith_room_ops kith_room_foreign = {
    .kind = KITH_ROOM_OPEN,
    .admits = admits,
};
