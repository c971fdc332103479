/* SPDX-License-Identifier: MIT */
/* Asking by UPnP, whose library blocks.
 *
 * It runs on a thread of its own, one at a time, and not in libuv's pool: there a device
 * that dribbles its answer would hold up signatures, and the loop could not end before
 * the thread does. When it takes too long it counts as silent, and when the node ends
 * before the thread, nobody waits for that: what both share goes with whoever is last. */
#ifndef KITH_NET_PORTMAP_UPNP_H
#define KITH_NET_PORTMAP_UPNP_H

#include <stdbool.h>
#include <uv.h>
#include "net/portmap_answer.h"

/* To search, to read the description and to ask: a router takes 2 to 4 seconds. */
#define KITH_UPNP_ANSWER_MS 10000

struct kith_upnp; /* opaque */

struct kith_upnp_handler {
    void (*answered)(void *ctx, const struct kith_portmap_answer *answer); /* later */
    void (*removed)(void *ctx); /* that was all, whatever came of it */
    void (*closed)(void *ctx);  /* it is freed */
    void *ctx;
};

/* KITH_ENOMEM or KITH_EIO. */
int kith_upnp_new(uv_loop_t *loop, const struct kith_upnp_handler *handler,
                  struct kith_upnp **out);

/* Ask for a mapping, of the device that was found for this gateway or of one that is
 * searched. Not while an answer is awaited. KITH_ELIMIT: the thread of an earlier one
 * that was too slow is still busy. KITH_ENOMEM. */
int kith_upnp_ask(struct kith_upnp *upnp, const struct kith_portmap_wish *wish);

/* Take away what was granted, and what is being asked for; `removed` comes then. False
 * when there is nothing of that: it will not come. */
bool kith_upnp_remove(struct kith_upnp *upnp);

/* No callback but `closed` any more. */
void kith_upnp_close(struct kith_upnp *upnp);

#endif
