/* SPDX-License-Identifier: MIT */
/* The frame, and each record in it. */
#include "fuzz_proto.h"

#include "proto/signed_addresses.h"

static void check_record(struct kith_bytes bytes)
{
    struct kith_signed_addresses record;
    int error = kith_signed_addresses_decode(bytes, &record);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(record.address_count <= KITH_RECORD_ADDRESSES_MAX);
    assert(record.fields.size + KITH_SIGNATURE_SIZE == bytes.size);
    struct kith_writer w = fuzz_writer();
    kith_signed_addresses_fields(&w, &record);
    kith_writer_bytes(&w, record.signature, sizeof(record.signature));
    assert(w.size == bytes.size);
    fuzz_check_prefix(&w, 0, bytes.data, bytes.size);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_addresses frame;
    int error = kith_frame_addresses_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    for (size_t i = 0; i < frame.count; i++)
        check_record(frame.records[i]);
    struct kith_writer w = fuzz_writer();
    kith_frame_addresses_encode(&w, &frame);
    fuzz_check_frame(&w, data, size);
}
