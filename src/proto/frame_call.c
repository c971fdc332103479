/* SPDX-License-Identifier: MIT */
/* CALL, RING and REFUSED. */
#include "proto/tracker.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"

void kith_frame_call_encode(struct kith_writer *w, const struct kith_frame_call *frame)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_CALL);
    kith_writer_u64(w, frame->token);
    kith_writer_bytes(w, frame->id.bytes, KITH_ID_SIZE);
    kith_writer_u8(w, frame->how);
    kith_frame_end(w, at);
}

int kith_frame_call_decode(struct kith_bytes fields, struct kith_frame_call *out)
{
    struct kith_reader r = kith_reader(fields);
    out->token = kith_reader_u64(&r);
    kith_reader_copy(&r, out->id.bytes, KITH_ID_SIZE);
    out->how = kith_reader_u8(&r);
    return r.failed || out->token == 0 ? KITH_EPROTO : 0;
}

/* Each way of meeting has what it needs, and nothing of the other. */
static bool fits_how(const struct kith_frame_ring *frame)
{
    if (frame->how == KITH_CALL_MEET)
        return frame->address.size != 0 && frame->ticket.size == 0;
    if (frame->how == KITH_CALL_RELAY)
        return frame->address.size == 0 && frame->ticket.size == KITH_TICKET_SIZE;
    return true;
}

void kith_frame_ring_encode(struct kith_writer *w, const struct kith_frame_ring *frame)
{
    assert(fits_how(frame));
    size_t at = kith_frame_begin(w, KITH_FRAME_RING);
    kith_writer_u64(w, frame->token);
    kith_writer_bytes(w, frame->id.bytes, KITH_ID_SIZE);
    kith_writer_u8(w, frame->how);
    kith_writer_u8(w, frame->role);
    kith_writer_bytes8(w, frame->address);
    kith_writer_bytes8(w, frame->ticket);
    kith_frame_end(w, at);
}

int kith_frame_ring_decode(struct kith_bytes fields, struct kith_frame_ring *out)
{
    struct kith_reader r = kith_reader(fields);
    out->token = kith_reader_u64(&r);
    kith_reader_copy(&r, out->id.bytes, KITH_ID_SIZE);
    out->how = kith_reader_u8(&r);
    out->role = kith_reader_u8(&r);
    out->address = kith_reader_bytes8(&r, UINT8_MAX);
    out->ticket = kith_reader_bytes8(&r, UINT8_MAX);
    bool has_role = out->role == 'd' || out->role == 'l';
    return r.failed || !has_role || !fits_how(out) ? KITH_EPROTO : 0;
}

void kith_frame_refused_encode(struct kith_writer *w,
                               const struct kith_frame_refused *frame)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_REFUSED);
    kith_writer_u64(w, frame->token);
    kith_writer_u8(w, frame->reason);
    kith_frame_end(w, at);
}

int kith_frame_refused_decode(struct kith_bytes fields, struct kith_frame_refused *out)
{
    struct kith_reader r = kith_reader(fields);
    out->token = kith_reader_u64(&r);
    out->reason = kith_reader_u8(&r);
    return r.failed ? KITH_EPROTO : 0;
}
