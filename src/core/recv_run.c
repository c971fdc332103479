/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/intake.h"
#include "core/share.h"

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_run frame;
    int error = kith_frame_run_decode(fields, &frame);
    if (error != 0)
        return error;
    struct kith_share *share = kith_share_find(link, &frame.tag);
    return share == NULL ? 0 : kith_intake_run(node, share, frame.run);
}

const struct kith_receiver kith_recv_run = {
    .type = KITH_FRAME_RUN,
    .state = KITH_LINK_LIVE,
    .receive = receive,
};
