/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

#include "proto/tracker.h"

#define FLAGS 2 /* offset within the fields */

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_register frame;
    int error = kith_frame_register_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(frame.version_min >= 1 && frame.version_min <= frame.version_max);
    assert(frame.name.size <= KITH_NAME_SIZE_MAX);
    struct kith_writer w = fuzz_writer();
    kith_frame_register_encode(&w, &frame);
    assert(w.size <= KITH_REGISTER_SIZE_MAX);
    w.data[FRAME_HEAD_SIZE + FLAGS] |= data[FLAGS] & 0xfe; /* unknown */
    fuzz_check_frame(&w, data, size);
}
