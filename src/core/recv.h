/* SPDX-License-Identifier: MIT */
/* Frames that arrive: one file per frame, each ending in one const entry. */
#ifndef KITH_CORE_RECV_H
#define KITH_CORE_RECV_H

#include "core/engine.h"

struct kith_receiver {
    enum kith_frame_type type;
    enum kith_link_state state; /* the only one it may come in */
    /* Returns 0, or what is wrong with the frame: the link is closed for it. A handler
     * that closes the link itself returns 0. */
    int (*receive)(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields);
};

extern const struct kith_receiver kith_recv_proof;
extern const struct kith_receiver kith_recv_hello;
extern const struct kith_receiver kith_recv_ping;
extern const struct kith_receiver kith_recv_pong;
extern const struct kith_receiver kith_recv_bye;
extern const struct kith_receiver kith_recv_addresses;
extern const struct kith_receiver kith_recv_rooms;
extern const struct kith_receiver kith_recv_vector;
extern const struct kith_receiver kith_recv_have;
extern const struct kith_receiver kith_recv_run;
extern const struct kith_receiver kith_recv_graft;
extern const struct kith_receiver kith_recv_prune;
extern const struct kith_receiver kith_recv_fork;
extern const struct kith_receiver kith_recv_more;
extern const struct kith_receiver kith_recv_call;
extern const struct kith_receiver kith_recv_ring;
extern const struct kith_receiver kith_recv_refused;

/* A whole frame: type byte and fields. */
void kith_recv_frame(struct kith_node *node, struct kith_link *link,
                     struct kith_bytes frame);

#endif
