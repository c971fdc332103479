/* SPDX-License-Identifier: MIT */
/* Who a simulated node is: a real Ed25519 key pair, or a cheap stand-in for bulk runs.
 *
 * The stand-in signs by a hash under the public id. Anyone could forge it; nobody in a
 * bulk run does, and a changed byte is still noticed. */
#ifndef KITH_SIM_IDENTITY_H
#define KITH_SIM_IDENTITY_H

#include "core/node.h"
#include "rng.h"

struct sim_identity {
    bool is_real;
    struct kith_id id;
    uint8_t secret[64];
};

void sim_identity_init(struct sim_identity *identity, struct sim_rng *rng, bool is_real);

/* Borrows `identity`. */
struct kith_signer sim_identity_signer(struct sim_identity *identity);

bool sim_identity_verify(bool is_real, const struct kith_id *author,
                         const uint8_t *message, size_t size,
                         const uint8_t signature[static KITH_SIGNATURE_SIZE]);

#endif
