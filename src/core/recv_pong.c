/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_ping pong;
    int error = kith_frame_ping_decode(fields, &pong);
    if (error != 0)
        return error;
    if (link->ping_at == 0 || pong.token != link->ping_token)
        return 0; /* an answer to nothing; hearing it is all it is good for */
    link->rtt = node->now.mono - link->ping_at;
    link->ping_at = 0;
    return 0;
}

const struct kith_receiver kith_recv_pong = {
    .type = KITH_FRAME_PONG,
    .state = KITH_LINK_LIVE,
    .receive = receive,
};
