/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

#include "proto/tracker.h"

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_ring frame;
    int error = kith_frame_ring_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(frame.role == 'd' || frame.role == 'l');
    if (frame.how == KITH_CALL_MEET)
        assert(frame.address.size > 0 && frame.ticket.size == 0);
    if (frame.how == KITH_CALL_RELAY)
        assert(frame.address.size == 0 && frame.ticket.size == KITH_TICKET_SIZE);
    struct kith_writer w = fuzz_writer();
    kith_frame_ring_encode(&w, &frame);
    fuzz_check_frame(&w, data, size);
}
