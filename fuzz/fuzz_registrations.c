/* SPDX-License-Identifier: MIT */
/* A tracker's home whose database is not what a tracker left there. One is made at the
 * start, with part of it in the write-ahead log; the input says what becomes of it: bytes
 * written over, files cut short, or rows that SQL can write and a tracker would not. Then
 * a tracker starts there, takes its registrations back and keeps some more. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/writer.h"
#include "kith/error.h"
#include "lib/alloc_failing.h"
#include "lib/rng_seeded.h"
#include "proto/signed_addresses.h"
#include "spoil.h"
#include "store/registrations.h"
#include "tracker/registry.h"

#define NAME      "tracker.db"
#define START_S   UINT64_C(1704067200)
#define PEERS_MAX 3 /* fewer than are kept */
#define KEPT      5

static struct spoil_image database, wal;

/* ---- what a tracker left ---- */

static void put_peer(struct kith_registrations *kept, uint8_t no)
{
    struct kith_writer record = kith_writer(&kith_alloc_heap);
    struct kith_signed_addresses addresses = {
        .id = {{no}},
        .counter = 1000,
        .expiry = START_S + 3600,
        .address_count = 1,
        .addresses = {kith_bytes("10.0.0.9:1", 10)}};
    kith_signed_addresses_fields(&record, &addresses);
    kith_writer_bytes(&record, addresses.signature, sizeof(addresses.signature));
    struct kith_registration row = {.id = {{no}},
                                    .tag = {no & 1},
                                    .name = {"bob"},
                                    .remote = {.port = 4747},
                                    .is_here = no > 3,
                                    .seen_s = START_S - no,
                                    .counters = {1000},
                                    .records = {kith_writer_view(&record)}};
    memset(row.remote.ip.bytes, no, sizeof(row.remote.ip.bytes));
    int error = kith_registrations_put(kept, &row);
    assert(error == 0);
    kith_writer_deinit(&record);
}

static void make_images(void)
{
    char path[SCRATCH_PATH_SIZE], detail[KITH_REGISTRATIONS_DETAIL_SIZE];
    struct kith_registrations *kept = NULL;
    scratch_path(NAME, path);
    int error = kith_registrations_open(path, &kept, detail);
    assert(error == 0);
    for (uint8_t no = 1; no < KEPT; no++)
        put_peer(kept, no);
    kith_registrations_close(kept);
    database = spoil_read(NAME);
    error = kith_registrations_open(path, &kept, detail);
    assert(error == 0);
    put_peer(kept, KEPT);
    error = kith_registrations_mark(kept, START_S);
    assert(error == 0 && kith_registrations_commit(kept) == 0);
    wal = spoil_read(NAME "-wal");
    kith_registrations_close(kept);
    scratch_clear();
}

static const char *const statements[] = {
    "UPDATE OR REPLACE peers SET id = ?1",
    "UPDATE peers SET tag = ?1",
    "UPDATE peers SET name = ?1",
    "UPDATE peers SET ip = ?1",
    "UPDATE peers SET port = ?1",
    "UPDATE peers SET is_here = ?1",
    "UPDATE peers SET seen = ?1",
    "UPDATE peers SET reached = ?1",
    "UPDATE peers SET public_counter = ?1",
    "UPDATE peers SET local_counter = ?1",
    "UPDATE peers SET public_record = ?1",
    "UPDATE peers SET local_record = ?1",
    "UPDATE mark SET seen = ?1",
    "DELETE FROM mark",
    "DROP TABLE mark",
    "DROP TABLE peers",
    "ALTER TABLE peers RENAME TO others",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 99",
    "PRAGMA application_id = 5",
};

/* ---- what a tracker makes of it ---- */

static void check_error(int error)
{
    assert(error == 0 || error == KITH_ECORRUPT || error == KITH_EIO ||
           error == KITH_EFULL || error == KITH_EREADONLY);
}

struct taking {
    struct kith_registry *registry;
    size_t count;
};

static int take(void *ctx, const struct kith_registration *row)
{
    struct taking *taking = ctx;
    assert(memchr(row->name.text, '\0', sizeof(row->name.text)) != NULL);
    assert(!row->is_here);
    taking->count++;
    const struct kith_now now = {.wall = START_S * KITH_SECOND};
    return kith_registry_restore(taking->registry, row, now);
}

static void live(struct kith_registrations *kept)
{
    struct alloc_failing memory;
    struct rng_seeded rng;
    struct taking taking = {0};
    alloc_failing_init(&memory);
    rng_seeded_init(&rng, 1);
    const struct kith_registry_config config = {.alloc = &memory.alloc,
                                                .rng = rng.rng,
                                                .peers_max = PEERS_MAX,
                                                .per_address_max = 2};
    int error = kith_registry_new(&config, &taking.registry);
    assert(error == 0);
    error = kith_registrations_restore(kept, START_S - 3600, take, &taking);
    check_error(error);
    assert((error == 0) == (kith_registrations_detail(kept)[0] == '\0'));
    struct kith_registry_counts counts = kith_registry_counts(taking.registry);
    assert(counts.away <= PEERS_MAX && counts.away <= taking.count && counts.here == 0);
    kith_registry_free(taking.registry);
    assert(memory.live_blocks == 0);
}

static void go_on(struct kith_registrations *kept)
{
    const struct kith_registration row = {.id = {{9}}, .name = {"eve"}, .is_here = true};
    const struct kith_id gone = {{1}};
    check_error(kith_registrations_put(kept, &row));
    check_error(kith_registrations_remove(kept, &gone));
    check_error(kith_registrations_mark(kept, START_S + 60));
    check_error(kith_registrations_commit(kept));
}

void fuzz_input(const uint8_t *data, size_t size)
{
    char path[SCRATCH_PATH_SIZE], detail[KITH_REGISTRATIONS_DETAIL_SIZE] = "";
    struct kith_registrations *kept = NULL;
    if (database.bytes == NULL)
        make_images();
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    spoil_files(NAME, &database, &wal, &in);
    spoil_rows(NAME, statements, sizeof(statements) / sizeof(statements[0]), &in);
    scratch_path(NAME, path);
    int error = kith_registrations_open(path, &kept, detail);
    assert((error == 0) == (detail[0] == '\0'));
    if (error != KITH_ENEWER)
        check_error(error);
    if (error == 0) {
        live(kept);
        go_on(kept);
    }
    kith_registrations_close(kept);
    scratch_clear();
}
