/* SPDX-License-Identifier: MIT */
/* Tells when an interface came, went, or changed its addresses.
 *
 * Linux says so by rtnetlink, and nothing runs in between. Elsewhere, or where that
 * socket is refused, the addresses are read again every KITH_INTERFACE_POLL_MS.
 *
 * A cable that is out and in again between two looks shows no difference, and so it is
 * the messages that count, as far as they say that something went. An IPv6 address comes
 * when it may be used: what is sent or dialled before that is lost. What merely renews a
 * lease is no change. */
#ifndef KITH_NET_INTERFACE_WATCH_H
#define KITH_NET_INTERFACE_WATCH_H

#include <uv.h>
#include "net/interfaces.h"

/* From the first sign of a change: an interface that comes up brings several. */
#define KITH_INTERFACE_SETTLE_MS 100

#define KITH_INTERFACE_POLL_MS 5000

/* The system did not tell, say for want of a descriptor: what was known stays, and it is
 * asked again. */
#define KITH_INTERFACE_AGAIN_MS 1000

struct kith_interface_watch {
    struct kith_interfaces now; /* as they are; of the last look */
    uv_poll_t poll;             /* of the netlink socket, if there is one */
    uv_timer_t timer;           /* until it is settled, or the next look */
    int fd;                     /* owned; -1: none */
    bool has_news;              /* something went */
    unsigned handles_open;
    void (*changed)(struct kith_interface_watch *watch,
                    const struct kith_interfaces *before);
    void (*closed)(struct kith_interface_watch *watch);
    void *owner; /* the owner's */
};

/* Reads the addresses and begins to watch. With `polls` it does so as if there were no
 * rtnetlink. `changed` may close the watch. */
void kith_interface_watch_init(struct kith_interface_watch *watch, uv_loop_t *loop,
                               bool polls,
                               void (*changed)(struct kith_interface_watch *watch,
                                               const struct kith_interfaces *before));

/* `closed` comes when no handle is left; the watch lives until then. */
void kith_interface_watch_close(struct kith_interface_watch *watch,
                                void (*closed)(struct kith_interface_watch *watch));

#endif
