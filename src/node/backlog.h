/* SPDX-License-Identifier: MIT */
/* Happenings that came up while the core's effects were being carried out, or that answer
 * them: they wait until the effects are done, for these live only until the next step. */
#ifndef KITH_NODE_BACKLOG_H
#define KITH_NODE_BACKLOG_H

#include "core/node.h"

struct kith_backlog_item {
    enum kith_input_type type; /* LOADED stands for a load still to be made */
    union {
        struct {
            uint64_t load_no;
            uint32_t log_no;
            uint64_t seq_from, seq_last;
            size_t bytes_max;
        } load;
        struct {
            uint64_t verify_no;
            bool is_valid;
        } verified;
        struct {
            uint32_t no; /* link, dial or tracker */
            int error;
        } down;
        struct {
            uint32_t link;
            size_t size;
        } drained;
        int store_error;
    };
};

struct kith_backlog {
    struct kith_backlog_item *items; /* owned */
    size_t capacity;
    size_t begin; /* items from here to `end` wait */
    size_t end;
};

void kith_backlog_deinit(struct kith_backlog *backlog);

/* KITH_ENOMEM. */
int kith_backlog_push(struct kith_backlog *backlog, const struct kith_backlog_item *item);

/* The oldest; false when none waits. */
bool kith_backlog_pop(struct kith_backlog *backlog, struct kith_backlog_item *out);

bool kith_backlog_is_empty(const struct kith_backlog *backlog);

#endif
