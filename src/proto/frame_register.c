/* SPDX-License-Identifier: MIT */
/* REGISTER, WELCOME and REACHABLE. */
#include "proto/tracker.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"

#define WANTS_CHECK 1u

void kith_frame_register_encode(struct kith_writer *w,
                                const struct kith_frame_register *frame)
{
    assert(frame->name.size <= KITH_NAME_SIZE_MAX);
    assert(frame->record_public.size <= KITH_SIGNED_ADDRESSES_SIZE_MAX);
    assert(frame->record_local.size <= KITH_SIGNED_ADDRESSES_SIZE_MAX);
    size_t at = kith_frame_begin(w, KITH_FRAME_REGISTER);
    kith_writer_u8(w, frame->version_min);
    kith_writer_u8(w, frame->version_max);
    kith_writer_u8(w, frame->wants_check ? WANTS_CHECK : 0);
    kith_writer_bytes(w, frame->tag, sizeof(frame->tag));
    kith_writer_bytes8(w, frame->name);
    kith_writer_u16(w, frame->port);
    kith_writer_bytes16(w, frame->record_public);
    kith_writer_bytes16(w, frame->record_local);
    kith_frame_end(w, at);
}

int kith_frame_register_decode(struct kith_bytes fields, struct kith_frame_register *out)
{
    struct kith_reader r = kith_reader(fields);
    out->version_min = kith_reader_u8(&r);
    out->version_max = kith_reader_u8(&r);
    out->wants_check = (kith_reader_u8(&r) & WANTS_CHECK) != 0;
    kith_reader_copy(&r, out->tag, sizeof(out->tag));
    out->name = kith_reader_bytes8(&r, UINT8_MAX);
    out->port = kith_reader_u16(&r);
    out->record_public = kith_reader_bytes16(&r, UINT16_MAX);
    out->record_local = kith_reader_bytes16(&r, UINT16_MAX);
    if (r.failed || out->version_min == 0 || out->version_min > out->version_max)
        return KITH_EPROTO;
    if (out->name.size > KITH_NAME_SIZE_MAX ||
        out->record_public.size > KITH_SIGNED_ADDRESSES_SIZE_MAX ||
        out->record_local.size > KITH_SIGNED_ADDRESSES_SIZE_MAX)
        return KITH_ETOOBIG;
    return 0;
}

void kith_frame_welcome_encode(struct kith_writer *w,
                               const struct kith_frame_welcome *frame)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_WELCOME);
    kith_writer_u8(w, frame->version);
    kith_writer_u32(w, frame->capabilities);
    kith_writer_u16(w, frame->refresh_s);
    kith_writer_bytes8(w, frame->observed);
    kith_writer_u32(w, frame->network_count);
    kith_frame_end(w, at);
}

int kith_frame_welcome_decode(struct kith_bytes fields, struct kith_frame_welcome *out)
{
    struct kith_reader r = kith_reader(fields);
    out->version = kith_reader_u8(&r);
    out->capabilities = kith_reader_u32(&r);
    out->refresh_s = kith_reader_u16(&r);
    out->observed = kith_reader_bytes8(&r, UINT8_MAX);
    out->network_count = kith_reader_u32(&r);
    return r.failed || out->version == 0 || out->refresh_s == 0 ? KITH_EPROTO : 0;
}

void kith_frame_reachable_encode(struct kith_writer *w,
                                 const struct kith_frame_reachable *frame)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_REACHABLE);
    kith_writer_bytes8(w, frame->address);
    kith_writer_u8(w, frame->is_reached ? 1 : 0);
    kith_frame_end(w, at);
}

int kith_frame_reachable_decode(struct kith_bytes fields,
                                struct kith_frame_reachable *out)
{
    struct kith_reader r = kith_reader(fields);
    out->address = kith_reader_bytes8(&r, UINT8_MAX);
    uint8_t is_reached = kith_reader_u8(&r);
    out->is_reached = is_reached == 1;
    return r.failed || is_reached > 1 ? KITH_EPROTO : 0;
}
