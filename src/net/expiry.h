/* SPDX-License-Identifier: MIT */
/* Things that may last only so long, all equally long, on one timer.
 *
 * Because the time is the same for all, the first to come is the first due: a queue is
 * enough. The timer runs only while something waits. */
#ifndef KITH_NET_EXPIRY_H
#define KITH_NET_EXPIRY_H

#include <uv.h>
#include "base/list.h"

struct kith_expiry_item {
    struct kith_list node; /* self-linked while not waiting */
    uint64_t due_ms;       /* on the loop's clock */
};

struct kith_expiry {
    uv_timer_t timer;
    struct kith_list items; /* oldest first */
    size_t count;
    uint64_t timeout_ms;
    void *owner;                                    /* the owner's */
    void (*expired)(struct kith_expiry_item *item); /* no longer waits when called */
};

void kith_expiry_init(struct kith_expiry *expiry, uv_loop_t *loop, uint64_t timeout_ms,
                      void (*expired)(struct kith_expiry_item *item));

/* `closed` comes when the timer is gone; `expiry` lives until then. */
void kith_expiry_close(struct kith_expiry *expiry, uv_close_cb closed);

void kith_expiry_item_init(struct kith_expiry_item *item);
void kith_expiry_add(struct kith_expiry *expiry, struct kith_expiry_item *item);

/* Harmless when the item does not wait. */
void kith_expiry_remove(struct kith_expiry *expiry, struct kith_expiry_item *item);

#endif
