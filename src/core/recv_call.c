/* SPDX-License-Identifier: MIT */
/* CALL, RING and REFUSED between peers: relaying by a mutual contact. */
#include "core/recv.h"

#include "core/mutual.h"

static int receive_call(struct kith_node *node, struct kith_link *link,
                        struct kith_bytes fields)
{
    struct kith_frame_call frame;
    int error = kith_frame_call_decode(fields, &frame);
    return error != 0 ? error : kith_mutual_called(node, link, &frame);
}

static int receive_ring(struct kith_node *node, struct kith_link *link,
                        struct kith_bytes fields)
{
    struct kith_frame_ring frame;
    int error = kith_frame_ring_decode(fields, &frame);
    return error != 0 ? error : kith_mutual_rung(node, link, &frame);
}

/* Nothing follows: the next attempt comes in its time. */
static int receive_refused(struct kith_node *node, struct kith_link *link,
                           struct kith_bytes fields)
{
    struct kith_frame_refused frame;
    (void)node, (void)link;
    return kith_frame_refused_decode(fields, &frame);
}

const struct kith_receiver kith_recv_call = {
    .type = KITH_FRAME_CALL,
    .state = KITH_LINK_LIVE,
    .receive = receive_call,
};

const struct kith_receiver kith_recv_ring = {
    .type = KITH_FRAME_RING,
    .state = KITH_LINK_LIVE,
    .receive = receive_ring,
};

const struct kith_receiver kith_recv_refused = {
    .type = KITH_FRAME_REFUSED,
    .state = KITH_LINK_LIVE,
    .receive = receive_refused,
};
