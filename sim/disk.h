/* SPDX-License-Identifier: MIT */
/* The disk of a simulated host: the real store in memory, which outlives the process, and
 * a note of what is committed, so that checkers need no query to know who holds what. */
#ifndef KITH_SIM_DISK_H
#define KITH_SIM_DISK_H

#include "ledger.h"
#include "store/store.h"

struct sim_disk_log {
    struct kith_id author;
    struct kith_log_id log;
    enum kith_log_class log_class;
    uint32_t room_no;
    uint64_t seq; /* committed up to here */
};

/* One run of the open transaction, as far as it matters here. */
struct sim_disk_run {
    uint32_t log_no;
    uint64_t seq;
    size_t text_first; /* of text_pending */
};

struct sim_disk {
    struct kith_store *store;
    struct kith_id self;
    struct kith_id *peers; /* by number; [0] is self */
    size_t peer_capacity;
    struct kith_record_room *rooms; /* by number */
    size_t room_capacity;
    uint32_t room_no_max;
    struct sim_disk_log *logs; /* by number */
    size_t log_capacity;
    uint32_t log_no_max;
    uint8_t *texts; /* by text number: how often it is committed */
    size_t text_capacity;
    struct sim_disk_run *pending;
    size_t pending_count;
    size_t pending_capacity;
    uint32_t *text_pending;
    size_t text_pending_count;
    size_t text_pending_capacity;
    uint64_t event_count; /* committed */
};

void sim_disk_init(struct sim_disk *disk, const struct kith_id *self);
void sim_disk_deinit(struct sim_disk *disk);

/* All return 0 or the store's error. */
int sim_disk_put(struct sim_disk *disk, const struct kith_record *record);
int sim_disk_commit(struct sim_disk *disk);
void sim_disk_rollback(struct sim_disk *disk);

/* Everything of `from`, as copying the home would. `disk` is fresh. */
int sim_disk_copy(struct sim_disk *disk, struct sim_disk *from);

/* How often a text is committed here: 0, 1, or too often. */
unsigned sim_disk_text_count(const struct sim_disk *disk, uint32_t text_no);

/* Up to where the log is committed here; 0 when it is not held. */
uint64_t sim_disk_seq(const struct sim_disk *disk, const struct kith_id *author,
                      const struct kith_log_id *log, enum kith_log_class log_class);

/* The same of logs by number, as far as `no_max`. */
uint64_t sim_disk_logs_seq(const struct sim_disk_log *logs, uint32_t no_max,
                           const struct kith_id *author, const struct kith_log_id *log,
                           enum kith_log_class log_class);

#endif
