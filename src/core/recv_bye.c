/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/link.h"

static int reason_error(const struct kith_link *link, uint8_t reason)
{
    switch (reason) {
    case KITH_BYE_REPLACED:
        return KITH_EREPLACED;
    case KITH_BYE_DISCONNECTED:
        return KITH_EDISCONNECTED;
    case KITH_BYE_LIMIT:
        return KITH_ELIMIT;
    case KITH_BYE_SELF:
        return KITH_ESELF;
    case KITH_BYE_FAULT:
        return link->state == KITH_LINK_PROVING ? KITH_EPROOF : KITH_EPROTO;
    default:
        return KITH_ECLOSED;
    }
}

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_bye bye;
    int error = kith_frame_bye_decode(fields, &bye);
    if (error != 0)
        return error;
    bool is_refused = link->state == KITH_LINK_PROVING &&
                      link->role == KITH_ROLE_DIALLER && bye.reason == KITH_BYE_FAULT;
    if (is_refused)
        kith_link_warn_network(node, link);
    link->has_left = true;
    link->bye_reason = bye.reason;
    kith_link_close(node, link, KITH_BYE_LEAVING, reason_error(link, bye.reason));
    return 0;
}

const struct kith_receiver kith_recv_bye = {
    .type = KITH_FRAME_BYE,
    .state = KITH_LINK_LIVE, /* and every other: recv.c lets it pass */
    .receive = receive,
};
