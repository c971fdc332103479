/* SPDX-License-Identifier: MIT */
/* PEERS and LOOKUP. */
#include "proto/tracker.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"

#define HAS_MORE 1u

static void write_tracked(struct kith_writer *w, const struct kith_tracked *peer)
{
    assert(peer->name.size <= KITH_NAME_SIZE_MAX);
    assert(peer->record_count <= KITH_TRACKED_RECORDS_MAX);
    kith_writer_u8(w, peer->state);
    kith_writer_bytes(w, peer->id.bytes, KITH_ID_SIZE);
    kith_writer_bytes8(w, peer->name);
    kith_writer_u64(w, peer->seen_s);
    kith_writer_u8(w, (uint8_t)peer->record_count);
    for (size_t i = 0; i < peer->record_count; i++) {
        assert(peer->records[i].size <= KITH_SIGNED_ADDRESSES_SIZE_MAX);
        kith_writer_bytes16(w, peer->records[i]);
    }
}

static int read_tracked(struct kith_reader *r, struct kith_tracked *out)
{
    out->state = kith_reader_u8(r);
    kith_reader_copy(r, out->id.bytes, KITH_ID_SIZE);
    out->name = kith_reader_bytes8(r, UINT8_MAX);
    out->seen_s = kith_reader_u64(r);
    out->record_count = kith_reader_u8(r);
    if (out->name.size > KITH_NAME_SIZE_MAX ||
        out->record_count > KITH_TRACKED_RECORDS_MAX)
        return KITH_ETOOBIG;
    for (size_t i = 0; i < out->record_count; i++) {
        out->records[i] = kith_reader_bytes16(r, UINT16_MAX);
        if (out->records[i].size > KITH_SIGNED_ADDRESSES_SIZE_MAX)
            return KITH_ETOOBIG;
    }
    return r->failed ? KITH_EPROTO : 0;
}

void kith_frame_peers_encode(struct kith_writer *w, const struct kith_frame_peers *frame)
{
    assert(frame->count <= KITH_PEERS_FRAME_MAX);
    size_t at = kith_frame_begin(w, KITH_FRAME_PEERS);
    kith_writer_u64(w, frame->token);
    kith_writer_u8(w, frame->has_more ? HAS_MORE : 0);
    kith_writer_u8(w, (uint8_t)frame->count);
    for (size_t i = 0; i < frame->count; i++)
        write_tracked(w, &frame->peers[i]);
    kith_frame_end(w, at);
}

int kith_frame_peers_decode(struct kith_bytes fields, struct kith_frame_peers *out)
{
    struct kith_reader r = kith_reader(fields);
    int error = 0;
    out->token = kith_reader_u64(&r);
    out->has_more = (kith_reader_u8(&r) & HAS_MORE) != 0;
    out->count = kith_reader_u8(&r);
    if (out->count > KITH_PEERS_FRAME_MAX)
        return KITH_ETOOBIG;
    for (size_t i = 0; i < out->count && error == 0; i++)
        error = read_tracked(&r, &out->peers[i]);
    return error != 0 ? error : r.failed ? KITH_EPROTO : 0;
}

void kith_frame_lookup_encode(struct kith_writer *w,
                              const struct kith_frame_lookup *frame)
{
    assert(frame->value.size <= KITH_NAME_SIZE_MAX);
    size_t at = kith_frame_begin(w, KITH_FRAME_LOOKUP);
    kith_writer_u64(w, frame->token);
    kith_writer_u8(w, frame->by);
    kith_writer_bytes8(w, frame->value);
    kith_frame_end(w, at);
}

int kith_frame_lookup_decode(struct kith_bytes fields, struct kith_frame_lookup *out)
{
    struct kith_reader r = kith_reader(fields);
    out->token = kith_reader_u64(&r);
    out->by = kith_reader_u8(&r);
    out->value = kith_reader_bytes8(&r, UINT8_MAX);
    if (r.failed || out->token == 0 || out->by > KITH_LOOKUP_NAME ||
        (out->by == KITH_LOOKUP_ID && out->value.size != KITH_ID_SIZE))
        return KITH_EPROTO;
    return out->value.size > KITH_NAME_SIZE_MAX ? KITH_ETOOBIG : 0;
}
