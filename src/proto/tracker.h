/* SPDX-License-Identifier: MIT */
/* Frames between a peer and a tracker: struct <-> bytes, stateless (PROTOCOL,
 * "Trackers").
 *
 * As in proto/frame.h: encoders append whole frames, decoders take the fields after the
 * type, borrow from them, skip unknown trailing fields, and return 0, KITH_EPROTO or
 * KITH_ETOOBIG. PING, PONG and BYE are those between peers. */
#ifndef KITH_PROTO_TRACKER_H
#define KITH_PROTO_TRACKER_H

#include "base/ticket.h"
#include "base/tracker_address.h"
#include "proto/signed_addresses.h"

#define KITH_TRACKER_ALPN     "kith-tracker/1"
#define KITH_NETWORK_TAG_SIZE 32

#define KITH_TRACKED_RECORDS_MAX 2    /* one for everybody, one for the same household */
#define KITH_PEERS_FRAME_MAX     32   /* entries in one PEERS frame: 141 KiB at most */
#define KITH_REGISTER_SIZE_MAX   8192 /* type and fields; the largest has 4493 */

/* REGISTER: who I am, in which network, and where I listen. First of a link, and again
 * when something of it changes. */
struct kith_frame_register {
    uint8_t version_min; /* of the protocol, both ends inclusive */
    uint8_t version_max;
    bool wants_check; /* dial me back at the host you see and `port`, and tell */
    uint8_t tag[KITH_NETWORK_TAG_SIZE];
    struct kith_bytes name; /* at most KITH_NAME_SIZE_MAX; the tracker judges it */
    uint16_t port;          /* listened on; 0: nowhere */
    /* Signed address records, or empty: for everybody of the network; and for those that
     * the tracker sees at the same host as this peer. */
    struct kith_bytes record_public;
    struct kith_bytes record_local;
};

#define KITH_TRACKER_RELAYS 1u /* capability: CALL for a relay may be granted */

/* WELCOME: answers REGISTER. */
struct kith_frame_welcome {
    uint8_t version;
    uint32_t capabilities; /* bits; unknown ones are ignored */
    uint16_t refresh_s;    /* at least one frame in this time, or the entry is away */
    struct kith_bytes observed; /* where the link comes from, `IP:port` */
    uint32_t network_count;     /* peers of this network here now, this one included */
};

/* REACHABLE: the tracker dialled back. */
struct kith_frame_reachable {
    struct kith_bytes address; /* `IP:port` */
    bool is_reached;
};

enum kith_tracked_state {
    KITH_TRACKED_HERE = 0, /* registered, and its link stands */
    KITH_TRACKED_AWAY = 1, /* it was here */
};

/* What a tracker tells of one peer. */
struct kith_tracked {
    uint8_t state; /* enum kith_tracked_state; unknown ones are as AWAY */
    struct kith_id id;
    struct kith_bytes name;
    uint64_t seen_s; /* seconds since 1970: when it was here last */
    size_t record_count;
    struct kith_bytes records[KITH_TRACKED_RECORDS_MAX]; /* signed addresses */
};

/* PEERS: of the receiver's network, who is here, came, changed or left; or the answer to
 * a LOOKUP. */
struct kith_frame_peers {
    uint64_t token; /* of the LOOKUP; 0: told unasked */
    bool has_more;  /* there are others, who are not told of */
    size_t count;   /* at most KITH_PEERS_FRAME_MAX */
    struct kith_tracked peers[KITH_PEERS_FRAME_MAX];
};

enum kith_lookup_by { KITH_LOOKUP_ID = 0, KITH_LOOKUP_NAME = 1 };

/* LOOKUP: who of my network has this id, or this name? */
struct kith_frame_lookup {
    uint64_t token; /* not 0 */
    uint8_t by;
    struct kith_bytes value; /* the 32 bytes of an id, or a name */
};

enum kith_call_how {
    KITH_CALL_MEET = 0,  /* both dial where the other is seen, at once */
    KITH_CALL_RELAY = 1, /* both connect to the tracker, which passes bytes on */
};

/* CALL: have this peer and me meet. */
struct kith_frame_call {
    uint64_t token; /* not 0 */
    struct kith_id id;
    uint8_t how;
};

/* RING: to both, how to meet now. Encoder and decoder see to it that address and ticket
 * fit `how`, but for one that they do not know: such a RING is to be ignored. */
struct kith_frame_ring {
    uint64_t token;    /* of the CALL; 0 for the one called */
    struct kith_id id; /* of the other */
    uint8_t how;
    uint8_t role;              /* in TLS: 'd' dialler, 'l' listener */
    struct kith_bytes address; /* MEET: dial this, `IP:port`; RELAY: empty */
    struct kith_bytes ticket;  /* RELAY: KITH_TICKET_SIZE bytes; MEET: empty */
};

enum kith_refused_reason {
    KITH_REFUSED_AWAY = 0,  /* no such peer of this network is here */
    KITH_REFUSED_LIMIT = 1, /* too much of this; later perhaps */
    KITH_REFUSED_NEVER = 2, /* this tracker does not do that */
};

/* REFUSED: answers a CALL. */
struct kith_frame_refused {
    uint64_t token;
    uint8_t reason;
};

void kith_frame_register_encode(struct kith_writer *w,
                                const struct kith_frame_register *frame);
int kith_frame_register_decode(struct kith_bytes fields, struct kith_frame_register *out);
void kith_frame_welcome_encode(struct kith_writer *w,
                               const struct kith_frame_welcome *frame);
int kith_frame_welcome_decode(struct kith_bytes fields, struct kith_frame_welcome *out);
void kith_frame_reachable_encode(struct kith_writer *w,
                                 const struct kith_frame_reachable *frame);
int kith_frame_reachable_decode(struct kith_bytes fields,
                                struct kith_frame_reachable *out);
void kith_frame_peers_encode(struct kith_writer *w, const struct kith_frame_peers *frame);
int kith_frame_peers_decode(struct kith_bytes fields, struct kith_frame_peers *out);
void kith_frame_lookup_encode(struct kith_writer *w,
                              const struct kith_frame_lookup *frame);
int kith_frame_lookup_decode(struct kith_bytes fields, struct kith_frame_lookup *out);
void kith_frame_call_encode(struct kith_writer *w, const struct kith_frame_call *frame);
int kith_frame_call_decode(struct kith_bytes fields, struct kith_frame_call *out);
void kith_frame_ring_encode(struct kith_writer *w, const struct kith_frame_ring *frame);
int kith_frame_ring_decode(struct kith_bytes fields, struct kith_frame_ring *out);
void kith_frame_refused_encode(struct kith_writer *w,
                               const struct kith_frame_refused *frame);
int kith_frame_refused_decode(struct kith_bytes fields, struct kith_frame_refused *out);

#endif
