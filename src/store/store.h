/* SPDX-License-Identifier: MIT */
/* What a node keeps on disk: one SQLite database per home (DESIGN, "Store").
 *
 * Records go in with put, one loop turn's worth is made durable by one commit, and only
 * what a commit returned 0 for may be acknowledged. Durable means surviving the death of
 * the process; with `is_durable_full`, and for a new marker, surviving a power cut.
 *
 * A store belongs to one thread; only kith_checkpoint_run may be called from another.
 * A visit function gets slices that live until it returns, must not call the store, and
 * stops the iteration by returning non-zero, which the query then returns. Reads see what
 * was put and is not committed yet, except where they say otherwise.
 *
 * Errors, besides those named: KITH_ENOMEM, KITH_EIO, KITH_EFULL, KITH_EREADONLY,
 * KITH_ECORRUPT, KITH_ELIMIT (no descriptor is left). kith_store_detail says more about
 * the latest one. */
#ifndef KITH_STORE_STORE_H
#define KITH_STORE_STORE_H

#include "proto/record.h"

#define KITH_STORE_DETAIL_SIZE 256

/* Pages of 4 KiB in the write-ahead log: from `soft` a checkpoint is due on a worker; at
 * `hard` the commit that gets there does it itself, so that the log stays bounded when
 * the worker cannot keep up (or there is none). Only another program that reads an old
 * state, or a disk that fails, makes the log longer. See checkpoint.c. */
#define KITH_STORE_WAL_PAGES_SOFT 2048  /* 8 MiB: about 20,000 small events */
#define KITH_STORE_WAL_PAGES_HARD 16384 /* 64 MiB: a second or two at full speed */

/* A search takes this much of a person's text; the rest is not looked at. */
#define KITH_STORE_QUERY_SIZE_MAX 1024

struct kith_store;

struct kith_store_config {
    const char *path;     /* "…/kith.db", in a directory that exists, or ":memory:" */
    struct kith_id self;  /* author of the logs whose author_no is 0; zero: not asked */
    bool is_durable_full; /* sync the disk at every commit */
    bool is_home_locked;  /* the caller holds the lock already (store/lock.h) */
    uint32_t
        page_count_max; /* KITH_EFULL beyond; 0 is no limit. A quota, for tests too */
};

/* Lock the home (a file `lock` beside the database), then open, create or migrate.
 * A schema of an older kith is copied to `PATH.v<N>` before it is migrated.
 * KITH_ELOCKED: another process has it. KITH_ENEWER: a newer kith wrote it.
 * KITH_ECORRUPT: damaged, or not kith's. KITH_EINVALID: another `self` opened it before.
 * KITH_EREADONLY, KITH_EFULL. `detail` (KITH_STORE_DETAIL_SIZE bytes, may be NULL) gets
 * one clause on failure. */
int kith_store_open(const struct kith_store_config *config, struct kith_store **out,
                    char *detail);

/* Let the database hold at most this many pages of 4 KiB, as if the disk were that large:
 * beyond is KITH_EFULL. 0 is no limit. It can't be made smaller than it is. */
int kith_store_limit(struct kith_store *store, uint32_t page_count_max);

/* Rolls back what is not committed. No checkpoint may be running. NULL is fine. */
void kith_store_close(struct kith_store *store);

/* One clause about the latest failure, "" when there was none. */
const char *kith_store_detail(const struct kith_store *store);

/* Give back everything but runs: meta (always, first), peers, rooms, logs with their
 * heads, acks. A log's hlc is that of its head. May be repeated at any time. */
typedef int kith_record_visit(void *ctx, const struct kith_record *record);
int kith_store_restore(struct kith_store *store, kith_record_visit *visit, void *ctx);

/* Put a record into the open transaction, beginning one if there is none. The record is
 * not needed any more afterwards, unless the transaction fails. KITH_EINVALID: a number
 * out of range, or an event that is already there. After any failure of put or commit the
 * whole transaction is rolled back; the caller still has its records and may put them
 * again, except when a sync of the disk failed, for a marker or in a checkpoint: from
 * then on all is KITH_EIO. A read that fails may undo it too, and then the next put or
 * commit is KITH_EIO. */
int kith_store_put(struct kith_store *store, const struct kith_record *record);

/* Commit what was put; no-op when nothing was. */
int kith_store_commit(struct kith_store *store);

/* Have this marker on the disk before the next row is put: no-op where it is known to be.
 * Nothing may be put and not committed. Where it goes with other rows instead, and the
 * sync fails behind the commit, these may be there after all. */
int kith_store_mark(struct kith_store *store, const uint8_t marker[KITH_MARKER_SIZE]);

/* Forget what was put since the last commit, as a crash would. */
void kith_store_rollback(struct kith_store *store);

/* Was anything put and not committed? */
bool kith_store_is_dirty(const struct kith_store *store);

/* Whole runs of a log, in order, from the one that holds event `seq_from` (or the first
 * after it) to the one that holds `seq_last`: as many as fit `bytes_max`, at least one.
 * Past the head there are none.
 * KITH_ENOTFOUND: no such log. */
typedef int kith_run_visit(void *ctx, const struct kith_stored_run *run);
int kith_store_load(struct kith_store *store, uint32_t log_no, uint64_t seq_from,
                    uint64_t seq_last, size_t bytes_max, kith_run_visit *visit,
                    void *ctx);

/* The id of one event, KITH_ENOTFOUND if it is not held. */
int kith_store_event_id(struct kith_store *store, uint32_t log_no, uint64_t seq,
                        struct kith_id *out);

/* An event as people are shown it. */
struct kith_stored_event {
    bool is_damaged; /* its row is not as it was written: only `arrival` is set as well,
                      * where events come in that order or were searched for */
    uint32_t room_no;
    uint32_t log_no;
    uint32_t author_no; /* 0 is this node itself */
    uint64_t seq;
    uint64_t arrival; /* its place in the order of arrival */
    kith_hlc hlc;     /* at most 2^63 - 1: what claims more is kept there */
    kith_time seen;   /* wall time of arrival */
    uint16_t kind;    /* 0: a message in a control log, which is none */
    struct kith_id id;
    struct kith_bytes own;     /* own part of the header, for kith_own_decode */
    struct kith_bytes content; /* salt || body, or empty when discarded */
};
typedef int kith_stored_event_visit(void *ctx, const struct kith_stored_event *event);

/* A place in the order shown, which is (hlc, id). With a zero id: just before whatever
 * has that hlc. */
struct kith_cursor {
    kith_hlc hlc;
    struct kith_id id;
};

struct kith_page_query {
    uint32_t room_no;                 /* 0 is all rooms */
    bool is_newest_first;             /* else oldest first */
    size_t limit;                     /* events at most */
    const struct kith_cursor *after;  /* NULL, or only what is greater (borrowed) */
    const struct kith_cursor *before; /* NULL, or only what is less (borrowed) */
};

/* Part of the history, in the order shown, all kinds and what blocked peers said among
 * it: a filter here could read everything for one page. The next page begins after
 * (newest first: before) the last event of this one. */
int kith_store_page(struct kith_store *store, const struct kith_page_query *query,
                    kith_stored_event_visit *visit, void *ctx);

/* At most `limit` committed events in order of arrival, from the given one, those of
 * blocked peers among them. */
int kith_store_arrivals(struct kith_store *store, uint64_t arrival_from, size_t limit,
                        kith_stored_event_visit *visit, void *ctx);

/* An arrival number before which nothing was seen at `since` or later: at most some
 * thousand before the first that was, whatever the clock did. */
int kith_store_arrival_since(struct kith_store *store, kith_time since, uint64_t *out);

/* Whole runs of one log that arrived one behind the other. */
struct kith_arrival_group {
    uint64_t first; /* arrival number of event `seq` */
    uint32_t log_no;
    uint64_t seq;
    uint64_t count; /* of events */
};

/* The group that begins at this arrival number, or the next one. KITH_ENOTFOUND: there is
 * none. */
int kith_store_arrival_group(struct kith_store *store, uint64_t arrival_from,
                             struct kith_arrival_group *out);

/* One event. KITH_ENOTFOUND if it is not held. */
int kith_store_event(struct kith_store *store, uint32_t log_no, uint64_t seq,
                     kith_stored_event_visit *visit, void *ctx);

/* How many peers hold event `seq` of a log. */
int kith_store_ack_count(struct kith_store *store, uint32_t log_no, uint64_t seq,
                         size_t *out);

/* Bring the search index forward by at most `rows_max` events (fewer if they are long),
 * or by merging for as long as those would take; call when idle. While the store is dirty
 * nothing is done and `*out_more` is true. `out_more` may be NULL. */
int kith_store_index_step(struct kith_store *store, size_t rows_max, bool *out_more);

/* A message by its id; KITH_ENOTFOUND also when the search index has not come to it. */
int kith_store_message(struct kith_store *store, const struct kith_id *id,
                       kith_stored_event_visit *visit, void *ctx);

struct kith_search_query {
    struct kith_bytes text;
    uint64_t arrival_from;   /* what arrived earlier is left out; 0: nothing is */
    uint64_t arrival_before; /* continue after the last event of the page before; 0: the
                              * first page */
    size_t limit;
};

/* Messages that hold all words and all phrases (in quotes) of the text, latest arrival
 * first; the last word may be unfinished, from three bytes on. Any text is a valid query;
 * one without a word finds nothing. Finds what is in the index. */
int kith_store_search_indexed(struct kith_store *store,
                              const struct kith_search_query *query,
                              kith_stored_event_visit *visit, void *ctx);

/* The same after finishing the index, so that what is committed is found (not while
 * dirty), however long that takes. */
int kith_store_search(struct kith_store *store, struct kith_bytes text,
                      uint64_t arrival_before, size_t limit,
                      kith_stored_event_visit *visit, void *ctx);

/* Checkpoints: moving what is in the write-ahead log into the database, on a worker:
 *
 *   if (kith_store_checkpoint_is_due(store)) {
 *       checkpoint = kith_store_checkpoint_begin(store);   // NULL: no memory; try later
 *       … on any thread: kith_checkpoint_run(checkpoint);
 *       … back on the store's thread: kith_store_checkpoint_end(store);
 *   }
 *
 * Put, commit and reads go on meanwhile. At most one runs at a time. */
struct kith_checkpoint;
size_t kith_store_wal_pages(const struct kith_store *store);

/* The log is beyond its hard limit, and the last checkpoint moved no more of it: if that
 * one did not fail, another program reads the database and has not come to an end. */
bool kith_store_log_is_held(const struct kith_store *store);
bool kith_store_checkpoint_is_due(
    const struct kith_store *store); /* false while one runs */
struct kith_checkpoint *kith_store_checkpoint_begin(struct kith_store *store);
void kith_checkpoint_run(struct kith_checkpoint *checkpoint);
int kith_store_checkpoint_end(struct kith_store *store); /* how the run went */

#endif
