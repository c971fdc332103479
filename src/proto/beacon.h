/* SPDX-License-Identifier: MIT */
/* The beacon: one LAN discovery datagram (PROTOCOL, "Beacon").
 *
 * It suggests an address to dial, and lists nobody. All of it but the magic is sealed
 * under the network key, so that outsiders see noise of one fixed size. */
#ifndef KITH_PROTO_BEACON_H
#define KITH_PROTO_BEACON_H

#include "proto/event.h"

#define KITH_BEACON_VERSION    1
#define KITH_BEACON_MAGIC      "kithbcn1"
#define KITH_BEACON_MAGIC_SIZE 8
#define KITH_BEACON_NONCE_SIZE 24
#define KITH_BEACON_MAC_SIZE   16
#define KITH_BEACON_BOOT_SIZE  16
/* Signed: version u8 | flags u8 | id 32 | boot 16 | counter u64 | port u16 */
#define KITH_BEACON_SIGNED_SIZE (1 + 1 + 32 + KITH_BEACON_BOOT_SIZE + 8 + 2)
#define KITH_BEACON_PLAIN_SIZE  (KITH_BEACON_SIGNED_SIZE + KITH_SIGNATURE_SIZE)
/* On the wire: magic | nonce | sealed plain part and its tag */
#define KITH_BEACON_SIZE                                                                 \
    (KITH_BEACON_MAGIC_SIZE + KITH_BEACON_NONCE_SIZE + KITH_BEACON_PLAIN_SIZE +          \
     KITH_BEACON_MAC_SIZE)

enum {
    KITH_BEACON_ANSWER = 1, /* to another beacon: never answered itself */
    KITH_BEACON_GOODBYE =
        2, /* the node stops: a hint, believed of nobody who is linked */
};

struct kith_beacon {
    uint8_t flags; /* as signed: those of later versions are ignored, not refused */
    struct kith_id id;
    uint8_t boot[KITH_BEACON_BOOT_SIZE]; /* the instance of the sender's HELLO */
    uint64_t counter;                    /* rises with every beacon of this boot */
    uint16_t port;                       /* where it listens, at the datagram's source */
    uint8_t signature[KITH_SIGNATURE_SIZE];
};

/* The signed fields, without the signature. */
void kith_beacon_signed(const struct kith_beacon *beacon,
                        uint8_t out[static KITH_BEACON_SIGNED_SIZE]);

/* The whole plain part, to be sealed. */
void kith_beacon_encode(const struct kith_beacon *beacon,
                        uint8_t out[static KITH_BEACON_PLAIN_SIZE]);

/* Returns 0, KITH_EPROTO, or KITH_EVERSION. */
int kith_beacon_decode(struct kith_bytes plain, struct kith_beacon *out);

#endif
