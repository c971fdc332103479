/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <sodium.h>
#include <string.h>

void sim_identity_init(struct sim_identity *identity, struct sim_rng *rng, bool is_real)
{
    const struct kith_rng source = sim_rng_source(rng);
    *identity = (struct sim_identity){.is_real = is_real};
    uint8_t seed[crypto_sign_SEEDBYTES];
    kith_rng_fill(&source, seed, sizeof(seed));
    if (is_real)
        crypto_sign_seed_keypair(identity->id.bytes, identity->secret, seed);
    else
        memcpy(identity->id.bytes, seed, sizeof(identity->id.bytes));
}

static void stand_in(const struct kith_id *author, const uint8_t *message, size_t size,
                     uint8_t out[static KITH_SIGNATURE_SIZE])
{
    crypto_generichash(out, KITH_SIGNATURE_SIZE, message, size, author->bytes,
                       sizeof(author->bytes));
}

static void sign(void *ctx, const uint8_t *message, size_t size,
                 uint8_t out[static KITH_SIGNATURE_SIZE])
{
    struct sim_identity *identity = ctx;
    if (identity->is_real)
        crypto_sign_detached(out, NULL, message, size, identity->secret);
    else
        stand_in(&identity->id, message, size, out);
}

struct kith_signer sim_identity_signer(struct sim_identity *identity)
{
    return (struct kith_signer){sign, identity};
}

bool sim_identity_verify(bool is_real, const struct kith_id *author,
                         const uint8_t *message, size_t size,
                         const uint8_t signature[static KITH_SIGNATURE_SIZE])
{
    if (is_real)
        return crypto_sign_verify_detached(signature, message, size, author->bytes) == 0;
    uint8_t expected[KITH_SIGNATURE_SIZE];
    stand_in(author, message, size, expected);
    return memcmp(expected, signature, sizeof(expected)) == 0;
}
