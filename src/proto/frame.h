/* SPDX-License-Identifier: MIT */
/* Frames between peers: struct <-> bytes, stateless (PROTOCOL, "Frames").
 *
 * On the wire a frame is a u32 length, a u8 type and the fields. Encoders append the
 * whole frame, length included; decoders take the fields after the type. Decoders read
 * every field, then ask once; unknown trailing fields are skipped so that versions can
 * grow. They return 0, KITH_EPROTO (malformed) or KITH_ETOOBIG (a named limit exceeded),
 * and borrow from their input. */
#ifndef KITH_PROTO_FRAME_H
#define KITH_PROTO_FRAME_H

#include "base/name.h"
#include "proto/event.h"

#define KITH_FRAME_SIZE_MAX      (1024 * 1024) /* type and fields; a longest run twice */
#define KITH_FRAME_STRANGER_MAX  4096          /* before the proof: HELLO fits */
#define KITH_PROTO_VERSION       1
#define KITH_TAG_SIZE            16
#define KITH_TAGS_MAX            4096 /* one ROOMS frame: 64 KiB */
#define KITH_INSTANCE_SIZE       16
#define KITH_HELLO_ADDRESSES_MAX 8
#define KITH_VECTOR_ENTRIES_MAX  600 /* a page of about 64 KiB */
#define KITH_LOCATOR_MAX         32  /* doubling steps reach back 2^31 events */

enum kith_frame_type {
    KITH_FRAME_PROOF = 0x01,
    KITH_FRAME_HELLO = 0x02,
    KITH_FRAME_PING = 0x03,
    KITH_FRAME_PONG = 0x04,
    KITH_FRAME_BYE = 0x05,
    KITH_FRAME_ADDRESSES = 0x06,
    KITH_FRAME_ROOMS = 0x10,
    KITH_FRAME_VECTOR = 0x11,
    KITH_FRAME_RUN = 0x12,
    KITH_FRAME_HAVE = 0x13,
    KITH_FRAME_GRAFT = 0x14,
    KITH_FRAME_PRUNE = 0x15,
    KITH_FRAME_FORK = 0x16,
    KITH_FRAME_MORE = 0x17,
    KITH_FRAME_REGISTER = 0x20, /* from here on: between a peer and a tracker */
    KITH_FRAME_WELCOME = 0x21,
    KITH_FRAME_REACHABLE = 0x22,
    KITH_FRAME_PEERS = 0x23,
    KITH_FRAME_LOOKUP = 0x24,
    KITH_FRAME_CALL = 0x25,
    KITH_FRAME_RING = 0x26,
    KITH_FRAME_REFUSED = 0x27,
};

struct kith_tag {
    uint8_t bytes[KITH_TAG_SIZE];
};

/* Begin a frame of `type`; returns its offset, where kith_frame_end puts the length. */
size_t kith_frame_begin(struct kith_writer *w, enum kith_frame_type type);
void kith_frame_end(struct kith_writer *w, size_t frame);

/* PROOF: the sender knows the network key. */
struct kith_frame_proof {
    uint8_t mac[KITH_HASH_SIZE];
};

/* The sender's router maps a port to where it listens. */
#define KITH_CAPABILITY_MAPPED 1u

/* HELLO: follows both proofs. */
struct kith_frame_hello {
    uint8_t version_min; /* of the protocol, both ends inclusive */
    uint8_t version_max;
    uint8_t instance[KITH_INSTANCE_SIZE]; /* random per process */
    uint32_t capabilities;                /* KITH_CAPABILITY_…; others are ignored */
    struct kith_bytes name; /* as sent, at most KITH_NAME_SIZE_MAX; the core judges it */
    size_t address_count;
    struct kith_bytes addresses[KITH_HELLO_ADDRESSES_MAX]; /* listened at, as text */
    uint32_t lost;     /* how often this instance lost the receiver; 0 if not told */
    kith_hlc name_hlc; /* of the profile event that gave the name; 0 if not told */
};

/* PING and PONG: the token comes back as it went. */
struct kith_frame_ping {
    uint64_t token;
};

enum kith_bye_reason {
    KITH_BYE_LEAVING = 0,      /* the node stops */
    KITH_BYE_REPLACED = 1,     /* another link to the same peer took over */
    KITH_BYE_DISCONNECTED = 2, /* by hand: do not dial again soon */
    KITH_BYE_FAULT = 3,        /* what you sent breaks the protocol */
    KITH_BYE_LIMIT = 4,        /* too many links here */
    KITH_BYE_SELF = 5,         /* this is one and the same node */
};

struct kith_frame_bye {
    uint8_t reason;
};

/* ROOMS: tags of the rooms that the sender may share with exactly this peer, padded with
 * random tags to a multiple of 16. */
struct kith_frame_rooms {
    size_t count;        /* at most KITH_TAGS_MAX */
    const uint8_t *tags; /* count * KITH_TAG_SIZE bytes, strictly ascending (checked) */
};

/* How far one log of one author is held. */
struct kith_vector_entry {
    struct kith_id author;
    enum kith_log_class log_class;
    struct kith_log_id log;
    uint64_t floor;      /* events below it were pruned at the sender; 0 when none were */
    uint64_t seq;        /* the highest held; at least 1 */
    struct kith_id head; /* id of event `seq` */
};

/* VECTOR: a page of a room's version vector. HAVE: the entries that changed, which both
 * acknowledges and announces; it has no is_last. */
struct kith_frame_vector {
    struct kith_tag tag;
    bool is_last;
    size_t count;              /* at most KITH_VECTOR_ENTRIES_MAX */
    struct kith_bytes entries; /* kith_vector_entry_at reads one */
};

/* RUN: one signed run of the room, unchanged. */
struct kith_frame_run {
    struct kith_tag tag;
    struct kith_bytes run; /* for kith_run_decode */
};

/* GRAFT: send me the branch of this log that leads to `wanted`, from after the first of
 * `have` that lies on it, and go on sending it. FORK (the answer to a GRAFT): none of the
 * `have` given lies on that branch: ask again and name more. PRUNE: stop sending this
 * log. MORE: send me the page of your vector that begins behind the entry `wanted`. In
 * PRUNE, FORK and MORE have_count is 0. */
struct kith_frame_graft {
    struct kith_tag tag;
    struct kith_ref wanted;
    size_t have_count;      /* at most KITH_LOCATOR_MAX; descending seq (checked) */
    struct kith_bytes have; /* kith_locator_at reads one */
};

struct kith_locator {
    uint64_t seq;
    struct kith_id id;
};

void kith_frame_proof_encode(struct kith_writer *w, const struct kith_frame_proof *frame);
int kith_frame_proof_decode(struct kith_bytes fields, struct kith_frame_proof *out);
void kith_frame_hello_encode(struct kith_writer *w, const struct kith_frame_hello *frame);
int kith_frame_hello_decode(struct kith_bytes fields, struct kith_frame_hello *out);
/* `type` is PING or PONG. */
void kith_frame_ping_encode(struct kith_writer *w, enum kith_frame_type type,
                            const struct kith_frame_ping *frame);
int kith_frame_ping_decode(struct kith_bytes fields, struct kith_frame_ping *out);
void kith_frame_bye_encode(struct kith_writer *w, const struct kith_frame_bye *frame);
int kith_frame_bye_decode(struct kith_bytes fields, struct kith_frame_bye *out);
/* `frame->tags` must be ascending. */
void kith_frame_rooms_encode(struct kith_writer *w, const struct kith_frame_rooms *frame);
int kith_frame_rooms_decode(struct kith_bytes fields, struct kith_frame_rooms *out);

void kith_frame_vector_encode(struct kith_writer *w, const struct kith_tag *tag,
                              bool is_last, const struct kith_vector_entry *entries,
                              size_t count);
int kith_frame_vector_decode(struct kith_bytes fields, struct kith_frame_vector *out);
void kith_frame_have_encode(struct kith_writer *w, const struct kith_tag *tag,
                            const struct kith_vector_entry *entries, size_t count);
int kith_frame_have_decode(struct kith_bytes fields, struct kith_frame_vector *out);
struct kith_vector_entry kith_vector_entry_at(const struct kith_frame_vector *frame,
                                              size_t index);

void kith_frame_run_encode(struct kith_writer *w, const struct kith_tag *tag,
                           struct kith_bytes run);
int kith_frame_run_decode(struct kith_bytes fields, struct kith_frame_run *out);

/* `type` is GRAFT, PRUNE, FORK or MORE. */
void kith_frame_graft_encode(struct kith_writer *w, enum kith_frame_type type,
                             const struct kith_tag *tag, const struct kith_ref *wanted,
                             const struct kith_locator *have, size_t have_count);
int kith_frame_graft_decode(struct kith_bytes fields, struct kith_frame_graft *out);
struct kith_locator kith_locator_at(const struct kith_frame_graft *frame, size_t index);

#endif
