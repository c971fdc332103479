/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/greet.h"

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_hello hello;
    int error = kith_frame_hello_decode(fields, &hello);
    return error != 0 ? error : kith_greet_hello(node, link, &hello);
}

const struct kith_receiver kith_recv_hello = {
    .type = KITH_FRAME_HELLO,
    .state = KITH_LINK_GREETING,
    .receive = receive,
};
