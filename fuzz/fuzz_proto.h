/* SPDX-License-Identifier: MIT */
/* What the targets of src/proto share: what was decoded encodes to what was read. */
#ifndef KITH_FUZZ_FUZZ_PROTO_H
#define KITH_FUZZ_FUZZ_PROTO_H

#include "fuzz.h"

#include <string.h>

#include "kith/error.h"
#include "proto/frame.h"

#define FRAME_HEAD_SIZE 5 /* length and type */

static inline struct kith_writer fuzz_writer(void)
{
    return kith_writer(&kith_alloc_heap);
}

/* Only errors of the peer's doing come out of a decoder. */
static inline void fuzz_check_error(int error)
{
    assert(error == 0 || error == KITH_EPROTO || error == KITH_ETOOBIG);
}

/* `encoded` begins `data`: what follows there are unknown fields. Empties `w`. */
static inline void fuzz_check_prefix(struct kith_writer *w, size_t skip,
                                     const uint8_t *data, size_t size)
{
    assert(!w->failed && w->size >= skip && w->size - skip <= size);
    assert(w->size == skip || memcmp(w->data + skip, data, w->size - skip) == 0);
    kith_writer_deinit(w);
}

static inline void fuzz_check_frame(struct kith_writer *w, const uint8_t *data,
                                    size_t size)
{
    fuzz_check_prefix(w, FRAME_HEAD_SIZE, data, size);
}

#endif
