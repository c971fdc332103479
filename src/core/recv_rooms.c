/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/share.h"

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_rooms rooms;
    int error = kith_frame_rooms_decode(fields, &rooms);
    if (error == 0)
        kith_share_accept(node, link, &rooms);
    return error;
}

const struct kith_receiver kith_recv_rooms = {
    .type = KITH_FRAME_ROOMS,
    .state = KITH_LINK_LIVE,
    .receive = receive,
};
