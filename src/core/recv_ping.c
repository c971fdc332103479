/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/link.h"

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_ping ping;
    int error = kith_frame_ping_decode(fields, &ping);
    if (error != 0)
        return error;
    kith_frame_ping_encode(&node->scratch, KITH_FRAME_PONG, &ping);
    kith_link_send_scratch(node, link);
    return 0;
}

const struct kith_receiver kith_recv_ping = {
    .type = KITH_FRAME_PING,
    .state = KITH_LINK_LIVE,
    .receive = receive,
};
