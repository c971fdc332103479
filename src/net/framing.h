/* SPDX-License-Identifier: MIT */
/* Cuts a stream of bytes into frames: a u32 length (big-endian), then that many bytes.
 *
 * Frames that arrive whole are handed on where they lie. Only one whose end is still to
 * come is copied, into memory that grows with what has really arrived, never with what a
 * length promises, and is given back when the frame is done. */
#ifndef KITH_NET_FRAMING_H
#define KITH_NET_FRAMING_H

#include "net/buffer.h"

#define KITH_FRAMING_PREFIX_SIZE 4

struct kith_framing {
    struct kith_buffer partial; /* the begun frame, with its length */
    uint32_t size_max;          /* longest frame accepted, without its length */
};

/* `frame` is borrowed for the call. False stops the cutting: nothing more is wanted. */
typedef bool kith_framing_cb(void *ctx, struct kith_bytes frame);

/* Takes all of `bytes`. Returns 0, KITH_EPROTO (a length of 0), KITH_ETOOBIG (a length
 * above `size_max`) or KITH_ENOMEM; after an error the stream cannot go on. `size_max`
 * may change inside `deliver`. */
int kith_framing_feed(struct kith_framing *framing, struct kith_bytes bytes,
                      kith_framing_cb *deliver, void *ctx);

void kith_framing_deinit(struct kith_framing *framing);

#endif
