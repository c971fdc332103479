/* SPDX-License-Identifier: MIT */
/* The power goes before any write or sync of a home's life. What the disk is left with
 * opens, holds what was promised to last, nothing by halves, and takes more. */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/rng_seeded.h"
#include "lib/vfs_hostile.h"

#define BATCHES       14
#define MARKER_EVERY  4
#define CHECKPOINT_AT 6
#define REOPEN_AT     10

struct life {
    struct fixture *f;
    struct vfs_hostile disk;
    struct rng_seeded rng;
    char cut_home[96];
    bool has_world; /* its commit was acknowledged */
    uint64_t acknowledged;
    uint64_t promised; /* batches that outlive a power cut */
    size_t cuts, losses;
};

static int put_batch(struct fixture *f, struct kith_store *store, uint64_t no,
                     bool is_marked)
{
    struct run_spec specs[] = {{.log_no = 1, .seq_first = 3 * no - 2, .count = 3},
                               {.log_no = 2, .seq_first = no, .count = 1}};
    struct kith_record marker = {.type = KITH_RECORD_META, .meta.marker = {(uint8_t)no}};
    int error = is_marked ? kith_store_put(store, &marker) : 0;
    f->arrival_next = 4 * (no - 1) + 1;
    for (size_t i = 0; i < COUNT(specs) && error == 0; i++) {
        struct made_run made;
        make_run(f, &specs[i], &made);
        error = kith_store_put(store, &made.record);
        made_run_deinit(&made);
    }
    return error == 0 ? kith_store_commit(store) : error;
}

static void make_world(struct fixture *f, struct kith_store *store)
{
    struct kith_record room = {.type = KITH_RECORD_ROOM,
                               .room = {.no = 1, .kind = KITH_ROOM_OPEN}};
    struct kith_record log = {.type = KITH_RECORD_LOG,
                              .log = {.room_no = 1, .seq_first = 1}};
    assert_int_equal(kith_store_put(store, &room), 0);
    for (log.log.no = 1; log.log.no <= 2; log.log.no++)
        assert_int_equal(kith_store_put(store, &log), 0);
    assert_int_equal(kith_store_commit(store), 0);
}

/* ---- after the cut ---- */

struct held {
    uint64_t arrivals;
    uint64_t heads[3];
    size_t rooms;
};

static int see_record(void *ctx, const struct kith_record *record)
{
    struct held *held = ctx;
    if (record->type == KITH_RECORD_META)
        held->arrivals = record->meta.arrival_next - 1;
    else if (record->type == KITH_RECORD_ROOM)
        held->rooms++;
    else if (record->type == KITH_RECORD_LOG)
        held->heads[record->log.no] = record->log.seq;
    return 0;
}

static void check_remains(struct life *life, struct kith_store *store)
{
    struct held held = {0};
    static struct seen seen;
    assert_int_equal(kith_store_restore(store, see_record, &held), 0);
    uint64_t batches = held.heads[2];
    assert_int_equal(held.heads[1], 3 * batches);
    assert_int_equal(held.arrivals, 4 * batches);
    assert_in_range(batches, life->promised, life->acknowledged + 1);
    life->losses += batches < life->acknowledged;
    seen.count = 0;
    assert_int_equal(
        kith_store_search(store, BYTES("1"), 0, EVENTS_SEEN_MAX, see_event, &seen), 0);
    assert_int_equal(seen.count, batches > 0 ? 3 * batches + 1 : 0);
    if (held.rooms == 0)
        make_world(life->f, store);
    assert_int_equal(put_batch(life->f, store, batches + 1, true), 0);
}

static void forget_files(const char *home)
{
    static const char *const names[] = {"kith.db", "kith.db-journal", "kith.db-wal",
                                        "kith.db-shm", "lock"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", home, names[i]);
        unlink(path);
    }
}

static void cut_power(void *ctx)
{
    struct life *life = ctx;
    char path[128], detail[KITH_STORE_DETAIL_SIZE] = "";
    struct kith_store_config config = life->f->config;
    struct kith_store *store = NULL;
    uint64_t arrival_next = life->f->arrival_next;
    snprintf(path, sizeof path, "%s/kith.db", life->cut_home);
    config.path = path;
    forget_files(life->cut_home);
    life->cuts++;
    vfs_hostile_cut_power(&life->disk, life->cut_home, &life->rng.rng);
    life->disk.is_recording = false;
    if (kith_store_open(&config, &store, detail) != 0)
        fail_msg("cut %zu: %s", life->cuts, detail);
    check_remains(life, store);
    kith_store_close(store);
    life->disk.is_recording = true;
    life->f->arrival_next = arrival_next;
}

/* ---- before ---- */

static void live(struct life *life)
{
    struct fixture *f = life->f;
    bool is_full = f->config.is_durable_full;
    life->acknowledged = life->promised = 0;
    forget_files(f->home);
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    make_world(f, f->store);
    for (uint64_t no = 1; no <= BATCHES; no++) {
        bool is_marked = no % MARKER_EVERY == 1;
        assert_int_equal(put_batch(f, f->store, no, is_marked), 0);
        life->acknowledged = no;
        if (is_marked || is_full)
            life->promised = no;
        if (no == CHECKPOINT_AT) {
            kith_checkpoint_run(kith_store_checkpoint_begin(f->store));
            assert_int_equal(kith_store_checkpoint_end(f->store), 0);
            life->promised = no;
        }
        if (no == REOPEN_AT)
            fixture_reopen(f);
    }
    kith_store_close(f->store);
    f->store = NULL;
    cut_power(life);
}

static void the_power_goes(void **state, bool is_durable_full)
{
    struct life *life = *state;
    life->f->config.is_durable_full = is_durable_full;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        rng_seeded_init(&life->rng, seed);
        live(life);
    }
    print_message("%zu cuts, %zu of them lost something\n", life->cuts, life->losses);
    assert_true(life->cuts > 300);
}

static void a_power_cut_takes_what_came_after_the_last_sync_at_most(void **state)
{
    struct life *life = *state;
    the_power_goes(state, false);
    assert_true(life->losses > 0);
}

static void with_full_durability_a_power_cut_takes_nothing_acknowledged(void **state)
{
    struct life *life = *state;
    the_power_goes(state, true);
    assert_int_equal(life->losses, 0);
}

static int setup(void **state)
{
    struct life *life = calloc(1, sizeof *life);
    void *fixture;
    assert_non_null(life);
    setup_disk(&fixture);
    life->f = fixture;
    kith_store_close(life->f->store);
    life->f->store = NULL;
    snprintf(life->cut_home, sizeof life->cut_home, "%s/cut", life->f->home);
    assert_int_equal(mkdir(life->cut_home, 0700), 0);
    vfs_hostile_init(&life->disk);
    vfs_hostile_record(&life->disk, cut_power, life);
    *state = life;
    return 0;
}

static int end(void **state)
{
    struct life *life = *state;
    void *fixture = life->f;
    vfs_hostile_deinit(&life->disk);
    forget_files(life->cut_home);
    rmdir(life->cut_home);
    teardown(&fixture);
    free(life);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, end)
        T(a_power_cut_takes_what_came_after_the_last_sync_at_most),
        T(with_full_durability_a_power_cut_takes_nothing_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
