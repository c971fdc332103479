/* SPDX-License-Identifier: MIT */
/* A frame as encoders write it, and then not quite. */
#ifndef KITH_FUZZ_ALTER_H
#define KITH_FUZZ_ALTER_H

#include "base/reader.h"

/* Cut it or change up to four of its bytes, if the input says so. */
static inline void fuzz_alter(struct kith_reader *in, uint8_t *bytes, size_t *size)
{
    enum { ALTERS = 0x80, CUTS = 0x40 };
    uint8_t how = kith_reader_u8(in);
    if ((how & CUTS) && *size > 0)
        *size = kith_reader_u16(in) % *size;
    for (int i = 0; (how & ALTERS) && *size > 0 && i <= (how & 3); i++) {
        size_t at = kith_reader_u16(in) % *size;
        bytes[at] ^= kith_reader_u8(in);
    }
}

#endif
