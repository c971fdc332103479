/* SPDX-License-Identifier: MIT */
#include "node/network.h"

#include <string.h>

#include <sodium.h>

#include "kith/error.h"

#define MEMORY_MAX (64u * 1024 * 1024)
#define PASSES     3
#define SALT_SIZE  16

_Static_assert(SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "libsodium's salt");

static void hash(const char *prefix, const void *data, size_t size,
                 uint8_t out[static KITH_NETWORK_KEY_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, KITH_NETWORK_KEY_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)prefix, strlen(prefix));
    crypto_generichash_update(&state, data, size);
    crypto_generichash_final(&state, out, KITH_NETWORK_KEY_SIZE);
    sodium_memzero(&state, sizeof(state));
}

int kith_network_derive(const struct kith_name *name,
                        const struct kith_passphrase *passphrase,
                        struct kith_network *out)
{
    uint8_t hashed[KITH_NETWORK_KEY_SIZE];
    struct kith_network network = {.name = *name, .has_passphrase = passphrase != NULL};
    if (sodium_init() < 0)
        return KITH_ENOMEM;
    hash("kith-net", name->text, strlen(name->text), hashed);
    if (passphrase == NULL)
        memcpy(network.key, hashed, sizeof(network.key));
    else if (crypto_pwhash_argon2id(network.key, sizeof(network.key),
                                    (const char *)passphrase->bytes, passphrase->size,
                                    hashed, PASSES, MEMORY_MAX,
                                    crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return KITH_ENOMEM;
    *out = network;
    kith_network_deinit(&network);
    return 0;
}

struct kith_network kith_network_default(void)
{
    struct kith_network network = {.name = {.text = KITH_NETWORK_NAME_DEFAULT}};
    hash("kith-net", KITH_NETWORK_NAME_DEFAULT, strlen(KITH_NETWORK_NAME_DEFAULT),
         network.key);
    return network;
}

void kith_network_fingerprint(const struct kith_network *network,
                              char out[static KITH_ID_SHORT_SIZE])
{
    struct kith_id hashed;
    hash("kith-net-fp", network->key, sizeof(network->key), hashed.bytes);
    kith_id_format_short(&hashed, out);
}

bool kith_network_equal(const struct kith_network *a, const struct kith_network *b)
{
    return strcmp(a->name.text, b->name.text) == 0 &&
           a->has_passphrase == b->has_passphrase &&
           sodium_memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

void kith_network_deinit(struct kith_network *network)
{
    sodium_memzero(network, sizeof(*network));
}
