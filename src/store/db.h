/* SPDX-License-Identifier: MIT */
/* The open database behind a store: statements kept prepared, SQLite's errors made ours.
 *
 * Internal to src/store. Each table family is one file that ends in one const entry of
 * type kith_store_family; schema.c lists them. */
#ifndef KITH_STORE_DB_H
#define KITH_STORE_DB_H

#include "kith/error.h"
#include "store/lock.h"
#include "store/store.h"
#include <sqlite3.h>

/* The cached statements; each is prepared where it is first needed. */
enum kith_store_statement {
    KITH_SQL_BEGIN,
    KITH_SQL_COMMIT,
    KITH_SQL_ROLLBACK,
    KITH_SQL_META_PUT,
    KITH_SQL_META_RESTORE,
    KITH_SQL_PEER_PUT,
    KITH_SQL_PEER_RESTORE,
    KITH_SQL_ROOM_PUT,
    KITH_SQL_ROOM_RESTORE,
    KITH_SQL_LOG_PUT,
    KITH_SQL_LOG_RESTORE,
    KITH_SQL_LOG_GET,
    KITH_SQL_ACK_PUT,
    KITH_SQL_ACK_RESTORE,
    KITH_SQL_ACK_COUNT,
    KITH_SQL_TRACKER_PUT,
    KITH_SQL_TRACKER_RESTORE,
    KITH_SQL_EVENT_PUT,
    KITH_SQL_EVENT_GET,
    KITH_SQL_EVENT_ID,
    KITH_SQL_ARRIVAL_PUT,
    KITH_SQL_ARRIVALS,
    KITH_SQL_ARRIVAL_GROUP,
    KITH_SQL_RUN_START,
    KITH_SQL_RUN_FIRST,
    KITH_SQL_RUN_ROWS,
    KITH_SQL_PAGE_ROOM_OLDEST,
    KITH_SQL_PAGE_ROOM_NEWEST,
    KITH_SQL_PAGE_ALL_OLDEST,
    KITH_SQL_PAGE_ALL_NEWEST,
    KITH_SQL_SEEN_PUT,
    KITH_SQL_SEEN_FROM,
    KITH_SQL_INDEX_FROM,
    KITH_SQL_INDEX_MERGE,
    KITH_SQL_INDEX_PUT,
    KITH_SQL_INDEX_DONE,
    KITH_SQL_SEARCH,
    KITH_SQL_SEARCH_WORDS,
    KITH_SQL_ID_PUT,
    KITH_SQL_ID_GET,
    KITH_SQL_COUNT,
};

/* Runs that follow each other in one log and one transaction share a row. */
struct kith_arrival {
    uint64_t first; /* arrival number of event `seq` */
    uint32_t log_no;
    uint64_t seq;
    uint64_t count; /* 0: none pending */
};

struct kith_store {
    sqlite3 *db;
    sqlite3_stmt *statements[KITH_SQL_COUNT];
    char *path;
    struct kith_lock lock;
    int file; /* the database, to see whether it is still there; -1: none */
    int log;  /* the same of its write-ahead log */
    struct kith_id self;
    bool is_memory;
    bool is_dirty;                    /* a transaction is open */
    bool is_sync_owed;                /* it holds a new marker: sync the disk after it */
    bool syncs_commits;               /* all of them */
    bool is_sync_failed;              /* what is on the disk is unknown: final */
    bool is_main_synced;              /* the database file itself was synced by us */
    bool is_index_set_up;             /* the search index leaves merging to us */
    uint8_t marker[KITH_MARKER_SIZE]; /* on the disk */
    uint8_t marker_put[KITH_MARKER_SIZE]; /* of the open transaction, when is_sync_owed */
    struct kith_arrival arrival;          /* of the open transaction, not yet a row */
    size_t wal_pages;
    size_t wal_moved; /* of these, in the database already */
    size_t wal_vain;  /* how many there were when a checkpoint was last in vain */
    struct kith_checkpoint *checkpoint; /* owned; kept open between runs */
    struct kith_writer writer;          /* reused by load */
    char detail[KITH_STORE_DETAIL_SIZE];
};

struct kith_store_family {
    const char *schema; /* its tables */
    /* NULL: no records of it. */
    int (*put)(struct kith_store *store, const struct kith_record *record);
    /* NULL: not restored. */
    int (*restore)(struct kith_store *store, kith_record_visit *visit, void *ctx);
};

extern const struct kith_store_family kith_store_meta;
extern const struct kith_store_family kith_store_peers;
extern const struct kith_store_family kith_store_rooms;
extern const struct kith_store_family kith_store_logs;
extern const struct kith_store_family kith_store_events;
extern const struct kith_store_family kith_store_acks;
extern const struct kith_store_family kith_store_trackers;
extern const struct kith_store_family kith_store_index;
extern const struct kith_store_family kith_store_ids;
extern const struct kith_store_family kith_store_seen;

/* Of a value: above any text, and any page of the search index. In a damaged file sizes
 * are what they are; SQLite would make room for a gigabyte. */
#define KITH_VALUE_SIZE_MAX (1024 * 1024)

/* sqlite3_open_v2 for what only one thread uses at a time, with values bounded to that
 * and memory.h behind it. */
int kith_db_open(const char *path, int flags, sqlite3 **out);

/* Is the file empty, and a -wal beside it (where it really is) that has what was said? To
 * read from such a database would have SQLite delete the log. */
bool kith_db_is_lost(const char *path);

/* SQLite's answer as one of ours; OK, ROW and DONE are 0. A value above the bound is
 * damage, and so is a piece of memory above that of memory.h. */
int kith_db_error(sqlite3 *db, int rc);

/* As kith_db_error, and keeps "what: why" as the store's detail. */
int kith_db_failed(struct kith_store *store, const char *what);
/* The same for a failure that is not SQLite's. Returns `error`. */
int kith_db_fail(struct kith_store *store, int error, const char *what);

/* The statement of this slot, prepared, reset and unbound; NULL on failure. */
sqlite3_stmt *kith_db_statement(struct kith_store *store, enum kith_store_statement which,
                                const char *sql);

/* Step once. 1: a row is there. 0: done. Negative: failed, with detail. When it is not 1
 * the statement is reset. */
int kith_db_step(struct kith_store *store, sqlite3_stmt *statement, const char *what);

/* Step a statement that gives no rows. */
int kith_db_run(struct kith_store *store, sqlite3_stmt *statement, const char *what);

/* Run constant SQL that is not worth keeping. */
int kith_db_exec(struct kith_store *store, const char *sql, const char *what);

/* A single integer; `*out` is untouched when there is no row. */
int kith_db_number(struct kith_store *store, const char *sql, int64_t *out);

/* Columns. A slice lives until the next step; the copies zero-fill and say false when
 * the size is wrong, which means damage. */
struct kith_bytes kith_db_bytes(sqlite3_stmt *statement, int column);
bool kith_db_copy(sqlite3_stmt *statement, int column, void *out, size_t size);
/* A text of at most size - 1 bytes, terminated. */
bool kith_db_text(sqlite3_stmt *statement, int column, char *out, size_t size);

/* Bind by position; failing shows in the step. Bytes are borrowed until the reset. */
void kith_db_bind_bytes(sqlite3_stmt *statement, int at, const void *data, size_t size);
void kith_db_bind_text(sqlite3_stmt *statement, int at, const char *text);

static inline int64_t kith_db_key(uint32_t log_no, uint64_t seq)
{
    return (int64_t)((uint64_t)log_no << 40 | seq);
}

static inline uint32_t kith_db_key_log(int64_t key)
{
    return (uint32_t)((uint64_t)key >> 40);
}

static inline uint64_t kith_db_key_seq(int64_t key)
{
    return (uint64_t)key & KITH_SEQ_MAX;
}

/* SQLite's integers are signed: what is 2^63 or more (the year 6429) is kept just below
 * it, so that no order is ever upside down. */
static inline int64_t kith_db_hlc(kith_hlc hlc)
{
    return hlc > INT64_MAX ? INT64_MAX : (int64_t)hlc;
}

/* Begin a transaction if none is open. */
int kith_db_begin(struct kith_store *store);

/* The database belongs to the first who opens it; KITH_EINVALID for anybody else. */
int kith_store_claim(struct kith_store *store);

/* The arrival row that is pending, if any, becomes a row. */
int kith_store_events_flush(struct kith_store *store);

#endif
