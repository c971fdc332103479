/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

static struct kith_vector_entry entries[KITH_VECTOR_ENTRIES_MAX];

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_frame_vector frame;
    int error = kith_frame_vector_decode(kith_bytes(data, size), &frame);
    fuzz_check_error(error);
    if (error != 0)
        return;
    for (size_t i = 0; i < frame.count; i++) {
        entries[i] = kith_vector_entry_at(&frame, i);
        assert(entries[i].seq >= 1 && entries[i].seq <= KITH_SEQ_MAX);
        assert(entries[i].floor <= entries[i].seq);
    }
    struct kith_writer w = fuzz_writer();
    kith_frame_vector_encode(&w, &frame.tag, frame.is_last, entries, frame.count);
    w.data[FRAME_HEAD_SIZE + KITH_TAG_SIZE] |= data[KITH_TAG_SIZE] & 0xfe; /* unknown */
    fuzz_check_frame(&w, data, size);
}
