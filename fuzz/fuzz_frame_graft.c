/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_graft frame;
    struct kith_locator have[KITH_LOCATOR_MAX];
    int error = kith_frame_graft_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    for (size_t i = 0; i < frame.have_count; i++) {
        have[i] = kith_locator_at(&frame, i);
        assert(have[i].seq >= 1 && (i == 0 || have[i].seq < have[i - 1].seq));
    }
    struct kith_writer w = fuzz_writer();
    kith_frame_graft_encode(&w, KITH_FRAME_GRAFT, &frame.tag, &frame.wanted, have,
                            frame.have_count);
    fuzz_check_frame(&w, data, size);
}
