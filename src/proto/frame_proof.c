/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "base/reader.h"
#include "kith/error.h"

void kith_frame_proof_encode(struct kith_writer *w, const struct kith_frame_proof *frame)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_PROOF);
    kith_writer_bytes(w, frame->mac, sizeof frame->mac);
    kith_frame_end(w, at);
}

int kith_frame_proof_decode(struct kith_bytes fields, struct kith_frame_proof *out)
{
    struct kith_reader r = kith_reader(fields);
    kith_reader_copy(&r, out->mac, sizeof out->mac);
    return r.failed ? KITH_EPROTO : 0;
}
