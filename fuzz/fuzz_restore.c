/* SPDX-License-Identifier: MIT */
/* A backup that was sealed in order, but not by kith: what is in it says the input. Files
 * a byte each and what stands in them; the database is one that kith wrote, spoilt.
 * Either a home comes of it, whole, or nothing stays and one sentence says why. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reader.h"
#include "kith/error.h"
#include "node/archive.h"
#include "node/backup.h"
#include "node/home.h"
#include "node/identity.h"
#include "node/network.h"
#include "spoil.h"
#include "store/store.h"

static const struct kith_passphrase secret = {.bytes = "otters", .size = 6};
static struct spoil_image database;
static char home[SCRATCH_PATH_SIZE], staging[SCRATCH_PATH_SIZE];

static void make_image(void)
{
    char path[SCRATCH_PATH_SIZE], detail[KITH_STORE_DETAIL_SIZE];
    struct kith_store *store = NULL;
    scratch_path(KITH_HOME_DATABASE, path);
    int error =
        kith_store_open(&(struct kith_store_config){.path = path}, &store, detail);
    assert(error == 0);
    kith_store_close(store);
    database = spoil_read(KITH_HOME_DATABASE);
    scratch_clear();
    scratch_path("home", home);
    scratch_path("home.restoring", staging);
}

/* ---- the backup ---- */

static void add_database(struct kith_writer *archive, struct kith_reader *in)
{
    uint8_t how = kith_reader_u8(in);
    size_t at = archive->size + sizeof(KITH_HOME_DATABASE) + 8;
    kith_archive_begin(archive, KITH_HOME_DATABASE, database.size);
    kith_writer_bytes(archive, database.bytes, database.size);
    for (int i = 0; i < (how & 3); i++)
        archive->data[at + kith_reader_u32(in) % database.size] ^= kith_reader_u8(in);
}

static struct kith_bytes some(struct kith_reader *in)
{
    size_t size = kith_reader_u8(in);
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    return kith_bytes(kith_reader_bytes(in, size), size);
}

static void add_file(struct kith_writer *archive, const char *name,
                     struct kith_bytes content)
{
    kith_archive_begin(archive, name, content.size);
    kith_writer_bytes(archive, content.data, content.size);
}

static void add(struct kith_writer *archive, struct kith_reader *in)
{
    static const char *const names[] = {KITH_HOME_IDENTITY, KITH_HOME_NETWORK,
                                        KITH_HOME_CONFIG, KITH_HOME_DATABASE, "token"};
    static const uint8_t identity[KITH_IDENTITY_SEED_SIZE] = {1};
    uint8_t what = kith_reader_u8(in);
    struct kith_bytes bytes;
    switch (what % 8) {
    case 0:
        add_file(archive, KITH_HOME_IDENTITY, kith_bytes(identity, sizeof(identity)));
        break;
    case 1:
        add_database(archive, in);
        break;
    case 2:
        kith_archive_end(archive);
        break;
    default:
        bytes = some(in);
        if (what & 0x80) /* no file, but anything */
            kith_writer_bytes(archive, bytes.data, bytes.size);
        else
            add_file(archive, names[what % 8 - 3], bytes);
        break;
    }
}

static int keep(void *ctx, struct kith_bytes bytes)
{
    kith_writer_bytes(ctx, bytes.data, bytes.size);
    return 0;
}

static void write_backup(struct kith_bytes plain)
{
    static const struct kith_seal_cost cheap = {KITH_SEAL_MEMORY_KIB_MIN, 1};
    struct kith_writer sealed = kith_writer(&kith_alloc_heap);
    struct kith_sealer *sealer = NULL;
    int error = kith_sealer_new(&secret, &cheap, keep, &sealed, &sealer);
    assert(error == 0);
    error = kith_sealer_put(sealer, plain);
    assert(error == 0 && kith_sealer_end(sealer) == 0);
    kith_sealer_free(sealer);
    scratch_write("backup", sealed.data, sealed.size);
    kith_writer_deinit(&sealed);
}

/* ---- the home ---- */

static bool is_there(const char *path)
{
    struct stat is;
    return lstat(path, &is) == 0;
}

static void check_home(void)
{
    char path[2 * SCRATCH_PATH_SIZE], detail[KITH_STORE_DETAIL_SIZE];
    struct kith_identity identity;
    struct kith_network network;
    struct kith_problem problem;
    struct kith_store *store = NULL;
    int error = kith_identity_load(home, &identity, &problem);
    assert(error == 0 || error == KITH_ECORRUPT);
    error = kith_network_load(home, &network, &problem);
    assert(error == 0 || error == KITH_ECORRUPT || error == KITH_ENOTFOUND);
    snprintf(path, sizeof(path), "%s/" KITH_HOME_DATABASE, home);
    kith_store_open(&(struct kith_store_config){.path = path}, &store, detail);
    kith_store_close(store);
}

static void remove_home(void)
{
    static const char *const names[] = {KITH_HOME_IDENTITY,
                                        KITH_HOME_NETWORK,
                                        KITH_HOME_CONFIG,
                                        KITH_HOME_DATABASE,
                                        KITH_HOME_ORIGIN,
                                        KITH_HOME_DATABASE "-wal",
                                        "lock",
                                        KITH_HOME_DATABASE "-shm"};
    char path[2 * SCRATCH_PATH_SIZE];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", home, names[i]);
        unlink(path);
    }
    int error = rmdir(home);
    assert(error == 0);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    char file[SCRATCH_PATH_SIZE];
    struct kith_problem problem = {0};
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    struct kith_writer archive = kith_writer(&kith_alloc_heap);
    if (database.bytes == NULL)
        make_image();
    while (kith_reader_left(&in) > 0)
        add(&archive, &in);
    write_backup(kith_writer_view(&archive));
    scratch_path("backup", file);
    int error = kith_restore(&(struct kith_restore_job){home, file, &secret}, &problem);
    assert((error == 0) == (problem.text[0] == '\0'));
    assert(!is_there(staging) && is_there(home) == (error == 0));
    if (error == 0) {
        check_home();
        remove_home();
    }
    kith_writer_deinit(&archive);
    scratch_clear();
}
