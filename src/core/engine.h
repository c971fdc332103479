/* SPDX-License-Identifier: MIT */
/* The state of a node, visible to the files of the core only.
 *
 *   node ─┬─ peers ── the one link to each that is online
 *         ├─ dials ── addresses to be linked with
 *         ├─ links ── shares ── tracks      (what this link knows of a room, of a log)
 *         └─ rooms ── logs ── pending runs  (received or written, not yet committed) */
#ifndef KITH_CORE_ENGINE_H
#define KITH_CORE_ENGINE_H

#include "base/list.h"
#include "base/map.h"
#include "core/limits.h"
#include "core/node.h"
#include "core/outbox.h"
#include "core/tokens.h"
#include "core/tracking.h"
#include "proto/beacon.h"
#include "proto/frame.h"

/* ---- peers and dials ---- */

struct kith_peer {
    uint32_t no;
    struct kith_id id;
    struct kith_name name;
    kith_hlc name_hlc;
    struct kith_link *link;      /* the one that counts; NULL while offline (borrowed) */
    kith_time online_since;      /* wall */
    kith_time last_seen;         /* wall */
    struct kith_address address; /* where it was last */
    struct kith_address address_kept;     /* the same but for link-local ones, stored */
    uint8_t instance[KITH_INSTANCE_SIZE]; /* of the last HELLO */
    uint8_t instance_before[KITH_INSTANCE_SIZE]; /* its return reveals a copied home */
    kith_time instance_up_at; /* mono: of the first link of `instance`, before HELLO */
    unsigned displaced;   /* in a row: how often our only link was said to be replaced */
    unsigned turned_away; /* in a row: greeted, and then it was a fault or a limit */
    unsigned broken;      /* in a row: greeted, and soon gone without a word */
    kith_time held_until; /* mono: not dialled before then, unless by hand */
    uint32_t lost;        /* how often it went offline since we started; told in HELLO */
    bool is_contact;
    bool is_refused; /* disconnected by hand */
    bool is_blocked; /* for good */
    bool is_verified;
    bool is_name_told; /* by HELLO, and its profile event is not here */
    bool is_kept;      /* it has a row, or is to have one: see acquaintance.h */
    struct kith_list in_left;
    bool is_moving; /* to a link not yet live; offline was not told */
    bool is_recorded;
};

enum kith_dial_state { KITH_DIAL_WAITING, KITH_DIAL_DIALLING, KITH_DIAL_LINKED };

/* An address that shall lead to a link. */
struct kith_dial {
    struct kith_list item; /* in node->dials */
    struct kith_address address;
    enum kith_dial_state state;
    uint32_t no;            /* of the attempt under way */
    uint32_t link;          /* of its link, while it is being greeted or linked; else 0 */
    struct kith_peer *peer; /* whom it led to last; NULL before (borrowed) */
    kith_time next_at;      /* WAITING: KITH_TIME_NEVER while the peer is linked anyhow */
    unsigned failures;      /* in a row */
    int error;              /* of the last one; 0 once it led to a link */
    uint64_t token;         /* of the CONNECT to be answered; 0 for none */
    kith_time until;        /* when failing makes it forgotten; NEVER: dialled for ever */
    bool leads_home;        /* to ourselves, where we are now */
    bool is_suggested;      /* heard of, not asked for: must lead to `expected` */
    kith_time yields_until; /* to the dial of `expected`, while links come up */
    struct kith_id expected;
};

/* The last that was heard of and led nowhere. */
struct kith_dial_lost {
    struct kith_id expected;
    struct kith_address address;
    int error;
    unsigned failures;
    kith_time at; /* monotonic; 0: there was none */
};

/* ---- rooms and logs ---- */

struct kith_ack {
    uint32_t peer_no;
    uint64_t seq;
};

/* One log, or one branch of a forked one. Head: committed. Tail: accepted, maybe pending.
 */
struct kith_log {
    uint32_t no;    /* 0 until first recorded */
    uint32_t index; /* in room->logs, and of its tracks */
    struct kith_room *room;
    struct kith_id author_id;
    struct kith_peer *author; /* node->self for our own; hearsay: NULL if no peer */
    struct kith_log_id id;
    enum kith_log_class log_class;
    struct kith_log *branch_next; /* further branches of the same log */
    struct kith_log *base;        /* branches: what it left; else NULL */
    uint64_t seq_first;           /* branches: of its first run; else 1 */
    uint64_t head_seq;
    struct kith_id head;
    kith_hlc head_hlc;
    uint64_t tail_seq;
    struct kith_id tail;
    kith_hlc tail_hlc;
    struct kith_list pending; /* runs between head and tail, oldest first */

    /* Fetching what others have. */
    struct kith_list wanting; /* in node->wanting while want_seq > tail_seq */
    uint64_t want_seq;        /* somebody holds it so far */
    struct kith_id want;      /* with this head */
    uint32_t upstream;        /* link asked or sending; 0 for none */
    bool is_coming;           /* a run of it came from there since it was asked */
    kith_time asked_at;
    kith_time parked_until; /* wall; 0 unless the next run is of the far future */

    struct kith_ack *acks; /* own logs: who holds how much (owned) */
    size_t ack_count;
    size_t ack_capacity;

    struct kith_share *herald;   /* hearsay: who answers for it; NULL once that went */
    struct kith_list in_hearsay; /* herald->hearsay */
    struct kith_list in_resting; /* room->resting */

    bool is_hearsay; /* no run of it has verified yet */
    bool is_spare;   /* forgotten: in room->spare */
    bool is_recorded;
    bool is_forked; /* flagged and told */
    bool waits_for_control;
};

struct kith_room_ops;

struct kith_room {
    uint32_t no; /* 0 until first recorded */
    struct kith_id id;
    enum kith_room_kind kind;
    const struct kith_room_ops *ops;
    struct kith_name name;  /* open rooms */
    struct kith_peer *peer; /* direct rooms */
    struct kith_log **logs; /* by index (owned) */
    size_t log_count;
    size_t log_capacity;
    size_t hearsay_count; /* of `logs` */
    size_t spare_count;
    struct kith_list resting; /* logs whose next run verified, and rests on control events
                               * that are not on their way to the store yet */
    bool is_resuming;         /* these are gone through */
    bool has_moved;           /* a log, meanwhile: once more */
    bool has_waiting;         /* some of `logs` may wait for control events */
    bool has_new_control;     /* these came in this step */
    size_t branch_count;      /* of `logs`, besides the first of each */
    struct kith_log *spare;   /* of `logs`, to be used again; by branch_next */
    struct kith_map log_map;  /* author id || log id -> first branch */
    struct kith_log
        *own[2]; /* by class: where we write; NULL: a new one at the next write */
    uint64_t
        own_control_told; /* seq of our control log that our content log last named */
    kith_hlc hlc_tail;    /* highest that verified; what we write is above it */
    struct kith_log *recent[KITH_REFS_MAX]; /* moved since we last wrote: deps */
    size_t recent_count;
    struct kith_list in_open;
    struct kith_list shares; /* kith_share.in_room */
    size_t share_count;
    bool is_full_told;
    bool is_joined; /* open rooms: shared with others; kept of those left */
    bool is_recorded;
};

#define KITH_LINK_IMPORT UINT32_MAX /* no link has this number: a run from a file */

enum kith_pending_state {
    KITH_PENDING_VERIFYING,
    KITH_PENDING_READY,
    KITH_PENDING_STORING
};

/* A run on its way into the store. */
struct kith_pending {
    struct kith_list in_log;
    struct kith_list in_queue; /* node->verifying or node->storing */
    struct kith_log *log;
    enum kith_pending_state state;
    uint64_t place_no; /* rises as runs take their places, in whichever logs */
    uint64_t verify_no;
    uint64_t store_no;
    uint64_t arrival_first;
    kith_time seen;
    uint32_t link;        /* it came from; 0 for our own, KITH_LINK_IMPORT */
    uint64_t token;       /* SEND, RENAME or IMPORT to be answered; 0 for none */
    size_t size;          /* of this allocation */
    struct kith_run *run; /* in the same allocation, as are its bytes */
};

/* A command that is answered once its row is committed, and undone when it is not. */
struct kith_promise {
    struct kith_list item; /* in node->promises, oldest first */
    uint64_t store_no;
    uint64_t token;
    struct kith_room *room; /* it is about; NULL: none (borrowed) */
    struct kith_peer *peer; /* likewise */
    bool before;            /* what `undo` restores */
    void (*undo)(struct kith_node *node, const struct kith_promise *promise);
};

/* ---- links ---- */

enum kith_link_state {
    KITH_LINK_PROVING,  /* the peer's PROOF is due */
    KITH_LINK_GREETING, /* its HELLO is due */
    KITH_LINK_LIVE,
    KITH_LINK_CLOSING, /* LINK_DOWN is due */
};

struct kith_link {
    struct kith_list item; /* in node->links */
    uint32_t no;
    enum kith_role role; /* ours */
    enum kith_link_state state;
    bool is_lan;
    bool is_relayed;
    bool is_mapped; /* through a port that a router maps */
    bool is_paused;
    bool has_left;          /* the peer said BYE */
    uint8_t bye_reason;     /* its, or ours when we said it */
    struct kith_id id;      /* of the peer: proven */
    struct kith_peer *peer; /* once LIVE (borrowed) */
    struct kith_dial *dial; /* it came from; NULL when accepted or forgotten (borrowed) */
    uint8_t exporter_net[KITH_EXPORTER_SIZE];
    uint8_t exporter_room[KITH_EXPORTER_SIZE];
    uint8_t instance[KITH_INSTANCE_SIZE];
    uint64_t losses; /* told on it by both sides: of two links the later one has more */
    struct kith_address remote;
    kith_time up_at;      /* monotonic */
    kith_time since;      /* wall: live */
    kith_time heard_at;   /* last frame */
    kith_time fetched_at; /* last run that we lacked */
    kith_time used_at;    /* last frame of a room, either way */
    kith_time asked_at;   /* first run since then; 0 for none */
    kith_time ping_at;    /* PING under way since; 0 for none */
    bool is_way_asked;    /* it was late, so trackers were asked for a sign of life */
    uint64_t ping_token;
    kith_time rtt;                /* 0 until measured */
    size_t queued;                /* bytes of SEND not yet drained */
    struct kith_list shares;      /* kith_share.in_link */
    struct kith_list telling;     /* kith_share.telling: with a vector to be sent */
    struct kith_list busy_shares; /* kith_share.busy: with logs to be streamed */
    uint64_t load_no;             /* LOAD under way; 0 for none */
    struct kith_share *load_share;
    struct kith_log *load_log;
    struct kith_tokens calls;   /* that it may make, and RINGs of it that are followed */
    struct kith_tokens records; /* address records of it that may be verified */
};

/* What one link knows of one log of a room. */
struct kith_track {
    uint64_t have;      /* the peer holds it so far */
    uint64_t sent;      /* so far it is sent or held */
    bool is_subscribed; /* the peer wants it as it grows */
    bool is_pruned;     /* the peer asked not to be sent it */
    bool is_queued;     /* in share->streams */
    bool is_dirty;      /* a HAVE is due */
    bool is_sure;       /* the peer told that it holds just our head */
    uint8_t told[3];    /* of the event at `have`: see kith_share_holds */
    struct kith_id
        after; /* the id that `sent` must have here for streaming to fit; zero: any */
};

/* A FIFO of log indexes. */
struct kith_index_queue {
    uint32_t *items; /* owned */
    size_t head;
    size_t count;
    size_t capacity;
};

/* A branch that a peer was asked for from its beginning. */
struct kith_question {
    struct kith_ref head;
    kith_time at;    /* when, or when something of it came */
    kith_time pause; /* before it is asked again */
    bool is_open;    /* it was not begun, and its head did not come: ask again */
    bool is_lost;    /* something of it came and was left: its head is not enough */
    bool waits;      /* what came of it cannot be taken in yet: ask again then */
    struct kith_locator missed; /* what of it came when too much was being compared begins
                                   behind this event; seq 0: nothing did */
};

/* One room on one link. */
struct kith_share {
    struct kith_list in_link;
    struct kith_list in_room;
    struct kith_list telling;
    size_t told; /* of the room's logs, in our vector */
    struct kith_list busy;
    struct kith_link *link;
    struct kith_room *room;
    struct kith_tag tag_in;
    struct kith_tag tag_out;
    bool is_live;    /* both sides offered it; our vector is sent, or being sent */
    bool has_vector; /* the peer's whole vector came; further pages are answers */
    bool is_in_page; /* a page is being taken in */
    bool is_asking;  /* MORE is under way */
    bool has_more;   /* of the peer's vector, without place here when it came */
    struct kith_ref more_after; /* behind this entry */
    kith_time more_at;          /* asked for by then if there is place; 0: no such time */
    kith_time more_pause;       /* before it; 0: none since something was brought */
    struct kith_ref page_end;   /* last entry of the last page; as of no log before */
    struct kith_list hearsay;   /* kith_log.in_hearsay */
    size_t hearsay_count;
    struct kith_question *questions; /* one about a log (owned) */
    size_t question_count;
    size_t question_capacity;
    kith_time whole_at;        /* of the last of them; 0: never */
    bool forks_wait;           /* there is no room in the queue for more FORKs */
    size_t forks_next;         /* log index from which on they are to be told */
    kith_time forks_at;        /* branches are to be told of; 0: none */
    kith_time forks_pause;     /* before that is done again */
    struct kith_track *tracks; /* by log index (owned) */
    size_t track_count;
    size_t track_capacity;
    struct kith_index_queue streams[2]; /* by class: control goes first */
    struct kith_index_queue dirty;      /* HAVEs due */
    struct kith_list
        urgent; /* in node->urgent_shares: an acknowledgement is among them */
};

/* Where a run leaves what is held. */
struct kith_origin {
    struct kith_log *log; /* the branch; NULL: none is known */
    uint64_t seq;         /* the last event that both have; 0: there is none */
    kith_hlc hlc;         /* of that event */
};

/* A run that may be a duplicate or a fork: compared with what is stored of each branch.
 */
struct kith_check {
    struct kith_list item; /* in node->checks */
    uint64_t load_no;
    uint32_t link;
    struct kith_log *log; /* the branch it is compared with now */
    struct kith_origin origin;
    uint64_t stored;         /* kith_log_count_stored when it began */
    struct kith_bytes bytes; /* of the run (owned, same allocation) */
};

/* A run that is being imported. They take their places in the order they came in, so
 * that what follows another finds it there. */
struct kith_import {
    struct kith_list item; /* in node->imports */
    uint64_t verify_no;
    uint64_t load_no; /* what it is compared with is being loaded; 0: nothing is */
    bool is_verified; /* the verdict is there */
    bool is_valid;
    struct kith_id room_id;
    enum kith_room_kind kind;
    struct kith_name name;
    struct kith_id parties[2];
    struct kith_log *compared; /* the branch that is being loaded */
    struct kith_origin origin;
    uint64_t stored; /* kith_log_count_stored when comparing began */
    struct kith_pending *pending;
};

/* ---- beacons ---- */

struct kith_beacon_source {
    uint64_t key; /* keyed hash of its address */
    kith_time at; /* answered; 0: never */
};

/* The latest believed of one boot of one peer. */
struct kith_beacon_seen {
    uint64_t key; /* keyed hash of id and boot; 0: unused */
    uint64_t counter;
};

/* Heard, and being verified. */
struct kith_beacon_check {
    uint64_t verify_no;
    struct kith_beacon beacon;
    struct kith_address from;
    bool is_on_link;
};

struct kith_beaconing {
    bool is_on;
    uint64_t counter;
    kith_time interval_max; /* they double up to it */
    kith_time interval;
    kith_time next_at;
    struct kith_beacon_counts counts;
    struct kith_tokens answers;
    struct kith_tokens verifies;
    struct kith_beacon_source answered[KITH_BEACON_SOURCES];
    size_t answered_next;
    struct kith_beacon_seen seen[KITH_SUGGESTED_MAX];
    size_t seen_next;
    struct kith_beacon_check checks[KITH_BEACON_CHECKS_MAX];
    size_t checks_count;
};

/* A signed address record, being verified. */
struct kith_record_check {
    struct kith_list item; /* in node->record_checks */
    uint64_t verify_no;
    uint32_t link;
    uint64_t teller;         /* keyed hash of the id at its other end */
    struct kith_bytes bytes; /* owned, same allocation */
};

/* ---- the node ---- */

struct kith_node {
    const struct kith_alloc *alloc;
    struct kith_rng rng;
    struct kith_signer signer;
    struct kith_now now; /* of the step under way */
    struct kith_outbox out;
    struct kith_writer scratch; /* frames being built */
    struct kith_writer scratch_body;
    struct kith_run *run_scratch; /* decoding target */
    uint8_t hash_key[16];
    uint8_t instance[KITH_INSTANCE_SIZE];
    uint8_t network_key[KITH_NETWORK_KEY_SIZE];
    uint8_t open_key[KITH_NETWORK_KEY_SIZE]; /* both: see kith_node_config */
    uint8_t default_key[KITH_NETWORK_KEY_SIZE];
    uint8_t marker[KITH_MARKER_SIZE];
    bool is_marked; /* the stored marker is ours: logs may go on */
    bool is_started;
    bool is_stopping;
    bool is_broken; /* memory ran out: only kith_node_free is left */
    bool is_loose;  /* a room has many more places for logs than it needs */
    struct kith_name name_default;

    struct kith_peer *self; /* number 0 */
    struct kith_map peer_map;
    struct kith_peer **peers; /* by number; holes are NULL (owned) */
    size_t peer_capacity;
    uint32_t peer_no_next;
    struct kith_list left; /* acquaintances that are offline, the last to leave last */
    size_t left_count;
    struct kith_list spare_peers; /* forgotten, their numbers to be given again (owned) */

    struct kith_list dials;
    struct kith_dial_lost dial_lost;
    uint32_t dial_no_next;
    kith_time link_up_at;  /* when the last link came up; monotonic */
    kith_time remember_at; /* when peers met before are dialled again; monotonic */
    kith_time remember_pause;
    struct kith_beaconing beacon;
    struct kith_map record_map;          /* id -> kith_known_record */
    uint64_t record_no_next;             /* in the order they came */
    struct kith_record_made record_made; /* our own, for peers */
    bool is_record_stale;                /* it says something else by now */
    struct kith_tokens records;          /* that may be verified, of all links */
    struct kith_list record_checks;
    size_t record_check_count;
    struct kith_address listening[KITH_HELLO_ADDRESSES_MAX];
    size_t listening_count;
    struct kith_address mapped; /* by the router, to where we listen; host "" for none */
    struct kith_tracking tracking;
    bool relays_for_contacts;

    struct kith_list links;
    struct kith_map link_map; /* by number */
    size_t link_count;
    size_t queued; /* kith_link.queued of those that are not being closed */

    struct kith_room *lobby;
    struct kith_map room_map;    /* by id */
    struct kith_list open_rooms; /* those of our network: kith_room.in_open */
    struct kith_room **rooms;    /* by number; index 0 unused (owned) */
    size_t room_capacity;
    uint32_t room_no_next;
    struct kith_log **logs; /* by number (owned) */
    size_t log_capacity;
    uint32_t log_no_next;

    struct kith_list wanting;   /* kith_log.wanting */
    struct kith_list verifying; /* kith_pending.in_queue */
    struct kith_list storing;   /* in order of store_no */
    struct kith_list promises;
    struct kith_list done; /* committed; freed at the next step, as effects point there */
    struct kith_list checks;
    size_t check_count;
    struct kith_list imports;
    size_t pending_size;
    bool is_paused;  /* links are not read: too much is pending */
    bool is_stuffed; /* a link has more queued than KITH_QUEUE_MAX */
    uint64_t arrival_next;
    uint64_t store_no;  /* of the last STORE */
    uint64_t stored_no; /* of the last committed */
    uint64_t place_no;  /* of the last run that took its place in a log */
    uint64_t verify_no;
    uint64_t load_no;
    kith_time store_retry_at; /* nothing is asked for before; 0: all is well */
    kith_time store_retried_at;
    kith_time store_wait;           /* before it was retried; 0: never */
    struct kith_list urgent_shares; /* their HAVEs go at the end of the step */
    kith_time announce_at;  /* HAVEs that may wait are due; KITH_TIME_NEVER: none */
    kith_time forks_at;     /* of the first share; KITH_TIME_NEVER: of none */
    kith_time questions_at; /* to be looked at; KITH_TIME_NEVER: none is open */
    kith_time more_at;      /* of the first share; KITH_TIME_NEVER: of none */
    kith_time deadline;     /* never later than the truth */
};

/* Rounded up, for what need not be exact. */
static inline kith_time kith_next_tick(kith_time at)
{
    return (at + KITH_TICK - 1) / KITH_TICK * KITH_TICK;
}

/* Have the next TIMEOUT at `at` or before. */
static inline void kith_node_wake_at(struct kith_node *node, kith_time at)
{
    if (at < node->deadline)
        node->deadline = at;
}

/* Remember that memory ran out; the step under way will say so. */
static inline void kith_node_break(struct kith_node *node)
{
    node->is_broken = true;
}

/* kith_alloc_grow with the new items zeroed. False, and the node is broken, when memory
 * ran out; `*items` is then untouched. */
bool kith_node_grow(struct kith_node *node, void **items, size_t *capacity,
                    size_t count_min, size_t item_size);

#endif
