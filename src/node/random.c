/* SPDX-License-Identifier: MIT */
#include "node/random.h"

#include <string.h>

#include <sodium.h>

static void fill(void *ctx, void *out, size_t size)
{
    struct kith_random *random = ctx;
    if (size > sizeof(random->stock) / 4) {
        randombytes_buf(out, size);
        return;
    }
    if (size > random->left) {
        randombytes_buf(random->stock, sizeof(random->stock));
        random->left = sizeof(random->stock);
    }
    uint8_t *from = random->stock + sizeof(random->stock) - random->left;
    memcpy(out, from, size);
    sodium_memzero(from, size);
    random->left -= size;
}

void kith_random_deinit(struct kith_random *random)
{
    sodium_memzero(random, sizeof(*random));
}

struct kith_rng kith_random_rng(struct kith_random *random)
{
    return (struct kith_rng){fill, random};
}
