/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"

void kith_frame_ping_encode(struct kith_writer *w, enum kith_frame_type type,
                            const struct kith_frame_ping *frame)
{
    assert(type == KITH_FRAME_PING || type == KITH_FRAME_PONG);
    size_t at = kith_frame_begin(w, type);
    kith_writer_u64(w, frame->token);
    kith_frame_end(w, at);
}

int kith_frame_ping_decode(struct kith_bytes fields, struct kith_frame_ping *out)
{
    struct kith_reader r = kith_reader(fields);
    out->token = kith_reader_u64(&r);
    return r.failed ? KITH_EPROTO : 0;
}
