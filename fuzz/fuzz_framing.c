/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdbool.h>

#include "kith/error.h"
#include "net/framing.h"

struct seen {
    size_t count;
    size_t bytes;
    uint32_t mix; /* of every byte in its place */
    uint32_t size_max;
    size_t stop_at; /* the frame after which none is wanted; 0: all are */
};

static bool on_frame(void *ctx, struct kith_bytes frame)
{
    struct seen *seen = ctx;
    assert(frame.size > 0 && frame.size <= seen->size_max);
    assert(seen->stop_at == 0 || seen->count < seen->stop_at);
    seen->count++;
    seen->bytes += frame.size;
    for (size_t i = 0; i < frame.size; i++)
        seen->mix = seen->mix * 31 + frame.data[i];
    return seen->count != seen->stop_at;
}

static int feed(struct kith_bytes stream, size_t step, struct seen *seen)
{
    struct kith_framing framing = {.size_max = seen->size_max};
    int error = 0;
    for (size_t at = 0; at < stream.size && !error; at += step) {
        size_t left = stream.size - at;
        struct kith_bytes part = kith_bytes(stream.data + at, left < step ? left : step);
        error = kith_framing_feed(&framing, part, on_frame, seen);
        if (seen->stop_at != 0 && seen->count == seen->stop_at)
            break;
    }
    kith_framing_deinit(&framing);
    return error;
}

/* Two bytes choose the limit, the cut and the last frame that is wanted; the rest is a
 * stream, which means the same however it is cut. */
void fuzz_input(const uint8_t *data, size_t size)
{
    if (size < 2)
        return;
    struct seen whole = {.size_max = data[0] + 1u, .stop_at = data[1] / 16};
    struct seen parts = whole;
    struct kith_bytes stream = kith_bytes(data + 2, size - 2);
    int error = feed(stream, stream.size ? stream.size : 1, &whole);
    assert(error == 0 || error == KITH_EPROTO || error == KITH_ETOOBIG);
    assert(feed(stream, data[1] % 16 + 1, &parts) == error);
    assert(whole.count == parts.count && whole.bytes == parts.bytes &&
           whole.mix == parts.mix);
}
