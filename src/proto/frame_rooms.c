/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include <assert.h>
#include <string.h>

#include "base/reader.h"
#include "kith/error.h"

static bool is_ascending(const uint8_t *tags, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const uint8_t *tag = tags + i * KITH_TAG_SIZE;
        if (memcmp(tag - KITH_TAG_SIZE, tag, KITH_TAG_SIZE) >= 0)
            return false;
    }
    return true;
}

void kith_frame_rooms_encode(struct kith_writer *w, const struct kith_frame_rooms *frame)
{
    assert(frame->count <= KITH_TAGS_MAX);
    assert(is_ascending(frame->tags, frame->count));
    size_t at = kith_frame_begin(w, KITH_FRAME_ROOMS);
    kith_writer_u16(w, (uint16_t)frame->count);
    kith_writer_bytes(w, frame->tags, frame->count * KITH_TAG_SIZE);
    kith_frame_end(w, at);
}

int kith_frame_rooms_decode(struct kith_bytes fields, struct kith_frame_rooms *out)
{
    struct kith_reader r = kith_reader(fields);
    out->count = kith_reader_u16(&r);
    if (out->count > KITH_TAGS_MAX)
        return KITH_ETOOBIG;
    out->tags = kith_reader_bytes(&r, out->count * KITH_TAG_SIZE);
    if (r.failed || !is_ascending(out->tags, out->count))
        return KITH_EPROTO;
    return 0;
}
