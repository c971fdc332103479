/* SPDX-License-Identifier: MIT */
/* Two connections and the bytes between them: the inside of a relay, for relay.c only.
 *
 * A pair begins without sides; each is opened with a connection, and when both are there
 * the pair is joined. It closes its handles when it is over, and then says `over`, once.
 * A pair that never had a side has no handle: its owner drops it. */
#ifndef KITH_NET_RELAY_PAIR_H
#define KITH_NET_RELAY_PAIR_H

#include "net/bucket.h"
#include "net/buffer.h"
#include "net/expiry.h"
#include "net/relay.h"

struct kith_relay_pair;

struct kith_relay_side {
    struct kith_relay_pair *pair;
    uint8_t ticket[KITH_TICKET_SIZE]; /* the owner's */
    uv_poll_t poll;
    int fd;                     /* -1 before it came and after it is closed */
    int events;                 /* polled for */
    bool has_come;              /* and, while the other is awaited, has not gone again */
    bool has_ended;             /* its peer will send no more */
    struct kith_buffer waiting; /* what came from it and the other has not taken */
    uint64_t bytes;             /* that came from it */
};

/* What the pairs of a relay share. */
struct kith_relay_shared {
    uv_loop_t *loop; /* borrowed */
    size_t share_size;
    uint32_t bytes_per_s;
    void (*over)(struct kith_relay_pair *pair); /* no handle is left */
    struct kith_expiry halves;                  /* one side of these has ended */
    struct kith_expiry brakes; /* these have spent what they may; they go on after it */
    size_t turn_left;          /* bytes that may be moved in this turn */
    uint64_t turn_ms;
    uint64_t bytes;
    size_t waiting_size;
    uint8_t block[KITH_RELAY_SHARE_SIZE_MAX];
};

struct kith_relay_pair {
    struct kith_list node;           /* the owner's */
    struct kith_expiry_item awaited; /* the owner's */
    uint64_t number;
    struct kith_relay_shared *shared; /* borrowed */
    struct kith_relay_side sides[2];
    struct kith_bucket bucket;
    struct kith_expiry_item half;
    struct kith_expiry_item brake;
    unsigned handles_open;
    bool is_joined;
    bool is_over;
    int error; /* why */
};

/* `halves` and `brakes` are closed by the owner. */
void kith_relay_shared_init(struct kith_relay_shared *shared, uv_loop_t *loop);

/* NULL without memory. */
struct kith_relay_pair *kith_relay_pair_new(struct kith_relay_shared *shared,
                                            uint64_t number);
void kith_relay_pair_free(struct kith_relay_pair *pair);

/* Its connection, in place of the one it had; closed on failure. With one on each side
 * the pair is joined; none may be opened after that. */
int kith_relay_pair_open(struct kith_relay_side *side, int take_fd);

/* Close both sides. `over` comes later if it had any; false if it had none. */
bool kith_relay_pair_end(struct kith_relay_pair *pair, int error);

#endif
