/* SPDX-License-Identifier: MIT */
#include "proto/beacon.h"

#include <string.h>

#include "base/reader.h"
#include "kith/error.h"

static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

void kith_beacon_signed(const struct kith_beacon *beacon,
                        uint8_t out[static KITH_BEACON_SIGNED_SIZE])
{
    uint8_t *at = out;
    *at++ = KITH_BEACON_VERSION;
    *at++ = beacon->flags;
    at = put(at, beacon->id.bytes, KITH_ID_SIZE);
    at = put(at, beacon->boot, KITH_BEACON_BOOT_SIZE);
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(beacon->counter >> shift);
    *at++ = (uint8_t)(beacon->port >> 8);
    *at = (uint8_t)beacon->port;
}

void kith_beacon_encode(const struct kith_beacon *beacon,
                        uint8_t out[static KITH_BEACON_PLAIN_SIZE])
{
    kith_beacon_signed(beacon, out);
    memcpy(out + KITH_BEACON_SIGNED_SIZE, beacon->signature, KITH_SIGNATURE_SIZE);
}

int kith_beacon_decode(struct kith_bytes plain, struct kith_beacon *out)
{
    struct kith_reader r = kith_reader(plain);
    uint8_t version = kith_reader_u8(&r);
    out->flags = kith_reader_u8(&r);
    kith_reader_copy(&r, out->id.bytes, KITH_ID_SIZE);
    kith_reader_copy(&r, out->boot, KITH_BEACON_BOOT_SIZE);
    out->counter = kith_reader_u64(&r);
    out->port = kith_reader_u16(&r);
    kith_reader_copy(&r, out->signature, KITH_SIGNATURE_SIZE);
    if (r.failed || version == 0 || out->port == 0)
        return KITH_EPROTO;
    return version == KITH_BEACON_VERSION ? 0 : KITH_EVERSION;
}
