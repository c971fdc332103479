/* SPDX-License-Identifier: MIT */
#include "node/identity.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "kith/error.h"
#include "node/home.h"
#include "node/secret_file.h"

_Static_assert(KITH_IDENTITY_SEED_SIZE == crypto_sign_SEEDBYTES, "seed");
_Static_assert(sizeof(((struct kith_identity *)0)->secret) == crypto_sign_SECRETKEYBYTES,
               "secret");

/* ---- reading ---- */

static int read_seed(const struct kith_secret_file *file,
                     uint8_t seed[static KITH_IDENTITY_SEED_SIZE],
                     struct kith_problem *problem)
{
    size_t size = 0;
    int error =
        kith_secret_file_read(file, seed, KITH_IDENTITY_SEED_SIZE, &size, problem);
    if (error == KITH_ENOTFOUND)
        return kith_problem_set(problem, error,
                                "there is no identity in %s yet; `kith up` makes one",
                                file->path);
    if (error == 0 && size != KITH_IDENTITY_SEED_SIZE)
        return kith_problem_set(problem, KITH_ECORRUPT,
                                "the identity %s has %zu bytes where %d belong; restore "
                                "it from a backup, or move it, " KITH_HOME_DATABASE
                                " and " KITH_HOME_DATABASE "-wal away to become a new "
                                "peer",
                                file->path, size, KITH_IDENTITY_SEED_SIZE);
    return error;
}

static void take_seed(struct kith_identity *out,
                      const uint8_t seed[static KITH_IDENTITY_SEED_SIZE])
{
    memcpy(out->seed, seed, KITH_IDENTITY_SEED_SIZE);
    crypto_sign_seed_keypair(out->id.bytes, out->secret, out->seed);
}

static int load(const struct kith_secret_file *file, struct kith_identity *out,
                struct kith_problem *problem)
{
    uint8_t seed[KITH_IDENTITY_SEED_SIZE];
    int error = read_seed(file, seed, problem);
    if (error == 0)
        take_seed(out, seed);
    sodium_memzero(seed, sizeof(seed));
    return error;
}

/* ---- making ---- */

/* What is in a database was said by the identity that is gone: with another one, peers
 * would be told of logs that it never wrote. */
static bool has_database(const char *home)
{
    static const char *const names[] = {KITH_HOME_DATABASE, KITH_HOME_DATABASE "-wal"};
    bool has = false;
    for (size_t i = 0; i < 2; i++) {
        struct stat is;
        char *path = kith_home_file(home, names[i]);
        has |= path == NULL || (stat(path, &is) == 0 && is.st_size > 0);
        free(path);
    }
    return has;
}

static int explain_lost(const struct kith_secret_file *file, struct kith_problem *problem)
{
    return kith_problem_set(problem, KITH_ENOTFOUND,
                            "the identity %s is missing, and %s/" KITH_HOME_DATABASE
                            " is of it; put it back, or `kith restore` a backup; to "
                            "begin as a new peer move " KITH_HOME_DATABASE
                            " and " KITH_HOME_DATABASE "-wal away too",
                            file->path, file->home);
}

static int make(const struct kith_secret_file *file, struct kith_problem *problem)
{
    uint8_t seed[KITH_IDENTITY_SEED_SIZE];
    randombytes_buf(seed, sizeof(seed));
    int error =
        kith_secret_file_write(file, kith_bytes(seed, sizeof(seed)), false, problem);
    sodium_memzero(seed, sizeof(seed));
    return error;
}

static int with_path(const char *home, bool makes, struct kith_identity *out,
                     struct kith_problem *problem)
{
    char *path = kith_home_file(home, KITH_HOME_IDENTITY);
    if (path == NULL || sodium_init() < 0) {
        free(path);
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    }
    struct kith_secret_file file = {home, path, "identity"};
    /* Asked first: another process makes the identity, then the database. */
    bool is_lost = makes && has_database(home);
    int error = load(&file, out, problem);
    if (error == KITH_ENOTFOUND && is_lost) {
        error = explain_lost(&file, problem);
    } else if (error == KITH_ENOTFOUND && makes) {
        error = make(&file, problem);
        if (error == 0)
            error = load(&file, out, problem);
    }
    free(path);
    return error;
}

int kith_identity_load(const char *home, struct kith_identity *out,
                       struct kith_problem *problem)
{
    return with_path(home, false, out, problem);
}

int kith_identity_load_or_make(const char *home, struct kith_identity *out,
                               struct kith_problem *problem)
{
    return with_path(home, true, out, problem);
}

void kith_identity_deinit(struct kith_identity *identity)
{
    sodium_memzero(identity, sizeof(*identity));
}

/* ---- signing ---- */

static void sign(void *ctx, const uint8_t *message, size_t size,
                 uint8_t out[static KITH_SIGNATURE_SIZE])
{
    const struct kith_identity *identity = ctx;
    crypto_sign_detached(out, NULL, message, size, identity->secret);
}

struct kith_signer kith_identity_signer(struct kith_identity *identity)
{
    return (struct kith_signer){sign, identity};
}
