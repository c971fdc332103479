/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#define LENGTH_SIZE 4

size_t kith_frame_begin(struct kith_writer *w, enum kith_frame_type type)
{
    size_t frame = w->size;
    kith_writer_u32(w, 0);
    kith_writer_u8(w, (uint8_t)type);
    return frame;
}

void kith_frame_end(struct kith_writer *w, size_t frame)
{
    if (!w->failed)
        kith_writer_patch_u32(w, frame, (uint32_t)(w->size - frame - LENGTH_SIZE));
}
