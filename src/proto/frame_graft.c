/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"
#include "proto/ref.h"

#define LOCATOR_SIZE (8 + KITH_ID_SIZE)

void kith_frame_graft_encode(struct kith_writer *w, enum kith_frame_type type,
                             const struct kith_tag *tag, const struct kith_ref *wanted,
                             const struct kith_locator *have, size_t have_count)
{
    assert(type == KITH_FRAME_GRAFT || type == KITH_FRAME_PRUNE ||
           type == KITH_FRAME_FORK || type == KITH_FRAME_MORE);
    assert(have_count <= KITH_LOCATOR_MAX);
    size_t at = kith_frame_begin(w, type);
    kith_writer_bytes(w, tag->bytes, KITH_TAG_SIZE);
    kith_ref_write(w, wanted);
    kith_writer_u8(w, (uint8_t)have_count);
    for (size_t i = 0; i < have_count; i++) {
        kith_writer_u64(w, have[i].seq);
        kith_writer_bytes(w, have[i].id.bytes, KITH_ID_SIZE);
    }
    kith_frame_end(w, at);
}

static int check_have(const struct kith_frame_graft *frame)
{
    uint64_t above = UINT64_MAX;
    for (size_t i = 0; i < frame->have_count; i++) {
        struct kith_locator locator = kith_locator_at(frame, i);
        int error = kith_seq_check(locator.seq);
        if (error)
            return error;
        if (locator.seq >= above)
            return KITH_EPROTO;
        above = locator.seq;
    }
    return 0;
}

int kith_frame_graft_decode(struct kith_bytes fields, struct kith_frame_graft *out)
{
    struct kith_reader r = kith_reader(fields);
    kith_reader_copy(&r, out->tag.bytes, KITH_TAG_SIZE);
    out->wanted = kith_ref_read(&r);
    out->have_count = kith_reader_u8(&r);
    if (out->have_count > KITH_LOCATOR_MAX)
        return KITH_ETOOBIG;
    size_t size = out->have_count * LOCATOR_SIZE;
    out->have = kith_bytes(kith_reader_bytes(&r, size), size);
    if (r.failed)
        return KITH_EPROTO;
    int error = kith_seq_check(out->wanted.seq);
    return error ? error : check_have(out);
}

struct kith_locator kith_locator_at(const struct kith_frame_graft *frame, size_t index)
{
    assert(index < frame->have_count);
    struct kith_locator locator;
    const uint8_t *at = frame->have.data + index * LOCATOR_SIZE;
    struct kith_reader r = kith_reader(kith_bytes(at, LOCATOR_SIZE));
    locator.seq = kith_reader_u64(&r);
    kith_reader_copy(&r, locator.id.bytes, KITH_ID_SIZE);
    return locator;
}
