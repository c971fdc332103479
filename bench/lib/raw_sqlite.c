/* SPDX-License-Identifier: MIT */
#include "raw_sqlite.h"

#include <sqlite3.h>
#include <stdio.h>

#include "folder.h"
#include "measure.h"
#include "store/store.h"

#define BUFFER_SIZE (1024 * 1024) /* of what is read */

struct raw {
    sqlite3 *db;
    sqlite3_stmt *event;
    sqlite3_stmt *arrival;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
};

static void raw_exec(sqlite3 *db, const char *sql)
{
    bench_must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static sqlite3_stmt *raw_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    bench_must(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK, sql);
    return s;
}

/* The tables are the store's own: made by it, then used without it. */
static void raw_open(struct raw *raw, const char *path, bool never_checkpoints)
{
    struct kith_store *store;
    struct kith_store_config config = {.path = path};
    bench_must(kith_store_open(&config, &store, NULL) == 0, "opening a store");
    kith_store_close(store);
    bench_must(sqlite3_open_v2(path, &raw->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                               NULL) == SQLITE_OK,
               "opening a database");
    raw_exec(raw->db, "PRAGMA synchronous = NORMAL;"
                      "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY");
    if (never_checkpoints)
        raw_exec(raw->db, "PRAGMA wal_autocheckpoint = 0");
    raw->event = raw_prepare(
        raw->db, "INSERT INTO events VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,NULL)");
    raw->arrival = raw_prepare(raw->db, "INSERT INTO arrivals VALUES(?1,?2,?3,?4)");
    raw->begin = raw_prepare(raw->db, "BEGIN IMMEDIATE");
    raw->commit = raw_prepare(raw->db, "COMMIT");
}

static void raw_close(struct raw *raw)
{
    sqlite3_finalize(raw->event);
    sqlite3_finalize(raw->arrival);
    sqlite3_finalize(raw->begin);
    sqlite3_finalize(raw->commit);
    sqlite3_close(raw->db);
}

static void raw_step(sqlite3_stmt *s)
{
    bench_must(sqlite3_step(s) == SQLITE_DONE, "a statement");
    sqlite3_reset(s);
}

static void raw_put_run(struct raw *raw, const struct kith_run *run)
{
    sqlite3_stmt *s = raw->event;
    for (size_t i = 0; i < run->count; i++) {
        const struct kith_event *event = &run->events[i];
        sqlite3_bind_int64(s, 1, (int64_t)(UINT64_C(1) << 40 | event->seq));
        sqlite3_bind_int64(s, 2, 1);
        sqlite3_bind_int64(s, 3, (int64_t)event->hlc);
        sqlite3_bind_int64(s, 4, event->kind);
        sqlite3_bind_int64(s, 5, 1700000000000000);
        sqlite3_bind_int64(s, 6, (int64_t)event->seq);
        sqlite3_bind_blob(s, 7, event->id.bytes, KITH_ID_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob(s, 8, event->own.data, (int)event->own.size, SQLITE_STATIC);
        if (i + 1 == run->count)
            sqlite3_bind_blob(s, 9, run->signature, KITH_SIGNATURE_SIZE, SQLITE_STATIC);
        else
            sqlite3_bind_null(s, 9);
        sqlite3_bind_blob(s, 10, event->content.data, (int)event->content.size,
                          SQLITE_STATIC);
        raw_step(s);
    }
}

static void raw_put_arrival(struct raw *raw, uint64_t first, uint64_t count)
{
    sqlite3_bind_int64(raw->arrival, 1, (int64_t)first);
    sqlite3_bind_int64(raw->arrival, 2, 1);
    sqlite3_bind_int64(raw->arrival, 3, (int64_t)first);
    sqlite3_bind_int64(raw->arrival, 4, (int64_t)count);
    raw_step(raw->arrival);
}

static double raw_write(struct raw *raw, struct bench_sample *sample,
                        const struct bench_sqlite_case *what)
{
    double begin = bench_now_s();
    for (uint64_t seq = 1; seq <= what->events;) {
        uint64_t first = seq;
        raw_step(raw->begin);
        do {
            bench_sample_move(sample, seq);
            raw_put_run(raw, &sample->run);
            seq += sample->run.count;
        } while (seq - first < what->a_commit && seq <= what->events);
        raw_put_arrival(raw, first, seq - first);
        raw_step(raw->commit);
    }
    return (double)what->events / (bench_now_s() - begin);
}

/* Reading what load reads, into a buffer, without putting runs together. */
static double raw_read(struct raw *raw)
{
    sqlite3_stmt *s =
        raw_prepare(raw->db, "SELECT key, id, own, content, signature FROM events"
                             " WHERE key > 0 ORDER BY key");
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    size_t count = 0;
    double begin = bench_now_s();
    while (sqlite3_step(s) == SQLITE_ROW) {
        if (w.size > BUFFER_SIZE)
            kith_writer_clear(&w);
        for (int column = 2; column <= 4; column++)
            kith_writer_bytes(&w, sqlite3_column_blob(s, column),
                              (size_t)sqlite3_column_bytes(s, column));
        count++;
    }
    double rate = (double)count / (bench_now_s() - begin);
    sqlite3_finalize(s);
    kith_writer_deinit(&w);
    return rate;
}

double bench_sqlite_write(const struct bench_sqlite_case *what,
                          struct bench_sample *sample, double *out_read)
{
    struct bench_folder folder;
    struct raw raw;
    char path[BENCH_FOLDER_SIZE + 16];
    bench_folder_make(&folder);
    snprintf(path, sizeof path, "%s/kith.db", folder.path);
    raw_open(&raw, path, what->never_checkpoints);
    double rate = raw_write(&raw, sample, what);
    if (out_read)
        *out_read = raw_read(&raw);
    raw_close(&raw);
    bench_folder_remove(&folder);
    return rate;
}
