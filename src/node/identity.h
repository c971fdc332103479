/* SPDX-License-Identifier: MIT */
/* Who this node is: an Ed25519 key pair, whose 32-byte seed is the file `identity` of the
 * home (mode 0600). */
#ifndef KITH_NODE_IDENTITY_H
#define KITH_NODE_IDENTITY_H

#include "base/id.h"
#include "core/node.h"
#include "node/problem.h"

#define KITH_IDENTITY_SEED_SIZE 32

struct kith_identity {
    struct kith_id id;
    uint8_t seed[KITH_IDENTITY_SEED_SIZE]; /* secret */
    uint8_t secret[64];                    /* libsodium's form: seed, then public key */
};

/* Read the home's identity. KITH_ENOTFOUND when there is none yet; KITH_EACCESS when
 * others could read it; KITH_ECORRUPT for a wrong size; KITH_EIO. */
int kith_identity_load(const char *home, struct kith_identity *out,
                       struct kith_problem *problem);

/* The same, but make one where there is none; of two processes that both do, one wins and
 * both get its identity. KITH_ENOTFOUND: none, and the home has a database, so it had
 * one. Besides: KITH_EREADONLY, KITH_EFULL. */
int kith_identity_load_or_make(const char *home, struct kith_identity *out,
                               struct kith_problem *problem);

/* Wipes the secret. */
void kith_identity_deinit(struct kith_identity *identity);

/* Signs with `identity`, which is borrowed. */
struct kith_signer kith_identity_signer(struct kith_identity *identity);

#endif
