/* SPDX-License-Identifier: MIT */
#include "net/framing.h"
#include "base/reader.h"
#include "kith/error.h"

static int read_length(const struct kith_framing *framing, const uint8_t *prefix,
                       size_t *out_size)
{
    struct kith_reader reader = kith_reader(kith_bytes(prefix, KITH_FRAMING_PREFIX_SIZE));
    uint32_t size = kith_reader_u32(&reader);
    if (size == 0)
        return KITH_EPROTO;
    if (size > framing->size_max)
        return KITH_ETOOBIG;
    *out_size = KITH_FRAMING_PREFIX_SIZE + size;
    return 0;
}

/* Move up to `size_wanted - have` bytes from the input to the partial frame. */
static int grow_partial(struct kith_framing *framing, struct kith_bytes *bytes,
                        size_t size_wanted)
{
    size_t missing = size_wanted - kith_buffer_size(&framing->partial);
    size_t size = bytes->size < missing ? bytes->size : missing;
    if (!kith_buffer_append(&framing->partial, kith_bytes(bytes->data, size)))
        return KITH_ENOMEM;
    *bytes = kith_bytes(bytes->data + size, bytes->size - size);
    return 0;
}

/* Finish the begun frame if its end is among `bytes`. */
static int finish_partial(struct kith_framing *framing, struct kith_bytes *bytes,
                          kith_framing_cb *deliver, void *ctx, bool *wanted)
{
    if (kith_buffer_size(&framing->partial) < KITH_FRAMING_PREFIX_SIZE) {
        int error = grow_partial(framing, bytes, KITH_FRAMING_PREFIX_SIZE);
        if (error)
            return error;
        if (kith_buffer_size(&framing->partial) < KITH_FRAMING_PREFIX_SIZE)
            return 0;
    }
    size_t size = 0;
    int error = read_length(framing, kith_buffer_view(&framing->partial).data, &size);
    if (!error)
        error = grow_partial(framing, bytes, size);
    if (error)
        return error;
    struct kith_bytes whole = kith_buffer_view(&framing->partial);
    if (whole.size < size)
        return 0;
    *wanted = deliver(ctx, kith_bytes(whole.data + KITH_FRAMING_PREFIX_SIZE,
                                      size - KITH_FRAMING_PREFIX_SIZE));
    kith_buffer_deinit(&framing->partial);
    return 0;
}

int kith_framing_feed(struct kith_framing *framing, struct kith_bytes bytes,
                      kith_framing_cb *deliver, void *ctx)
{
    bool wanted = true;
    if (kith_buffer_size(&framing->partial) > 0) {
        int error = finish_partial(framing, &bytes, deliver, ctx, &wanted);
        if (error)
            return error;
    }
    while (wanted && bytes.size >= KITH_FRAMING_PREFIX_SIZE) {
        size_t size = 0;
        int error = read_length(framing, bytes.data, &size);
        if (error)
            return error;
        if (bytes.size < size)
            break;
        wanted = deliver(ctx, kith_bytes(bytes.data + KITH_FRAMING_PREFIX_SIZE,
                                         size - KITH_FRAMING_PREFIX_SIZE));
        bytes = kith_bytes(bytes.data + size, bytes.size - size);
    }
    if (wanted && !kith_buffer_append(&framing->partial, bytes))
        return KITH_ENOMEM;
    return 0;
}

void kith_framing_deinit(struct kith_framing *framing)
{
    kith_buffer_deinit(&framing->partial);
}
