/* SPDX-License-Identifier: MIT */
/* A life of a home in which every call to the disk fails once, in turn: each failure is
 * told, what follows works, and at the end all is there that a commit acknowledged. */
#include "store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/vfs_hostile.h"
#include "schema_1.h"
#include "store/snapshot.h"

#define BATCHES       6
#define BATCH_EVENTS  4 /* three in log 1, one in log 2 */
#define MARKER_EVERY  3
#define CHECKPOINT_AT 3
#define REOPEN_AT     5
#define CALLS_MAX     5000
#define TRIES_MAX     8

struct life {
    struct fixture *f;
    struct vfs_hostile disk;
    bool (*is_told_right)(int error);
    uint64_t acknowledged; /* batches */
    size_t told;           /* failures */
    char detail[KITH_STORE_DETAIL_SIZE];
};

/* ---- what may be told ---- */

static bool is_io(int error)
{
    return error == KITH_EIO;
}

static bool is_full(int error)
{
    return error == KITH_EFULL;
}

/* Told of a failure, somebody makes room or changes the disk. */
static void told(struct life *life, int error, const char *detail)
{
    if (!life->is_told_right(error) || detail[0] == '\0')
        fail_msg("call %zu told as %s: '%s'", life->disk.fail_at, kith_error_name(error),
                 detail);
    life->disk.is_lasting = false;
    life->told++;
    assert_true(life->told < TRIES_MAX);
}

/* ---- the life ---- */

static void open_home(struct life *life)
{
    int error;
    life->f->store = NULL;
    while ((error = kith_store_open(&life->f->config, &life->f->store, life->detail)) !=
           0)
        told(life, error, life->detail);
}

static void reopen(struct life *life)
{
    kith_store_close(life->f->store);
    open_home(life);
}

static int see_heads(void *ctx, const struct kith_record *record)
{
    uint64_t *heads = ctx;
    if (record->type == KITH_RECORD_META)
        heads[0] = record->meta.arrival_next - 1;
    else if (record->type == KITH_RECORD_LOG && record->log.no <= 2)
        heads[record->log.no] = record->log.seq;
    return 0;
}

/* After a sync that failed only another process may know what is there. */
static bool is_sync_failed(const struct life *life)
{
    return strstr(kith_store_detail(life->f->store), "failed to sync") != NULL;
}

static bool is_done(struct life *life, int error)
{
    if (error == 0)
        return true;
    told(life, error, kith_store_detail(life->f->store));
    if (is_sync_failed(life))
        reopen(life);
    return false;
}

/* How many batches are there; none of them is in halves. */
static uint64_t count_batches(struct life *life)
{
    uint64_t heads[3] = {0};
    do
        memset(heads, 0, sizeof heads);
    while (!is_done(life, kith_store_restore(life->f->store, see_heads, heads)));
    assert_int_equal(heads[1], 3 * heads[2]);
    assert_int_equal(heads[0], BATCH_EVENTS * heads[2]);
    return heads[2];
}

static int put_batch(struct life *life, uint64_t no)
{
    struct run_spec many = {.log_no = 1, .seq_first = 3 * no - 2, .count = 3};
    struct run_spec one = {.log_no = 2, .seq_first = no, .count = 1};
    struct kith_record ack = {.type = KITH_RECORD_ACK, .ack = {1, 2, 3 * no}};
    struct kith_record marker = {.type = KITH_RECORD_META, .meta.marker = {(uint8_t)no}};
    life->f->arrival_next = BATCH_EVENTS * (no - 1) + 1;
    int error = put_run(life->f, &many);
    if (error == 0)
        error = put_run(life->f, &one);
    if (error == 0)
        error = kith_store_put(life->f->store, &ack);
    if (error == 0 && no % MARKER_EVERY == 1)
        error = kith_store_put(life->f->store, &marker);
    return error == 0 ? kith_store_commit(life->f->store) : error;
}

/* As the core does: what was refused is put again. */
static void keep_batch(struct life *life, uint64_t no)
{
    int error;
    while ((error = put_batch(life, no)) != 0) {
        told(life, error, kith_store_detail(life->f->store));
        assert_false(kith_store_is_dirty(life->f->store));
        if (!is_sync_failed(life))
            continue;
        assert_int_equal(put_batch(life, no), KITH_EIO);
        reopen(life);
        uint64_t count = count_batches(life);
        assert_true(count == no || count == no - 1);
        if (count == no)
            break;
    }
    life->acknowledged = no;
}

static void make_world(struct life *life)
{
    struct kith_record peer = {.type = KITH_RECORD_PEER,
                               .peer = {.no = 1, .id = made_peer_id(1)}};
    struct kith_record room = {.type = KITH_RECORD_ROOM,
                               .room = {.no = 1, .kind = KITH_ROOM_OPEN}};
    int error;
    do {
        error = kith_store_put(life->f->store, &peer);
        if (error == 0)
            error = kith_store_put(life->f->store, &room);
        for (uint32_t log_no = 1; log_no <= 2 && error == 0; log_no++)
            error = put_log(life->f, log_no, 1, 1);
        if (error == 0)
            error = kith_store_commit(life->f->store);
    } while (!is_done(life, error));
}

static void check_point(struct life *life)
{
    do {
        struct kith_checkpoint *checkpoint = kith_store_checkpoint_begin(life->f->store);
        assert_non_null(checkpoint);
        kith_checkpoint_run(checkpoint);
    } while (!is_done(life, kith_store_checkpoint_end(life->f->store)));
}

static int see_run(void *ctx, const struct kith_stored_run *run)
{
    uint64_t *seq = ctx;
    struct kith_run decoded;
    assert_int_equal(run->seq_first, *seq + 1);
    assert_int_equal(kith_run_decode(run->bytes, &decoded), 0);
    *seq = run->seq_last;
    return 0;
}

static void read_all(struct life *life)
{
    static struct seen seen;
    struct kith_page_query page = {.limit = EVENTS_SEEN_MAX};
    uint64_t seq;
    do
        seq = 0;
    while (!is_done(life, kith_store_load(life->f->store, 1, 1, KITH_SEQ_MAX, SIZE_MAX,
                                          see_run, &seq)));
    assert_int_equal(seq, 3 * life->acknowledged);
    do
        seen.count = 0;
    while (!is_done(life, kith_store_page(life->f->store, &page, see_event, &seen)));
    assert_int_equal(seen.count, BATCH_EVENTS * life->acknowledged);
    do
        seen.count = 0;
    while (!is_done(life, kith_store_search(life->f->store, BYTES("1"), 0,
                                            EVENTS_SEEN_MAX, see_event, &seen)));
    assert_int_equal(seen.count, 3 * life->acknowledged + 1); /* "1 N" and "2 1" */
}

static void take_snapshot(struct life *life)
{
    int fd = -1, error;
    while ((error = kith_snapshot_take(life->f->path, false, &fd, life->detail)) != 0)
        told(life, error, life->detail);
    close(fd);
}

static void live(struct life *life)
{
    life->acknowledged = life->told = life->disk.failures = 0;
    open_home(life);
    make_world(life);
    for (uint64_t no = 1; no <= BATCHES; no++) {
        keep_batch(life, no);
        if (no == CHECKPOINT_AT)
            check_point(life);
        if (no == REOPEN_AT)
            reopen(life);
    }
    read_all(life);
    take_snapshot(life);
    kith_store_close(life->f->store);
    life->f->store = NULL;
}

static void is_whole(struct life *life)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_open(life->f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), 0);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal(sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
    sqlite3_close(db);
}

/* ---- failing ---- */

static void forget_home(const struct life *life)
{
    static const char *const names[] = {"kith.db", "kith.db-wal", "kith.db-shm",
                                        "kith.db-journal", "kith.db.v1"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", life->f->home, names[i]);
        unlink(path);
    }
}

static void disarm(struct life *life)
{
    vfs_hostile_arm(&life->disk, VFS_FAULT_IO, 0, false);
}

/* Every call in turn alone, or every third with all that come until somebody is told. */
static void fail_each(struct life *life, enum vfs_fault fault, bool is_lasting,
                      void (*prepare)(struct life *), void (*act)(struct life *),
                      void (*check)(struct life *))
{
    size_t told = 0, n = 1;
    life->is_told_right =
        fault == VFS_FAULT_FULL || fault == VFS_FAULT_SHORT ? is_full : is_io;
    do {
        assert_true(n < CALLS_MAX);
        forget_home(life);
        prepare(life);
        vfs_hostile_arm(&life->disk, fault, n, is_lasting);
        act(life);
        told += life->told;
        disarm(life);
        check(life);
        n += is_lasting ? 3 : 1;
    } while (life->disk.failures > 0);
    assert_true(told > 0);
    print_message("%zu calls, %zu failures told\n", n, told);
}

static void from_nothing(struct life *life)
{
}

static void has_all(struct life *life)
{
    is_whole(life);
    open_home(life);
    assert_int_equal(count_batches(life), BATCHES);
    read_all(life);
    kith_store_close(life->f->store);
    life->f->store = NULL;
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
    vfs_hostile_init(&life->disk);
    *state = life;
    return 0;
}

static int end(void **state)
{
    struct life *life = *state;
    void *fixture = life->f;
    vfs_hostile_deinit(&life->disk);
    teardown(&fixture);
    free(life);
    return 0;
}

static void fail_each_of_a_life(void **state, enum vfs_fault fault, bool is_lasting)
{
    struct life *life = *state;
    fail_each(life, fault, is_lasting, from_nothing, live, has_all);
}

static void an_error_of_any_call_is_told_and_loses_nothing(void **state)
{
    fail_each_of_a_life(state, VFS_FAULT_IO, false);
}

static void a_disk_that_goes_on_failing_is_told_and_loses_nothing(void **state)
{
    fail_each_of_a_life(state, VFS_FAULT_IO, true);
}

static void a_disk_that_is_full_at_any_call_is_told_and_loses_nothing(void **state)
{
    fail_each_of_a_life(state, VFS_FAULT_FULL, true);
}

static void half_a_write_is_told_and_loses_nothing(void **state)
{
    fail_each_of_a_life(state, VFS_FAULT_SHORT, false);
}

static void a_failed_sync_is_told_and_loses_nothing(void **state)
{
    struct life *life = *state;
    fail_each_of_a_life(state, VFS_FAULT_SYNC, false);
    life->f->config.is_durable_full = true;
    fail_each_of_a_life(state, VFS_FAULT_SYNC, false);
}

/* ---- memory ---- */

/* SQLite's own, with one allocation that fails. */
static struct {
    sqlite3_mem_methods real;
    size_t fail_in; /* from 1, the next one; 0: none */
    bool has_failed;
} memory;

static bool runs_out(void)
{
    if (memory.fail_in == 0 || --memory.fail_in > 0)
        return false;
    memory.has_failed = true;
    return true;
}

static void *allocate(int size)
{
    return runs_out() ? NULL : memory.real.xMalloc(size);
}

static void *reallocate(void *old, int size)
{
    return runs_out() ? NULL : memory.real.xRealloc(old, size);
}

static int setup_memory_faults(void **state)
{
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory.real);
    sqlite3_mem_methods failing = memory.real;
    failing.xMalloc = allocate;
    failing.xRealloc = reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
    sqlite3_initialize(); /* or the store sets up its own */
    return setup(state);
}

static int end_memory_faults(void **state)
{
    end(state);
    sqlite3_shutdown();
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &memory.real);
}

static bool is_memory(int error)
{
    return error == KITH_ENOMEM;
}

/* Each of the first allocations, then fewer and fewer; in the long form each of all. */
static void memory_that_runs_out_is_told_and_loses_nothing(void **state)
{
    struct life *life = *state;
    size_t told = 0;
    bool is_soak = getenv("KITH_SOAK") != NULL;
    life->is_told_right = is_memory;
    for (size_t n = 1; n == 1 || memory.has_failed; n += is_soak ? 1 : 1 + n / 16) {
        forget_home(life);
        memory.has_failed = false;
        memory.fail_in = n;
        live(life);
        told += life->told;
        memory.fail_in = 0;
        has_all(life);
    }
    assert_true(told > 50);
    print_message("%zu failures told\n", told);
}

/* ---- reads amid what is being stored ---- */

#define OLD_EVENTS 200 /* their rows are on many pages */

/* A row is put, then an old one is read from a page that is not in memory, in vain. */
static void put_and_read_in_vain(struct life *life)
{
    struct run_spec run = {.log_no = 1, .seq_first = OLD_EVENTS + 1, .count = 1};
    uint64_t seen = 0;
    life->f->arrival_next = OLD_EVENTS + 1;
    assert_int_equal(put_run(life->f, &run), 0);
    vfs_hostile_arm(&life->disk, VFS_FAULT_IO, 1, false);
    assert_int_equal(
        kith_store_load(life->f->store, 1, 1, KITH_SEQ_MAX, SIZE_MAX, see_run, &seen),
        KITH_EIO);
    disarm(life);
}

/* And as many arrivals; so it is when the home is opened anew. */
static void has_events(struct life *life, uint64_t count)
{
    static struct seen seen;
    struct kith_page_query page = {.limit = EVENTS_SEEN_MAX};
    for (int i = 0; i < 2; i++) {
        uint64_t heads[3] = {0};
        assert_int_equal(kith_store_restore(life->f->store, see_heads, heads), 0);
        assert_int_equal(heads[0], count);
        assert_int_equal(heads[1], count);
        seen.count = 0;
        assert_int_equal(kith_store_page(life->f->store, &page, see_event, &seen), 0);
        assert_int_equal(seen.count, count);
        reopen(life);
    }
}

static void a_read_that_fails_amid_a_transaction_leaves_nothing_of_it(void **state)
{
    struct life *life = *state;
    char text[2000];
    memset(text, 't', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    open_home(life);
    make_world(life);
    life->f->arrival_next = 1;
    for (uint64_t seq = 1; seq <= OLD_EVENTS; seq++) {
        struct run_spec old = {.log_no = 1, .seq_first = seq, .count = 1, .text = text};
        assert_int_equal(put_run(life->f, &old), 0);
    }
    assert_int_equal(kith_store_commit(life->f->store), 0);
    reopen(life);
    put_and_read_in_vain(life);
    struct run_spec next = {.log_no = 1, .seq_first = OLD_EVENTS + 2, .count = 1};
    assert_int_equal(put_run(life->f, &next), KITH_EIO);
    assert_false(kith_store_is_dirty(life->f->store));
    has_events(life, OLD_EVENTS);
    put_and_read_in_vain(life);
    assert_int_equal(kith_store_commit(life->f->store), KITH_EIO);
    assert_false(kith_store_is_dirty(life->f->store));
    has_events(life, OLD_EVENTS);
    next.seq_first = life->f->arrival_next = OLD_EVENTS + 1;
    assert_int_equal(put_run(life->f, &next), 0);
    assert_int_equal(kith_store_commit(life->f->store), 0);
    has_events(life, OLD_EVENTS + 1);
    kith_store_close(life->f->store);
    life->f->store = NULL;
}

/* ---- migration ---- */

static void from_version_1(struct life *life)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(life->f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SCHEMA_1 SCHEMA_1_ROWS, NULL, NULL, NULL), 0);
    sqlite3_close(db);
}

static void migrate(struct life *life)
{
    life->told = life->disk.failures = 0;
    open_home(life);
    kith_store_close(life->f->store);
    life->f->store = NULL;
}

static void is_migrated(struct life *life)
{
    static struct seen seen;
    struct kith_page_query page = {.limit = 10};
    seen.count = 0;
    is_whole(life);
    open_home(life);
    assert_int_equal(kith_store_page(life->f->store, &page, see_event, &seen), 0);
    assert_int_equal(seen.count, 1);
    kith_store_close(life->f->store);
    life->f->store = NULL;
}

static void a_migration_that_fails_anywhere_is_done_the_next_time(void **state)
{
    struct life *life = *state;
    fail_each(life, VFS_FAULT_IO, false, from_version_1, migrate, is_migrated);
    fail_each(life, VFS_FAULT_SHORT, true, from_version_1, migrate, is_migrated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, end)
        /* Before the store has set up memory of its own. */
        cmocka_unit_test_setup_teardown(memory_that_runs_out_is_told_and_loses_nothing,
                                        setup_memory_faults, end_memory_faults),
        T(a_read_that_fails_amid_a_transaction_leaves_nothing_of_it),
        T(an_error_of_any_call_is_told_and_loses_nothing),
        T(a_disk_that_goes_on_failing_is_told_and_loses_nothing),
        T(a_disk_that_is_full_at_any_call_is_told_and_loses_nothing),
        T(half_a_write_is_told_and_loses_nothing),
        T(a_failed_sync_is_told_and_loses_nothing),
        T(a_migration_that_fails_anywhere_is_done_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
