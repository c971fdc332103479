/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_ping frame;
    int error = kith_frame_ping_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    struct kith_writer w = fuzz_writer();
    kith_frame_ping_encode(&w, KITH_FRAME_PONG, &frame);
    fuzz_check_frame(&w, data, size);
}
