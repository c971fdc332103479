/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

#include "proto/tracker.h"

#define FLAGS 8 /* offset within the fields */

static void check_tracked(const struct kith_tracked *peer)
{
    assert(peer->name.size <= KITH_NAME_SIZE_MAX);
    assert(peer->record_count <= KITH_TRACKED_RECORDS_MAX);
    for (size_t i = 0; i < peer->record_count; i++)
        assert(peer->records[i].size <= KITH_SIGNED_ADDRESSES_SIZE_MAX);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_peers frame;
    int error = kith_frame_peers_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(frame.count <= KITH_PEERS_FRAME_MAX);
    for (size_t i = 0; i < frame.count; i++)
        check_tracked(&frame.peers[i]);
    struct kith_writer w = fuzz_writer();
    kith_frame_peers_encode(&w, &frame);
    w.data[FRAME_HEAD_SIZE + FLAGS] |= data[FLAGS] & 0xfe; /* unknown */
    fuzz_check_frame(&w, data, size);
}
