/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "base/reader.h"
#include "kith/error.h"

void kith_frame_bye_encode(struct kith_writer *w, const struct kith_frame_bye *frame)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_BYE);
    kith_writer_u8(w, frame->reason);
    kith_frame_end(w, at);
}

int kith_frame_bye_decode(struct kith_bytes fields, struct kith_frame_bye *out)
{
    struct kith_reader r = kith_reader(fields);
    out->reason = kith_reader_u8(&r);
    return r.failed ? KITH_EPROTO : 0;
}
