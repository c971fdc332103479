/* SPDX-License-Identifier: MIT */
/* Every hash of the protocol, in one place (PROTOCOL, "Hashes"; BLAKE2b, RFC 7693). */
#ifndef KITH_CORE_DIGEST_H
#define KITH_CORE_DIGEST_H

#include "core/node.h"
#include "proto/beacon.h"
#include "proto/frame.h"

/* PROOF = BLAKE2b-256(key = network key; "kith-net-1" || role of the prover || exporter
 * || dialler id || listener id). Role is one byte, 'd' or 'l'. */
void kith_digest_proof(const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                       enum kith_role prover,
                       const uint8_t exporter[static KITH_EXPORTER_SIZE],
                       const struct kith_id *dialler, const struct kith_id *listener,
                       uint8_t out[static KITH_HASH_SIZE]);

/* tag = BLAKE2b-128(key = exporter; role of the sender || sender || receiver || room). */
struct kith_tag kith_digest_tag(const uint8_t exporter[static KITH_EXPORTER_SIZE],
                                enum kith_role sender_role, const struct kith_id *sender,
                                const struct kith_id *receiver,
                                const struct kith_id *room);

/* A tag that stands for no room, the same for the same link and index: none but the node
 * that has `key` can tell it from those that do. */
struct kith_tag kith_digest_padding(const uint8_t key[static KITH_TAG_SIZE],
                                    uint32_t link, uint32_t index);

/* BLAKE2b-256(key = network key; "kith-tag" || tracker id): the network's tag there. */
void kith_digest_network_tag(const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                             const struct kith_id *tracker,
                             uint8_t out[static KITH_HASH_SIZE]);

/* BLAKE2b-256("kith-open" || network key || name) */
struct kith_id kith_digest_open_room(
    const uint8_t network_key[static KITH_NETWORK_KEY_SIZE], const char *name);

/* BLAKE2b-256("kith-direct" || the lower id || the higher id) */
struct kith_id kith_digest_direct_room(const struct kith_id *a, const struct kith_id *b);

/* Six groups of five digits of BLAKE2b-256("kith-verify-1" || the lower id || the higher
 * id): each group is five bytes of it, big-endian, modulo 100,000. */
void kith_digest_code(const struct kith_id *a, const struct kith_id *b,
                      char out[static KITH_CODE_SIZE]);

/* Fill in the ids of all events, and check bodies that are present against their hashes.
 * Returns 0 or KITH_ECHAIN. */
int kith_digest_run(struct kith_run *run, const struct kith_id *room);

/* BLAKE2b-256(salt || body), given as one piece. */
void kith_digest_content(struct kith_bytes content, uint8_t out[static KITH_HASH_SIZE]);

/* What the author signs: "kith run 1" || id of the last event. */
void kith_digest_signed(const struct kith_id *last, uint8_t out[static KITH_VERIFY_SIZE]);

/* What a beacon's sender signs: "kith bcn 1" || BLAKE2b-256(key = network key; the signed
 * fields), so that it means nothing in another network. */
void kith_digest_beacon(const struct kith_beacon *beacon,
                        const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                        uint8_t out[static KITH_VERIFY_SIZE]);

/* What a signed address record's peer signs: "kith adr 1" || BLAKE2b-256(key = network
 * key; its fields). */
void kith_digest_addresses(struct kith_bytes fields,
                           const uint8_t network_key[static KITH_NETWORK_KEY_SIZE],
                           uint8_t out[static KITH_VERIFY_SIZE]);

#endif
