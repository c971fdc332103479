/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

#include "proto/tracker.h"

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_lookup frame;
    int error = kith_frame_lookup_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(frame.token != 0 && frame.value.size <= KITH_NAME_SIZE_MAX);
    assert(frame.by == KITH_LOOKUP_NAME ||
           (frame.by == KITH_LOOKUP_ID && frame.value.size == KITH_ID_SIZE));
    struct kith_writer w = fuzz_writer();
    kith_frame_lookup_encode(&w, &frame);
    fuzz_check_frame(&w, data, size);
}
