/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

#define GROWN_SIZE 12 /* the fields added later, that may be missing */

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_hello frame;
    int error = kith_frame_hello_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(frame.version_min >= 1 && frame.version_min <= frame.version_max);
    struct kith_writer w = fuzz_writer();
    kith_frame_hello_encode(&w, &frame);
    assert(w.size <= KITH_FRAME_STRANGER_MAX);
    if (size + GROWN_SIZE == w.size - FRAME_HEAD_SIZE) {
        assert(frame.lost == 0 && frame.name_hlc == 0);
        w.size -= GROWN_SIZE;
    }
    fuzz_check_frame(&w, data, size);
}
