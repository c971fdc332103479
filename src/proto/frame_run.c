/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"

void kith_frame_run_encode(struct kith_writer *w, const struct kith_tag *tag,
                           struct kith_bytes run)
{
    assert(run.size <= KITH_RUN_SIZE_MAX);
    size_t at = kith_frame_begin(w, KITH_FRAME_RUN);
    kith_writer_bytes(w, tag->bytes, KITH_TAG_SIZE);
    kith_writer_bytes(w, run.data, run.size);
    kith_frame_end(w, at);
}

int kith_frame_run_decode(struct kith_bytes fields, struct kith_frame_run *out)
{
    struct kith_reader r = kith_reader(fields);
    kith_reader_copy(&r, out->tag.bytes, KITH_TAG_SIZE);
    size_t size = kith_reader_left(&r);
    if (r.failed || size == 0)
        return KITH_EPROTO;
    if (size > KITH_RUN_SIZE_MAX)
        return KITH_ETOOBIG;
    out->run = kith_bytes(kith_reader_bytes(&r, size), size);
    return 0;
}
