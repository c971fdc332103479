/* SPDX-License-Identifier: MIT */
#include "proto/signed_addresses.h"

#include "base/reader.h"
#include "kith/error.h"

void kith_signed_addresses_fields(struct kith_writer *w,
                                  const struct kith_signed_addresses *record)
{
    kith_writer_bytes(w, record->id.bytes, KITH_ID_SIZE);
    kith_writer_u64(w, record->counter);
    kith_writer_u64(w, record->expiry);
    kith_writer_u8(w, (uint8_t)record->address_count);
    for (size_t i = 0; i < record->address_count; i++)
        kith_writer_bytes8(w, record->addresses[i]);
}

int kith_signed_addresses_decode(struct kith_bytes bytes,
                                 struct kith_signed_addresses *out)
{
    if (bytes.size > KITH_SIGNED_ADDRESSES_SIZE_MAX)
        return KITH_ETOOBIG;
    struct kith_reader r = kith_reader(bytes);
    kith_reader_copy(&r, out->id.bytes, KITH_ID_SIZE);
    out->counter = kith_reader_u64(&r);
    out->expiry = kith_reader_u64(&r);
    out->address_count = kith_reader_u8(&r);
    if (out->address_count > KITH_RECORD_ADDRESSES_MAX)
        return r.failed ? KITH_EPROTO : KITH_ETOOBIG;
    for (size_t i = 0; i < out->address_count; i++)
        out->addresses[i] = kith_reader_bytes8(&r, UINT8_MAX);
    size_t size = bytes.size - kith_reader_left(&r);
    kith_reader_copy(&r, out->signature, KITH_SIGNATURE_SIZE);
    if (r.failed || kith_reader_left(&r) != 0)
        return KITH_EPROTO;
    out->fields = kith_bytes(bytes.data, size);
    out->bytes = bytes;
    return 0;
}

void kith_frame_addresses_encode(struct kith_writer *w,
                                 const struct kith_frame_addresses *frame)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_ADDRESSES);
    kith_writer_u8(w, (uint8_t)frame->count);
    for (size_t i = 0; i < frame->count; i++)
        kith_writer_bytes16(w, frame->records[i]);
    kith_frame_end(w, at);
}

int kith_frame_addresses_decode(struct kith_bytes fields,
                                struct kith_frame_addresses *out)
{
    struct kith_reader r = kith_reader(fields);
    out->count = kith_reader_u8(&r);
    if (out->count > KITH_ADDRESSES_FRAME_MAX)
        return KITH_ETOOBIG;
    for (size_t i = 0; i < out->count; i++) {
        out->records[i] = kith_reader_bytes16(&r, UINT16_MAX);
        if (out->records[i].size > KITH_SIGNED_ADDRESSES_SIZE_MAX)
            return KITH_ETOOBIG;
    }
    return r.failed ? KITH_EPROTO : 0;
}
