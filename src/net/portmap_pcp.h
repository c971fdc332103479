/* SPDX-License-Identifier: MIT */
/* One exchange by PCP (RFC 6887): its MAP request, and the answer to that.
 *
 * For routers that know no NAT-PMP; they say so when asked by it. */
#ifndef KITH_NET_PORTMAP_PCP_H
#define KITH_NET_PORTMAP_PCP_H

#include <stdbool.h>
#include <uv.h>
#include "base/bytes.h"
#include "net/portmap_answer.h"

#define KITH_PCP_PORT       5351
#define KITH_PCP_NONCE_SIZE 12
#define KITH_PCP_MAP_SIZE   60   /* 7.1 and 11.1: header and opcode, without options */
#define KITH_PCP_SIZE_MAX   1100 /* 7: no message is longer */

/* A mapping is changed and removed by whoever knows its nonce, and by nobody else. */
struct kith_pcp_nonce {
    uint8_t bytes[KITH_PCP_NONCE_SIZE];
};

/* The request; lifetime, outer port and address 0 for a removal (15.1). */
void kith_pcp_encode(const struct kith_portmap_wish *wish,
                     const struct kith_pcp_nonce *nonce, bool is_removal,
                     uint8_t out[static KITH_PCP_MAP_SIZE]);

/* False when the datagram is no answer to that request: malformed, another's, or of a
 * mapping that makes no sense; `*out` is untouched then. */
bool kith_pcp_decode(struct kith_bytes datagram, const struct kith_portmap_wish *wish,
                     const struct kith_pcp_nonce *nonce, bool is_removal,
                     struct kith_portmap_answer *out);

struct kith_pcp; /* opaque */

struct kith_pcp_handler {
    /* Once, later, unless it is stopped before; the exchange is over then. */
    void (*answered)(void *ctx, const struct kith_portmap_answer *answer);
    void (*closed)(void *ctx); /* once, the last: it is freed */
    void *ctx;
};

/* Wish and nonce are copied. Tries as often and as patiently as NAT-PMP does.
 * KITH_ENOMEM, KITH_ELIMIT, KITH_EUNREACHABLE, KITH_EIO: neither callback will come. */
int kith_pcp_start(uv_loop_t *loop, const struct kith_portmap_wish *wish,
                   const struct kith_pcp_nonce *nonce, bool is_removal,
                   const struct kith_pcp_handler *handler, struct kith_pcp **out);

/* End it without an answer; the mapping may have been made. */
void kith_pcp_stop(struct kith_pcp *pcp);

#endif
