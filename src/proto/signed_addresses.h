/* SPDX-License-Identifier: MIT */
/* Signed address records: where a peer says it listens, passed on by others (PROTOCOL,
 * "Peer exchange"). Whoever passes one on can withhold it, but not forge it. */
#ifndef KITH_PROTO_SIGNED_ADDRESSES_H
#define KITH_PROTO_SIGNED_ADDRESSES_H

#include "base/address.h"
#include "proto/frame.h"

#define KITH_RECORD_ADDRESSES_MAX 8
/* id 32 | counter u64 | expiry u64 | count u8 | addresses bytes8 | signature 64 */
#define KITH_SIGNED_ADDRESSES_SIZE_MAX                                                   \
    (32 + 8 + 8 + 1 + KITH_RECORD_ADDRESSES_MAX * 256 + 64)
#define KITH_ADDRESSES_FRAME_MAX 16 /* records in one ADDRESSES frame: 34 KiB at most */

struct kith_signed_addresses {
    struct kith_id id;
    uint64_t
        counter;     /* the highest counts: milliseconds since 1970 when it was written */
    uint64_t expiry; /* seconds since 1970 */
    size_t address_count;
    struct kith_bytes addresses[KITH_RECORD_ADDRESSES_MAX]; /* as text; borrowed */
    uint8_t signature[KITH_SIGNATURE_SIZE];
    struct kith_bytes
        fields; /* decoded: what is signed, all but the signature (borrowed) */
    struct kith_bytes bytes; /* decoded: the whole record (borrowed) */
};

/* Append the signed fields; then the signature completes the record. */
void kith_signed_addresses_fields(struct kith_writer *w,
                                  const struct kith_signed_addresses *record);

/* 0, KITH_EPROTO or KITH_ETOOBIG. Nothing may follow the record. */
int kith_signed_addresses_decode(struct kith_bytes bytes,
                                 struct kith_signed_addresses *out);

/* ADDRESSES: records of peers of the network, count u8 and each as bytes16. */
struct kith_frame_addresses {
    size_t count; /* at most KITH_ADDRESSES_FRAME_MAX */
    struct kith_bytes records[KITH_ADDRESSES_FRAME_MAX]; /* for the decoder above */
};
void kith_frame_addresses_encode(struct kith_writer *w,
                                 const struct kith_frame_addresses *frame);
/* 0, KITH_EPROTO or KITH_ETOOBIG. */
int kith_frame_addresses_decode(struct kith_bytes fields,
                                struct kith_frame_addresses *out);

#endif
