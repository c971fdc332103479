/* SPDX-License-Identifier: MIT */
/* Trackers as a test plays them, beside the lone node: what they say to it, and what it
 * registered there. Tracker `no` is at t<no>.example, port 55555, and has the key of seed
 * TRACKED_SEED + no. */
#ifndef TESTS_UNIT_CORE_TRACKED_H
#define TESTS_UNIT_CORE_TRACKED_H

#include "lone.h"

#include "proto/tracker.h"

#define TRACKED_SEED 90

struct kith_id tracked_id(uint32_t no);
struct kith_address tracked_address(uint32_t no);
struct kith_id tracked_peer_id(uint8_t seed);

/* A seed of a peer whose id is lower, or higher, than the node's. */
uint8_t tracked_lower_seed(const struct lone *l);
uint8_t tracked_higher_seed(const struct lone *l);

/* The node listens at these hosts, port 4747. */
void tracked_listen(struct lone *l, const char *const *hosts, size_t count);

/* The command TRACKER; `id` may be NULL. Returns what it was answered by. */
int tracked_add(struct lone *l, uint32_t no, const struct kith_id *id);

/* Its link comes up, at this host, with its own key. */
void tracked_up(struct lone *l, uint32_t no, const char *host);
void tracked_down(struct lone *l, uint32_t no, int error);

/* A whole frame as encoders write it, or any bytes after the length. */
void tracked_say(struct lone *l, uint32_t no, struct kith_writer *w); /* frees it */
void tracked_say_raw(struct lone *l, uint32_t no, struct kith_bytes frame);

void tracked_welcome(struct lone *l, uint32_t no, const char *observed);
void tracked_reachable(struct lone *l, uint32_t no, const char *address, bool is_reached);

/* All of it: added, up at 198.51.100.<no>, and WELCOME, with relaying, as seen from
 * 203.0.113.77:4747. */
void tracked_join(struct lone *l, uint32_t no);

/* The last REGISTER to it; its slices are good until the next is sent. */
struct kith_frame_register tracked_registration(const struct lone *l, uint32_t no);
size_t tracked_count(const struct lone *l, uint32_t no, uint8_t type);

/* What a tracker tells of a peer. Addresses are those of its public record. */
struct tracked_peer {
    uint8_t seed;
    uint8_t state; /* HERE by default */
    const char *name;
    uint64_t token; /* of the LOOKUP; 0: unasked */
    size_t address_count;
    const char *addresses[KITH_RECORD_ADDRESSES_MAX];
    const char *local; /* of the local record; NULL: none */
    uint64_t counter;  /* 0: 1000 */
    uint64_t expiry;   /* 0: in a day */
    uint64_t seen_s;
    bool is_forged;
};
void tracked_tell(struct lone *l, uint32_t no, const struct tracked_peer *peer);

/* RING: to meet `at` this address, or (NULL) to be relayed. */
void tracked_ring(struct lone *l, uint32_t no, uint8_t seed, char role, const char *at);

/* What comes of it. */
struct tracked_peer tracked_person(uint8_t seed);
const struct lone_dial *tracked_last_dial(const struct lone *l);
void tracked_fail_dial(struct lone *l, uint32_t dial);
/* CALLs to this tracker, or to the first, that ask for this. */
size_t tracked_calls_to(const struct lone *l, uint32_t no, enum kith_call_how how);
size_t tracked_calls(const struct lone *l, enum kith_call_how how);
/* A link of this peer, on this number, by the last dial (or none: it dialled us). */
void tracked_link_up(struct lone *l, struct lone_peer *peer, uint8_t seed, uint32_t link,
                     bool is_relayed, bool is_ours);

#endif
