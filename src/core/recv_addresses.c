/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/exchange.h"

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_addresses frame;
    int error = kith_frame_addresses_decode(fields, &frame);
    return error != 0 ? error : kith_exchange_take(node, link, &frame);
}

const struct kith_receiver kith_recv_addresses = {
    .type = KITH_FRAME_ADDRESSES,
    .state = KITH_LINK_LIVE,
    .receive = receive,
};
