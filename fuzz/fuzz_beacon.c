/* SPDX-License-Identifier: MIT */
/* The plain part of a beacon, as whoever holds the network key may seal it. */
#include "fuzz_proto.h"

#include "proto/beacon.h"

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_beacon beacon;
    int error = kith_beacon_decode(kith_bytes(data, size), &beacon);
    assert(error == 0 || error == KITH_EPROTO || error == KITH_EVERSION);
    if (error != 0)
        return;
    assert(beacon.port != 0 && size >= KITH_BEACON_PLAIN_SIZE);
    uint8_t again[KITH_BEACON_PLAIN_SIZE];
    kith_beacon_encode(&beacon, again);
    assert(memcmp(again, data, sizeof(again)) == 0);
}
