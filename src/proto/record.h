/* SPDX-License-Identifier: MIT */
/* What a node keeps: rows the core asks to be stored, and gets back at the next start.
 *
 * The core numbers its peers, rooms and logs (from 1, never reused); the store writes
 * them as they are. Restoring gives back what was stored: the meta record first, then
 * peers, rooms, logs (with their heads), and acks. Runs are not restored but loaded on
 * demand. */
#ifndef KITH_PROTO_RECORD_H
#define KITH_PROTO_RECORD_H

#include "base/address.h"
#include "base/name.h"
#include "proto/event.h"

#define KITH_MARKER_SIZE 32
/* Log and sequence numbers (KITH_SEQ_MAX) share the 63 bits of a row's key:
 * (log_no << 40) | seq. */
#define KITH_LOG_NO_MAX ((UINT32_C(1) << 23) - 1)
/* Peers and rooms have a place in memory by their number, too: a higher one is damage. */
#define KITH_PEER_NO_MAX KITH_LOG_NO_MAX
#define KITH_ROOM_NO_MAX KITH_LOG_NO_MAX

enum kith_room_kind { KITH_ROOM_OPEN = 1, KITH_ROOM_DIRECT = 2 };

enum kith_record_type {
    KITH_RECORD_META,
    KITH_RECORD_PEER,
    KITH_RECORD_ROOM,
    KITH_RECORD_LOG,
    KITH_RECORD_RUN,
    KITH_RECORD_ACK,
    KITH_RECORD_TRACKER,
};

/* Facts of the home itself. */
struct kith_record_meta {
    /* Where the logs were last written; zero at first. */
    uint8_t marker[KITH_MARKER_SIZE];
    /* Restored only: what to number next, 1 at first. */
    uint64_t arrival_next;
    uint32_t peer_no_next;
    uint32_t room_no_next;
    uint32_t log_no_next;
};

/* A peer that was linked, or whose events are held. Replaces the row of its number; but
 * of two names of one peer the one with the greater name_hlc stays, and with one hlc the
 * greater name. */
struct kith_record_peer {
    uint32_t no;
    struct kith_id id;
    struct kith_name name;       /* "" when it never told one */
    kith_hlc name_hlc;           /* of the profile event; 0: any other name replaces it */
    kith_time last_seen;         /* wall; 0 when never linked */
    struct kith_address address; /* that worked last; host "" when none did */
    bool is_name_told;           /* only by a HELLO: stored as if name_hlc were 0 */
    bool is_contact;             /* a direct message went either way */
    bool is_blocked;             /* by hand: never linked, not shown */
    bool is_verified;            /* by hand: its id was compared */
};

struct kith_record_room {
    uint32_t no;
    struct kith_id id;
    enum kith_room_kind kind;
    struct kith_name name; /* open rooms: without '#'; else "" */
    uint32_t peer_no;      /* direct rooms: the other party; else 0 */
    bool is_joined;        /* open rooms: this node is in it; others: true */
};

/* A log, or a branch of one. Stored once, before its first run. */
struct kith_record_log {
    uint32_t no;
    uint32_t room_no;
    uint32_t author_no; /* peer number; 0 is this node itself */
    struct kith_log_id log;
    enum kith_log_class log_class;
    uint32_t base_no;   /* branches: the log they left; else 0 */
    uint64_t seq_first; /* branches: the first event that differs; else 1 */
    /* Restored only: */
    uint64_t seq;        /* the highest held; 0 when none is */
    struct kith_id head; /* its id */
    kith_hlc hlc;        /* the highest of the log */
    bool is_damaged;     /* its last event is not as it was stored: `head` may be wrong,
                          * and `hlc` is 0 */
};

/* One run, to be stored whole, a row an event. */
struct kith_record_run {
    uint32_t room_no;
    uint32_t log_no;
    uint64_t arrival_first;     /* its first event's place, gapless over all logs */
    kith_time seen;             /* wall time of arrival */
    const struct kith_run *run; /* decoded, ids filled in (borrowed) */
};

/* A peer holds a log of ours up to `seq`. Only ever rises. */
struct kith_record_ack {
    uint32_t log_no;
    uint32_t peer_no;
    uint64_t seq;
};

/* The key that a tracker showed the first time; another one there is refused. Replaces
 * the row of its address. */
struct kith_record_tracker {
    struct kith_address address; /* as people gave it */
    struct kith_id id;           /* zero: none was met yet */
    bool is_kept;                /* registered at although no configuration names it */
};

struct kith_record {
    enum kith_record_type type;
    union {
        struct kith_record_meta meta;
        struct kith_record_peer peer;
        struct kith_record_room room;
        struct kith_record_log log;
        struct kith_record_run run;
        struct kith_record_ack ack;
        struct kith_record_tracker tracker;
    };
};

/* A stored run put together again, byte for byte as it was received. */
struct kith_stored_run {
    uint64_t seq_first;
    uint64_t seq_last;
    struct kith_id head; /* id of the last event */
    struct kith_bytes bytes;
};

#endif
