/* SPDX-License-Identifier: MIT */
/* One exchange by NAT-PMP (RFC 6886): the router's outer address, then the mapping.
 *
 * libnatpmp composes and reads the datagrams; when to send one again is reckoned here by
 * the loop's clock, for the library takes the wall clock, which people set. */
#ifndef KITH_NET_PORTMAP_NATPMP_H
#define KITH_NET_PORTMAP_NATPMP_H

#include <stdbool.h>
#include <uv.h>
#include "net/portmap_answer.h"

/* The wait for the first answer, doubled by each try; after 3.75 s in all the router
 * counts as silent. The RFC proposes nine tries in a minute; but a home's router is a
 * wire away, and UPnP waits behind. */
#define KITH_NATPMP_TRY_MS 250
#define KITH_NATPMP_TRIES  4

struct kith_natpmp; /* opaque */

struct kith_natpmp_handler {
    /* Once, later, unless it is stopped before; the exchange is over then. */
    void (*answered)(void *ctx, const struct kith_portmap_answer *answer);
    void (*closed)(void *ctx); /* once, the last: it is freed */
    void *ctx;
};

/* The router of the default route, or `wanted` if that is not 0, and the address of this
 * host that it sees. KITH_EUNREACHABLE: there is none. Or KITH_ELIMIT, KITH_EIO. */
int kith_natpmp_route(struct in_addr wanted, struct in_addr *out_gateway,
                      struct in_addr *out_source);

/* The wish is copied. KITH_ENOMEM, KITH_ELIMIT, KITH_EUNREACHABLE, KITH_EIO: neither
 * callback will come. With `is_removal` the mapping is taken away; any answer to that is
 * a good one. */
int kith_natpmp_start(uv_loop_t *loop, const struct kith_portmap_wish *wish,
                      bool is_removal, const struct kith_natpmp_handler *handler,
                      struct kith_natpmp **out);

/* End it without an answer. True when the mapping had been asked for already, and may
 * have been made. */
bool kith_natpmp_stop(struct kith_natpmp *natpmp);

#endif
