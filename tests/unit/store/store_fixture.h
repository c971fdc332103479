/* SPDX-License-Identifier: MIT */
/* A home in a temporary folder with a store in it, and runs to put there.
 *
 * Ids are not hashes here but say what they name, which the store cannot tell. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include "kith/error.h"
#include "lib/unit.h"
#include "store/store.h"

#define EVENTS_SEEN_MAX 4096

struct fixture {
    char home[64];
    char path[96]; /* of the database */
    struct kith_store_config config;
    struct kith_store *store;
    uint64_t arrival_next;
};

/* cmocka's setup and teardown; *state is the fixture. `setup_disk` opens a new store in
 * a new home, `setup_memory` one in memory. */
int setup_disk(void **state);
int setup_memory(void **state);
int teardown(void **state);

void fixture_reopen(struct fixture *f);

/* A run as it came from a peer: its bytes and what the core made of them. */
struct made_run {
    struct kith_writer bytes;
    struct kith_run run;
    struct kith_record record;
};

struct run_spec {
    uint32_t room_no; /* 0 stands for 1 */
    uint32_t log_no;
    uint64_t seq_first;
    size_t count;
    kith_hlc hlc_first;          /* 0 stands for seq_first; one more for each event */
    kith_time seen;              /* 0 stands for 1000 + seq_first */
    bool is_discarded;           /* no content */
    const char *text;            /* NULL: "<log> <seq>" */
    uint16_t kind;               /* 0 stands for MESSAGE */
    struct kith_id prev_of_base; /* of the first event, where it is not the log's own */
};

struct kith_id made_event_id(uint32_t log_no, uint64_t seq);
struct kith_id made_peer_id(uint32_t peer_no);

/* Takes the next arrival numbers. */
void make_run(struct fixture *f, const struct run_spec *spec, struct made_run *out);
void made_run_deinit(struct made_run *made);

/* Make, put and forget. Returns what put did. */
int put_run(struct fixture *f, const struct run_spec *spec);

/* Peers 1 to 3, rooms 1 and 2, logs 1 to 4 (author: the number, 4 is of this node; the
 * last two in room 2), put and committed. */
void put_world(struct fixture *f);
int put_log(struct fixture *f, uint32_t log_no, uint32_t room_no, uint32_t author_no);

/* A visit that keeps what it sees (ctx is a struct seen). */
struct seen {
    size_t count;
    size_t stop_at;                                   /* 0: never */
    struct kith_stored_event events[EVENTS_SEEN_MAX]; /* without the slices */
    char text[EVENTS_SEEN_MAX][32];                   /* beginning of each message */
};
int see_event(void *ctx, const struct kith_stored_event *event);

#endif
