/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kith_frame_hello frame;
    int error = kith_frame_hello_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return 0;
    assert(frame.version_min >= 1 && frame.version_min <= frame.version_max);
    struct kith_writer w = fuzz_writer();
    kith_frame_hello_encode(&w, &frame);
    assert(w.size <= KITH_FRAME_STRANGER_MAX);
    fuzz_check_frame(&w, data, size);
    return 0;
}
