/* SPDX-License-Identifier: MIT */
/* The file `network` of the home: four lines and a last one that tells whether they are
 * whole.
 *
 *   kith network 1
 *   name NAME
 *   passphrase yes|no
 *   key 64 HEXADECIMAL DIGITS
 *   check 12 CHARACTERS         of the hash of the lines before */
#include "node/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "kith/error.h"
#include "node/home.h"
#include "node/secret_file.h"

#define KEY_TEXT_SIZE (2 * KITH_NETWORK_KEY_SIZE + 1)
#define FILE_SIZE_MAX 320 /* with the longest name */

/* ---- its text ---- */

/* The only text that stands for this network. Its size. */
static size_t encode(const struct kith_network *network, char out[static FILE_SIZE_MAX])
{
    char key[KEY_TEXT_SIZE], check[KITH_ID_SHORT_SIZE];
    struct kith_id hashed;
    sodium_bin2hex(key, sizeof(key), network->key, sizeof(network->key));
    int size =
        snprintf(out, FILE_SIZE_MAX, "kith network 1\nname %s\npassphrase %s\nkey %s\n",
                 network->name.text, network->has_passphrase ? "yes" : "no", key);
    crypto_generichash(hashed.bytes, sizeof(hashed.bytes), (const uint8_t *)out,
                       (unsigned long long)size, NULL, 0);
    kith_id_format_short(&hashed, check);
    size += snprintf(out + size, (size_t)(FILE_SIZE_MAX - size), "check %s\n", check);
    sodium_memzero(key, sizeof(key));
    return (size_t)size;
}

/* The rest of the line after `label`, cut off from `*text`; false when it is another. */
static bool take_line(struct kith_bytes *text, const char *label, struct kith_bytes *out)
{
    size_t size = strlen(label);
    const uint8_t *end = text->size > 0 ? memchr(text->data, '\n', text->size) : NULL;
    if (end == NULL || (size_t)(end - text->data) < size ||
        memcmp(text->data, label, size) != 0)
        return false;
    *out = kith_bytes(text->data + size, (size_t)(end - text->data) - size);
    *text = kith_bytes(end + 1, text->size - (size_t)(end + 1 - text->data));
    return true;
}

/* Lenient, for what it yields has to encode to the very same text. */
static bool decode(struct kith_bytes text, struct kith_network *out)
{
    struct kith_bytes rest = text, head, name, passphrase, key;
    char again[FILE_SIZE_MAX];
    size_t key_size = 0;
    *out = (struct kith_network){0};
    if (!take_line(&rest, "kith network 1", &head) || !take_line(&rest, "name ", &name) ||
        !take_line(&rest, "passphrase ", &passphrase) ||
        !take_line(&rest, "key ", &key) || kith_name_parse(name, &out->name, NULL) != 0 ||
        sodium_hex2bin(out->key, sizeof(out->key), (const char *)key.data, key.size, NULL,
                       &key_size, NULL) != 0 ||
        key_size != sizeof(out->key))
        return false;
    out->has_passphrase = passphrase.size == strlen("yes");
    size_t size = encode(out, again);
    bool is_same = kith_bytes_equal(text, kith_bytes(again, size));
    sodium_memzero(again, sizeof(again));
    return is_same;
}

/* ---- the file ---- */

static int out_of_memory(struct kith_problem *problem)
{
    return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
}

static int load(const struct kith_secret_file *file, struct kith_network *out,
                struct kith_problem *problem)
{
    uint8_t text[FILE_SIZE_MAX];
    struct kith_network network = {0};
    size_t size = 0;
    int error = kith_secret_file_read(file, text, sizeof(text), &size, problem);
    if (error == 0 && !decode(kith_bytes(text, size), &network))
        error = kith_problem_set(problem, KITH_ECORRUPT,
                                 "the network key %s is damaged; restore it from a "
                                 "backup, or move it away and give --network and the "
                                 "passphrase again",
                                 file->path);
    if (error == 0)
        *out = network;
    kith_network_deinit(&network);
    sodium_memzero(text, sizeof(text));
    return error;
}

int kith_network_load(const char *home, struct kith_network *out,
                      struct kith_problem *problem)
{
    char *path = kith_home_file(home, KITH_HOME_NETWORK);
    if (path == NULL || sodium_init() < 0) {
        free(path);
        return out_of_memory(problem);
    }
    int error = load(&(struct kith_secret_file){home, path, "network key"}, out, problem);
    free(path);
    return error;
}

int kith_network_save(const char *home, const struct kith_network *network,
                      struct kith_problem *problem)
{
    char text[FILE_SIZE_MAX];
    char *path = kith_home_file(home, KITH_HOME_NETWORK);
    if (path == NULL)
        return out_of_memory(problem);
    size_t size = encode(network, text);
    int error =
        kith_secret_file_write(&(struct kith_secret_file){home, path, "network key"},
                               kith_bytes(text, size), true, problem);
    sodium_memzero(text, sizeof(text));
    free(path);
    return error;
}

/* ---- the one to use ---- */

int kith_network_choose(const char *home, const struct kith_network_wish *wish,
                        struct kith_network *out, struct kith_network *kept,
                        struct kith_problem *problem)
{
    struct kith_name name;
    int error = kith_network_load(home, kept, problem);
    if (error == KITH_ENOTFOUND)
        *kept = kith_network_default();
    else if (error != 0)
        return error;
    const char *why = "";
    name = kept->name;
    if (wish->name != NULL &&
        kith_name_parse(kith_bytes(wish->name, strlen(wish->name)), &name, &why) != 0)
        return kith_problem_set(
            problem, KITH_ENAME,
            "the network name '%s' cannot be used: %s; choose another "
            "with --network",
            wish->name, why);
    bool is_kept = wish->passphrase == NULL && !wish->drops_passphrase &&
                   strcmp(name.text, kept->name.text) == 0;
    if (is_kept) {
        *out = *kept;
        return 0;
    }
    if (kith_network_derive(&name, wish->passphrase, out) != 0)
        return kith_problem_set(
            problem, KITH_ENOMEM,
            "out of memory: the key of the network takes 64 MiB for a "
            "moment; close something and try again");
    return 0;
}
