/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include <sodium.h>

#include "core/digest.h"
#include "core/greet.h"

static int receive(struct kith_node *node, struct kith_link *link,
                   struct kith_bytes fields)
{
    struct kith_frame_proof proof;
    int error = kith_frame_proof_decode(fields, &proof);
    if (error != 0)
        return error;
    bool is_dialler = link->role == KITH_ROLE_DIALLER;
    uint8_t mac[KITH_HASH_SIZE];
    kith_digest_proof(node->network_key,
                      is_dialler ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER,
                      link->exporter_net, is_dialler ? &node->self->id : &link->id,
                      is_dialler ? &link->id : &node->self->id, mac);
    if (sodium_memcmp(mac, proof.mac, sizeof(mac)) != 0)
        return KITH_EPROOF;
    link->state = KITH_LINK_GREETING;
    kith_greet_proven(node, link);
    return 0;
}

const struct kith_receiver kith_recv_proof = {
    .type = KITH_FRAME_PROOF,
    .state = KITH_LINK_PROVING,
    .receive = receive,
};
