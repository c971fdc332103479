/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"

void kith_frame_hello_encode(struct kith_writer *w, const struct kith_frame_hello *frame)
{
    assert(frame->name.size <= KITH_NAME_SIZE_MAX);
    assert(frame->address_count <= KITH_HELLO_ADDRESSES_MAX);
    size_t at = kith_frame_begin(w, KITH_FRAME_HELLO);
    kith_writer_u8(w, frame->version_min);
    kith_writer_u8(w, frame->version_max);
    kith_writer_bytes(w, frame->instance, sizeof frame->instance);
    kith_writer_u32(w, frame->capabilities);
    kith_writer_bytes8(w, frame->name);
    kith_writer_u8(w, (uint8_t)frame->address_count);
    for (size_t i = 0; i < frame->address_count; i++)
        kith_writer_bytes8(w, frame->addresses[i]);
    kith_writer_u32(w, frame->lost);
    kith_writer_u64(w, frame->name_hlc);
    kith_frame_end(w, at);
}

static int read_addresses(struct kith_reader *r, struct kith_frame_hello *out)
{
    out->address_count = kith_reader_u8(r);
    if (out->address_count > KITH_HELLO_ADDRESSES_MAX)
        return KITH_ETOOBIG;
    for (size_t i = 0; i < out->address_count; i++)
        out->addresses[i] = kith_reader_bytes8(r, UINT8_MAX);
    return r->failed ? KITH_EPROTO : 0;
}

/* Fields that HELLO grew: all of them or none. */
static int read_growth(struct kith_reader *r, struct kith_frame_hello *out)
{
    out->lost = 0;
    out->name_hlc = 0;
    if (kith_reader_left(r) == 0)
        return 0;
    out->lost = kith_reader_u32(r);
    out->name_hlc = kith_reader_u64(r);
    return r->failed ? KITH_EPROTO : 0;
}

int kith_frame_hello_decode(struct kith_bytes fields, struct kith_frame_hello *out)
{
    struct kith_reader r = kith_reader(fields);
    out->version_min = kith_reader_u8(&r);
    out->version_max = kith_reader_u8(&r);
    kith_reader_copy(&r, out->instance, sizeof out->instance);
    out->capabilities = kith_reader_u32(&r);
    out->name = kith_reader_bytes8(&r, UINT8_MAX);
    if (r.failed || out->version_min == 0 || out->version_min > out->version_max)
        return KITH_EPROTO;
    if (out->name.size > KITH_NAME_SIZE_MAX)
        return KITH_ETOOBIG;
    int error = read_addresses(&r, out);
    return error != 0 ? error : read_growth(&r, out);
}
