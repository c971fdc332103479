/* SPDX-License-Identifier: MIT */
/* Peer exchange: signed address records of the network's peers, so that one contact is
 * enough (DESIGN section 7, item 5). */
#ifndef KITH_CORE_EXCHANGE_H
#define KITH_CORE_EXCHANGE_H

#include "core/engine.h"
#include "proto/signed_addresses.h"

/* A record that was verified. */
struct kith_known_record {
    struct kith_id id;
    uint64_t counter;
    uint64_t expiry;
    uint64_t no;             /* in the order they came */
    uint64_t teller;         /* keyed hash of the id at the other end of its link */
    struct kith_bytes bytes; /* owned, same allocation */
};

/* Our addresses changed: the next record is a new one, and who is linked gets it now. */
void kith_exchange_renew(struct kith_node *node);

/* The same once it has lived half of its life: links last for days. */
void kith_exchange_check(struct kith_node *node);

/* An address record of ours that says just this, in the outbox; empty when there is
 * nothing to say, or no memory. Newer than any before that was made here; what peers are
 * told among themselves is not touched. */
struct kith_bytes kith_exchange_sign(struct kith_node *node,
                                     const struct kith_address *addresses, size_t count);

/* The link is live: send our own record and some of those known. */
void kith_exchange_offer(struct kith_node *node, struct kith_link *link);

/* Records came. Returns 0, or the peer's fault. */
int kith_exchange_take(struct kith_node *node, struct kith_link *link,
                       const struct kith_frame_addresses *frame);

/* The signature of a record was checked. True when it was one. */
bool kith_exchange_verified(struct kith_node *node, uint64_t verify_no, bool is_valid);

/* The addresses of this peer's record that may be dialled, up to `out_max`; 0 when it is
 * not known. */
size_t kith_exchange_addresses(const struct kith_node *node, const struct kith_id *id,
                               struct kith_address *out, size_t out_max);

/* May others be told of it, and may it be dialled when others tell of it? Not loopback,
 * link-local, multicast or unspecified ones. */
bool kith_exchange_is_public(const struct kith_address *address);

void kith_exchange_free_all(struct kith_node *node);

#endif
