/* SPDX-License-Identifier: MIT */
/* A box on the way that lets TCP connections through, and has an opinion of tickets shown
 * in the clear. */
#ifndef TESTS_UNIT_NET_MIDDLEBOX_H
#define TESTS_UNIT_NET_MIDDLEBOX_H

#include <uv.h>
#include "base/address.h"

enum middlebox_does {
    MIDDLEBOX_PASSES,
    MIDDLEBOX_CLOSES,   /* what begins with a ticket */
    MIDDLEBOX_SWALLOWS, /* the same, in silence */
    MIDDLEBOX_CUTS,     /* lets the ticket through, and then closes both ends */
};

struct middlebox; /* opaque */

/* Listens at `out_at`, of 127.0.0.1, for what is at `to`. */
struct middlebox *middlebox_new(uv_loop_t *loop, enum middlebox_does does,
                                const struct kith_address *to,
                                struct kith_address *out_at);

/* From now on it reads nothing of what one end sends: 0, who dialled it; 1, where it
 * leads. */
void middlebox_stop_reading(struct middlebox *box, int end);

/* Its handles go with the next turns of the loop; it is freed then. */
void middlebox_close(struct middlebox *box);

struct middlebox_counts {
    size_t tickets; /* connections that began with one, ever */
    size_t others;  /* that began otherwise, ever */
    size_t open;    /* connections now */
};
const struct middlebox_counts *middlebox_counts(const struct middlebox *box);

#endif
