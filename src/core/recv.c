/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/link.h"

static const struct kith_receiver *const receivers[] = {
    &kith_recv_proof,   &kith_recv_hello,     &kith_recv_ping,  &kith_recv_pong,
    &kith_recv_bye,     &kith_recv_addresses, &kith_recv_rooms, &kith_recv_vector,
    &kith_recv_have,    &kith_recv_run,       &kith_recv_graft, &kith_recv_prune,
    &kith_recv_fork,    &kith_recv_more,      &kith_recv_call,  &kith_recv_ring,
    &kith_recv_refused,
};

static const struct kith_receiver *find(uint8_t type)
{
    for (size_t i = 0; i < sizeof(receivers) / sizeof(receivers[0]); i++)
        if (receivers[i]->type == type)
            return receivers[i];
    return NULL;
}

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes frame)
{
    if (frame.size == 0)
        return KITH_EPROTO;
    const struct kith_receiver *receiver = find(frame.data[0]);
    if (receiver == NULL) /* of a later version: skipped, once the peer is known */
        return link->state == KITH_LINK_LIVE ? 0 : KITH_EUNEXPECTED;
    bool is_goodbye = receiver->type == KITH_FRAME_BYE;
    if (receiver->state != link->state && !is_goodbye)
        return KITH_EUNEXPECTED;
    return receiver->receive(node, link, kith_bytes(frame.data + 1, frame.size - 1));
}

void kith_recv_frame(struct kith_node *node, struct kith_link *link,
                     struct kith_bytes frame)
{
    if (link->state == KITH_LINK_CLOSING)
        return;
    link->heard_at = node->now.mono;
    link->asked_at = 0;
    int error = receive(node, link, frame);
    if (error != 0)
        kith_link_fault(node, link, error);
}
