/* SPDX-License-Identifier: MIT */
/* A registry under a test's hands: peers that say what the test wants, on links that are
 * numbers, under a clock that the test moves. */
#ifndef TESTS_UNIT_TRACKER_GROUND_H
#define TESTS_UNIT_TRACKER_GROUND_H

#include "kith/error.h"
#include "lib/alloc_failing.h"
#include "lib/rng_seeded.h"
#include "lib/unit.h"
#include "proto/frame.h"
#include "tracker/registry.h"

#define GROUND_LINKS_MAX 16384
#define HOME_TAG         0x42 /* of the network that peers are in unless told otherwise */
#define START_S          UINT64_C(1704067200)

/* Peers of the transcripts: the first byte of their ids; the number of their links. */
enum { ALICE = 1, BOB = 2, CAROL = 3, DAVE = 4 };

struct ground_frame {
    uint32_t link;
    uint8_t type;
    struct kith_bytes fields; /* owned */
};

struct ground {
    struct alloc_failing memory;
    struct rng_seeded rng;
    struct kith_registry *registry;
    struct kith_now now;
    int error; /* of the last step */

    /* Since ground_forget: */
    struct ground_frame *frames;
    size_t frame_count, frame_capacity;
    struct kith_registry_effect *others; /* no SEND, and no CLOSE */
    size_t other_count, other_capacity;

    int closed[GROUND_LINKS_MAX];   /* by link: why; 0: it was not */
    uint8_t byes[GROUND_LINKS_MAX]; /* by link: reason and one; 0: none */
};

/* cmocka's; *state is the ground. Limits are the usual ones. */
int ground_setup(void **state);
int ground_teardown(void **state);
/* The same by hand, with other limits; `config` without alloc and rng. */
void ground_init(struct ground *g, struct kith_registry_config config);
void ground_deinit(struct ground *g);
void ground_forget(struct ground *g);

void ground_step(struct ground *g, struct kith_registry_input *input);
/* Let time pass, with every deadline in it. */
void ground_pass(struct ground *g, kith_time time);

struct kith_id ground_id(uint32_t who);
/* The link of `who` has its number, and comes from `host`; its port is 40000 and `who`.
 */
void ground_up(struct ground *g, uint32_t who, const char *host);
void ground_up_as(struct ground *g, uint32_t link, uint32_t who, const char *host);
void ground_down(struct ground *g, uint32_t link);
void ground_drained(struct ground *g, uint32_t link, size_t size);
/* Any frame: type and fields. */
void ground_frame(struct ground *g, uint32_t link, uint8_t type,
                  struct kith_bytes fields);

struct ground_register {
    const char *name;                 /* NULL: none */
    uint8_t tag;                      /* its bytes; 0: HOME_TAG */
    uint8_t version_min, version_max; /* 0: 1 */
    uint16_t port;
    bool wants_check;
    struct kith_bytes record_public, record_local;
};
void ground_register(struct ground *g, uint32_t link, struct ground_register fields);
/* Up from 192.0.2.`who` and registered with this name. */
void ground_join(struct ground *g, uint32_t who, const char *name);
void ground_ping(struct ground *g, uint32_t link);
void ground_lookup_id(struct ground *g, uint32_t link, uint64_t token, uint32_t who);
void ground_lookup_name(struct ground *g, uint32_t link, uint64_t token,
                        const char *name);
void ground_call(struct ground *g, uint32_t link, uint64_t token, uint32_t who,
                 uint8_t how);
void ground_checked(struct ground *g, uint32_t check, enum kith_check_outcome outcome);
void ground_paired(struct ground *g, uint32_t pair, int error);

/* A record of `who`; it lives until the next call with the same `which` (0 or 1). Up to
 * two addresses, NULL for none. */
struct ground_record {
    uint64_t counter;
    uint64_t expiry_s; /* 0: in a day */
    const char *addresses[2];
};
struct kith_bytes ground_record(int which, uint32_t who, struct ground_record record);

/* ---- what came of it, since ground_forget ---- */

size_t ground_sent(const struct ground *g, uint32_t link, uint8_t type);
/* The last one; fails when there is none. */
struct kith_bytes ground_last(const struct ground *g, uint32_t link, uint8_t type);
struct kith_frame_welcome ground_welcome(const struct ground *g, uint32_t link);
/* The last that `link` was told of `who`, in PEERS with this token; NULL: nothing.
 * Borrows from the ground until the next call. */
const struct kith_tracked *ground_told(const struct ground *g, uint32_t link,
                                       uint32_t who, uint64_t token);
/* The last PEERS with this token; fails when there is none. */
const struct kith_frame_peers *ground_peers(const struct ground *g, uint32_t link,
                                            uint64_t token);
size_t ground_count(const struct ground *g, enum kith_registry_effect_type type);
const struct kith_registry_effect *ground_effect(const struct ground *g,
                                                 enum kith_registry_effect_type type);

/* Claims: */
void ground_is_here(const struct ground *g, uint32_t link, uint32_t who,
                    const char *name);
void ground_is_away(const struct ground *g, uint32_t link, uint32_t who);
void ground_ended(const struct ground *g, uint32_t link, int error, int bye);

#endif
