/* SPDX-License-Identifier: MIT */
/* The state of a node's dealings with trackers, visible to the files of the core only:
 *
 *   tracking ─┬─ trackers    the links to them, held for ever
 *             ├─ candidates  peers they tell of, and what is done to be linked with each
 *             ├─ checks      signed addresses being verified
 *             └─ lookups     questions under way */
#ifndef KITH_CORE_TRACKING_H
#define KITH_CORE_TRACKING_H

#include "base/list.h"
#include "base/map.h"
#include "core/node_trackers.h"
#include "core/tokens.h"

#define KITH_TRACKER_RETRY_MIN (250 * KITH_MS)
#define KITH_TRACKER_RETRY_MAX                                                           \
    (2 * KITH_SECOND) /* and 3 s to connect: used within 5 s of its return */
#define KITH_TRACKER_EAGER      600 /* failures in a row, a quarter of an hour, and then */
#define KITH_TRACKER_RETRY_LATE (30 * KITH_SECOND) /* for ever */
#define KITH_TRACKER_PORT_TRIES 3 /* in a row, from the port listened on */
#define KITH_TRACKER_PORT_AGAIN_MIN                                                      \
    (10 * KITH_MINUTE) /* then that port is tried again                                  \
                        */
#define KITH_TRACKER_PORT_AGAIN_MAX (16 * KITH_HOUR)
#define KITH_TRACKER_REGISTER_PAUSE                                                      \
    (5 * KITH_SECOND)                  /* as a tracker's own allowance,                  \
                                        */
#define KITH_TRACKER_REGISTERS_MOST 12 /* and some less */
#define KITH_TRACKER_STEADY                                                              \
    (10 * KITH_SECOND) /* registered so long, it is tried from the shortest pause on */
#define KITH_TRACKER_REPLACED_RETRY                                                      \
    KITH_MINUTE /* another link of this id is there: two that take turns help nobody */
#define KITH_TRACKER_RECHECK_MIN                                                         \
    (10 * KITH_SECOND) /* not reached, and relayed: it is asked to dial back again */
#define KITH_TRACKER_RECHECK_MAX (5 * KITH_MINUTE)
#define KITH_TRACKER_CHANGES_PER_S                                                       \
    1 /* what it tells of our addresses: we sign for each */
#define KITH_TRACKER_CHANGES_MOST 16
#define KITH_TRACKER_GREET_TIME   (5 * KITH_SECOND) /* from TLS to WELCOME */
#define KITH_TRACKER_PING_AFTER   (30 * KITH_SECOND)
#define KITH_TRACKER_REFRESH_MIN  (5 * KITH_SECOND)  /* whatever it says */
#define KITH_TRACKER_PROBE_PAUSE  (30 * KITH_SECOND) /* links checked at its word */
#define KITH_TRACKER_DEAD_AFTER   (45 * KITH_SECOND)
#define KITH_TRACKER_RECORD_LIFE  (12 * KITH_HOUR) /* half of what a record lives */

#define KITH_CANDIDATES_MAX                                                              \
    512 /* that one tracker told of first: twice what it tells of, and who is looked up  \
         */
#define KITH_CANDIDATE_CHECKS_MAX                                                        \
    512 /* records being verified: what a tracker tells at once, and more */
#define KITH_TRACKED_RECORDS_PER_S 32 /* of one tracker: a signature each */
#define KITH_TRACKED_RECORDS_MOST                                                        \
    512 /* two each of the 200 peers that it tells of at once, and more */
#define KITH_RINGS_PER_S 4 /* of one tracker: a dial each */
#define KITH_RINGS_MOST  256
#define KITH_MEET_AFTER  KITH_SECOND       /* since the direct dial began */
#define KITH_RELAY_AFTER (3 * KITH_SECOND) /* likewise */
#define KITH_RELAY_TIME  (6 * KITH_SECOND) /* for both to come to the relay */
#define KITH_CANDIDATE_YIELD                                                             \
    (750 * KITH_MS) /* a link was lost: its own address is dialled sooner */
#define KITH_CALL_COURTESY KITH_SECOND /* the higher id lets the lower one call */
#define KITH_PATH_RETRY_MIN                                                              \
    (10 * KITH_SECOND) /* relayed: the direct ways are tried again */
#define KITH_PATH_RETRY_MAX (5 * KITH_MINUTE)
#define KITH_SEEK_RETRY_MIN (2 * KITH_SECOND) /* not linked at all */
#define KITH_SEEK_RETRY_MAX KITH_MINUTE

#define KITH_SEEK_TIME (8 * KITH_SECOND) /* direct, both at once, relayed */
#define KITH_SEEKS_MAX 64                /* under way, as lookups */
#define KITH_SEEK_SOUGHT                                                                 \
    64 /* contacts looked up where a network is too large to be told */
#define KITH_LOOKUP_TIME (3 * KITH_SECOND)
#define KITH_LOOKUPS_MAX 64 /* under way: people and scripts ask, one by one */

/* When a record of ours was signed, and the counter that it got. */
struct kith_record_made {
    kith_time at; /* wall; 0: none was */
    uint64_t counter;
};

enum kith_tracker_state {
    KITH_TRACKER_WAITING, /* for next_at */
    KITH_TRACKER_DIALLING,
    KITH_TRACKER_GREETING, /* WELCOME is due */
    KITH_TRACKER_REGISTERED,
};

struct kith_tracker {
    uint32_t no; /* from 1 on: its place in the array, plus one */
    struct kith_address address;
    bool has_id;
    struct kith_id id; /* given, kept from the first time, or proven now */
    bool is_kept;      /* it came with an invite */
    bool is_loopback;  /* reached at this host: what it tells may be there too */
    enum kith_tracker_state state;
    struct kith_address remote; /* numeric, of the link */
    kith_time next_at;
    unsigned failures;
    int error;
    kith_time since; /* wall: of the last change between registered and not */
    kith_time up_at; /* of the link */
    kith_time heard_at;
    kith_time ping_at; /* PING under way since; 0 for none */
    kith_time sent_at;
    kith_time refresh;
    kith_time told_at;            /* our records, as last registered */
    struct kith_address observed; /* host "" until told */
    struct kith_address before;   /* the same, of the link before */
    kith_time probe_at;           /* not before: KITH_TRACKER_PROBE_PAUSE */
    enum kith_reachability reach; /* observed host, our port */
    enum kith_reachability mapped_reach;
    kith_time recheck_at; /* not before; see kith_tracker_recheck */
    kith_time recheck_pause;
    bool relays;
    bool is_replaced;      /* another link of ours is there */
    bool is_from_any_port; /* the link: where we listen cannot be had */
    kith_time port_pause;  /* until it is tried again; doubles */
    struct kith_tokens registers;
    bool is_untold; /* something changed and may not be told yet */
    bool has_more;  /* it tells of some only: contacts are looked up */
    uint32_t network_count;
    struct kith_tokens rings;
    struct kith_tokens records;
    struct kith_tokens changes;
};

enum kith_candidate_stage {
    KITH_STAGE_REST,   /* linked, or between two attempts */
    KITH_STAGE_DIRECT, /* all addresses are being dialled */
    KITH_STAGE_MEET,   /* besides, both dial where the tracker sees the other */
    KITH_STAGE_RELAY,  /* a relay is asked for */
};

/* One of a peer's two address records, as a tracker told it. */
struct kith_candidate_record {
    uint64_t counter;        /* 0: none */
    uint64_t expiry;         /* in seconds; one that has expired gives way to any */
    struct kith_bytes bytes; /* owned; verified */
};

/* A peer of the network that is at a tracker. */
struct kith_candidate {
    struct kith_list item;
    struct kith_id id;
    uint8_t trackers; /* a bit for each that tells of it */
    struct kith_candidate_record records[KITH_TRACKED_RECORDS_MAX];
    enum kith_candidate_stage stage;
    kith_time begun_at; /* of the attempt */
    kith_time next_at;  /* NEVER while directly linked */
    unsigned failures;  /* attempts in a row that led to no link, or none but a relayed */
    unsigned turn;    /* attempts that led to none: of the trackers the next is called */
    uint32_t dial_no; /* of the direct dial; 0: none is under way */
    uint32_t meet_no;
    uint32_t relay_no;
    bool is_relayed_in_tls; /* the next time: of the two ways, the other failed */
    uint32_t meet_by; /* tracker that rang for it; the same of another waits for nobody */
    uint32_t relay_by;
    int direct_error;
    int meet_error;
    int relay_error;
};

/* Which key a tracker showed the first time. */
struct kith_tracker_pin {
    struct kith_list item;
    struct kith_address address;
    struct kith_id id; /* zero: none was met yet */
    bool is_kept;      /* registered at after a restart too */
    bool is_recorded;
};

struct kith_candidate_check {
    struct kith_list item;
    uint64_t verify_no;
    struct kith_id id;
    size_t slot;
    struct kith_bytes bytes; /* owned, same allocation */
};

/* A command that waits for a link to this peer. */
struct kith_seek {
    struct kith_list item;
    uint64_t token;
    struct kith_id id;
    kith_time until;
};

struct kith_lookup {
    struct kith_list item;
    uint64_t token;   /* of the command */
    uint64_t wire;    /* of the LOOKUPs */
    uint8_t waits;    /* a bit for each tracker that has not answered */
    bool is_answered; /* by one at least */
    kith_time until;
    struct kith_found found[KITH_FOUND_MAX];
    size_t count;
};

struct kith_tracking {
    struct kith_tracker trackers[KITH_TRACKERS_MAX];
    size_t count;
    struct kith_record_made record_made; /* the last one signed for a tracker */
    struct kith_list pins;
    struct kith_list candidates;
    struct kith_map candidate_map; /* by id */
    struct kith_list checks;
    size_t check_count;
    struct kith_list lookups;
    size_t lookup_count;
    struct kith_list seeks;
    size_t seek_count;
};

#endif
