/* SPDX-License-Identifier: MIT */
/* The fixed inputs behind the golden vectors (PROTOCOL, "Golden vectors").
 *
 * Alice and Bob are of the network `home`, which has no passphrase. Alice dials Bob, says
 * her name in the control log and writes three messages in the content log of the lobby;
 * the body of the third is discarded. Both are at one tracker, which introduces them. All
 * hashes and signatures are real. */
#ifndef TESTS_UNIT_PROTO_SAMPLE_H
#define TESTS_UNIT_PROTO_SAMPLE_H

#include "proto/beacon.h"
#include "proto/frame.h"
#include "proto/tracker.h"

#define SAMPLE_MESSAGES 3
/* 2024-01-01T00:00:00Z */
#define SAMPLE_WALL ((kith_time)1704067200 * KITH_SECOND)

struct sample {
    uint8_t network_key[KITH_HASH_SIZE];
    uint8_t alice_secret[64];
    struct kith_id alice;
    struct kith_id bob;
    struct kith_id tracker;
    uint8_t network_tag[KITH_NETWORK_TAG_SIZE]; /* of `home` at the tracker */
    struct kith_id lobby;
    struct kith_id direct;                       /* room of Alice and Bob */
    uint8_t exporter_net[KITH_HASH_SIZE];        /* as if from TLS */
    uint8_t exporter_room[KITH_HASH_SIZE];       /* as if from TLS */
    uint8_t proof[KITH_HASH_SIZE];               /* Alice's */
    struct kith_tag tag;                         /* of the lobby, Alice to Bob */
    struct kith_log_id control_log;              /* Alice's */
    struct kith_log_id content_log;              /* Alice's */
    struct kith_id profile_id;                   /* control log, 1 */
    struct kith_id message_ids[SAMPLE_MESSAGES]; /* content log, 1 to 3 */
    uint8_t beacon[KITH_BEACON_SIZE];            /* Alice's, sealed */
    struct kith_writer record;                   /* owned: Alice's addresses, signed */
    struct kith_writer run_profile;              /* owned */
    struct kith_writer run_messages;             /* owned */
};

void sample_init(struct sample *sample);
void sample_deinit(struct sample *sample);

/* The plain part of a sealed beacon of the network `home`. False if it is none. */
bool sample_open_beacon(struct kith_bytes datagram,
                        uint8_t out[static KITH_BEACON_PLAIN_SIZE]);

/* Texts of the messages; the third is not in the run. */
extern const char *const sample_texts[SAMPLE_MESSAGES];

/* Two vector entries: Alice's content log, and one of Bob's that he pruned. */
void sample_entries(const struct sample *sample, struct kith_vector_entry out[static 2]);
/* The last message. */
struct kith_ref sample_wanted(const struct sample *sample);
/* Bob's event that the second message names in deps. */
struct kith_ref sample_dep(const struct sample *sample);

/* One golden vector: tests/golden/NAME.hex. */
struct vector {
    const char *name;
    void (*encode)(const struct sample *sample, struct kith_writer *w);
    int (*decode)(struct kith_bytes bytes);
    size_t skip;    /* bytes before those that `decode` takes: length and type */
    bool takes_all; /* trailing bytes are not skipped */
    size_t grown;   /* bytes at its end that were added later, and may be missing */
};

extern const struct vector sample_vectors[];
extern const size_t sample_vectors_count;

/* Encode the vector called `name` into an initialised writer and give the bytes that its
 * decoder takes. */
struct kith_bytes sample_encoded(const struct sample *sample, const char *name,
                                 struct kith_writer *w);

#endif
