/* SPDX-License-Identifier: MIT */
/* A frame of each type as it should be, one thing in it changed, and what comes of that:
 * for tests of the rules of docs/PROTOCOL.md, a row each. */
#ifndef TESTS_UNIT_CORE_BREAKER_H
#define TESTS_UNIT_CORE_BREAKER_H

#include "lone.h"

/* How far the two have got. */
enum breaker_stage { LIVE, STRANGER, PROVEN };

struct rule {
    uint8_t type;             /* of the frame, which is right but for this: */
    size_t at;                /* in its fields, … */
    size_t width;             /* … so many bytes … */
    uint64_t value;           /* … are this number */
    int more;                 /* zeroes behind them */
    int error;                /* that closes the link; 0: the frame is ignored */
    enum breaker_stage stage; /* LIVE unless said otherwise */
};

/* One more peer of a lone node, where an honest one is linked. */
struct breaker {
    struct lone l;
    struct lone_peer honest, bad;
    struct kith_writer frame; /* without its length */
};

/* A node of its own, with the bad peer at `stage`, who plays this role. */
void breaker_init(struct breaker *b, enum breaker_stage stage, enum kith_role role);

/* Checks on the way that no memory is left over, and that nothing was said to the honest
 * peer, who is still answered. */
void breaker_deinit(struct breaker *b);

/* Put such a frame, as it should be, into `frame`. HAVE, VECTOR and ROOMS hold two. */
void breaker_make(struct breaker *b, uint8_t type);
void breaker_say(struct breaker *b);

/* The link was closed with this error; the peer was told, and people, which one it was.
 */
void breaker_is_closed(const struct breaker *b, int error);
/* Nothing came of it, and the link is as it was. */
void breaker_is_ignored(struct breaker *b);

void breaker_check(const struct rule *rules, size_t count);

#endif
