/* SPDX-License-Identifier: MIT */
/* Limits and periods of the core, each with its reason. */
#ifndef KITH_CORE_LIMITS_H
#define KITH_CORE_LIMITS_H

#include "base/time.h"

/* ---- links ---- */

#define KITH_HANDSHAKE_TIME (5 * KITH_SECOND) /* from TLS to both HELLOs */
#define KITH_PING_AFTER_LAN (4 * KITH_SECOND) /* of silence */
#define KITH_DEAD_AFTER_LAN (9 * KITH_SECOND) /* rows 18 and 20: offline within 10 s */
#define KITH_PROBE_TIME     (3 * KITH_SECOND) /* to answer when an address of ours went */
#define KITH_PING_AFTER     (15 * KITH_SECOND)
#define KITH_DEAD_AFTER     (45 * KITH_SECOND)
#define KITH_TICK           KITH_SECOND /* what many links wait for shares a wake-up */

/* For a run to be acknowledged; then PING asks whether the peer lives. */
#define KITH_ANSWER_TIME (5 * KITH_SECOND)

/* Times in a row. Many links that cross, over slow ways, are sorted out before. */
#define KITH_DISPLACED_HELD   3                  /* we do not dial again at once */
#define KITH_DISPLACED_COPIED 6                  /* another node has our identity */
#define KITH_LINK_BRIEF       (10 * KITH_SECOND) /* it came to nothing, if it breaks */
#define KITH_HOLD_MAX         (60 * KITH_SECOND) /* two of one identity take turns */
#define KITH_HOLD_FORGET      (5 * KITH_MINUTE)  /* after a link that lasted so long */

#define KITH_QUEUE_HIGH (1024 * 1024)     /* no more runs are sent to a link above it */
#define KITH_QUEUE_LOW  (256 * 1024)      /* and they go on below it */
#define KITH_QUEUE_MAX  (8 * 1024 * 1024) /* a link that reads nothing is closed */
#define KITH_LOAD_SIZE  (256 * 1024)      /* loaded at once for one link */

/* Of all links together. Past the first a link gets more once it has taken all that it
 * was given: 1,024 that take a load each stay below the second. Past that the one for
 * which most is waiting is closed. */
#define KITH_QUEUES_HIGH (128 * 1024 * 1024)
#define KITH_QUEUES_MAX  (512 * 1024 * 1024)

/* ---- dials ---- */

#define KITH_DIAL_RETRY_MIN  (250 * KITH_MS)
#define KITH_DIAL_RETRY_MAX  (2 * KITH_SECOND) /* healed within 5 s after a partition */
#define KITH_DIAL_EAGER      60 /* failures, two minutes and more, and then */
#define KITH_DIAL_RETRY_LATE (8 * KITH_SECOND)  /* for ever */
#define KITH_DIAL_TRY_TIME   (10 * KITH_SECOND) /* an address that was only suggested */
#define KITH_DIAL_KEEP_TIME  KITH_HOUR /* it was linked, and went without a word */
#define KITH_DIAL_ASKED_TIME (7 * 24 * KITH_HOUR) /* the same, asked for by a command */
#define KITH_DIAL_YIELD      (250 * KITH_MS) /* since a link came up: more may follow */
#define KITH_DIAL_YIELD_MAX  (2 * KITH_SECOND)
#define KITH_SUGGESTED_MAX   256 /* addresses heard of, remembered at once */

#define KITH_DIAL_HOME_RETRY (10 * KITH_MINUTE) /* it led to ourselves */
/* Told of after it was given up: until the next beacons, and over. */
#define KITH_DIAL_LOST_TIME KITH_MINUTE

/* After being disconnected by hand. */
#define KITH_DIAL_REFUSED_RETRY (60 * KITH_SECOND)

/* ---- logs ---- */

#define KITH_STALL_TIME     (5 * KITH_SECOND)  /* an upstream that sends nothing new */
#define KITH_FORK_DELAY     (1 * KITH_SECOND)  /* in which peers may say that they know */
#define KITH_FORK_RETRY     (30 * KITH_SECOND) /* until then: what came may be lost */
#define KITH_ANNOUNCE_DELAY (200 * KITH_MS)    /* so that one HAVE tells of many events */
#define KITH_FUTURE_MAX     (24 * KITH_HOUR)   /* an hlc beyond is parked */
#define KITH_FUTURE_GONE_ON (23 * KITH_HOUR)   /* nor is it gone on from: clocks differ */

/* Doubled up to there while no branch moves and the peer tells of none. */
#define KITH_FORK_RETRY_MAX KITH_HOUR

/* Logs of a share that are asked for from their beginning at once; each costs a GRAFT in
 * that time, and one more takes the place of who was silent for longest. */
#define KITH_QUESTIONS_MAX 16

/* Of a log that has no place for another branch. */
#define KITH_FORK_FULL_RETRY KITH_HOUR

/* After the disk refused, and doubled while it does: all that is missing comes again. */
#define KITH_STORE_RETRY_MIN (2 * KITH_SECOND)
#define KITH_STORE_RETRY_MAX (30 * KITH_SECOND)

/* Runs being verified and committed: enough for both cores, and a bound on memory. */
#define KITH_PENDING_HIGH (8 * 1024 * 1024)
#define KITH_PENDING_LOW  (2 * 1024 * 1024)

/* Of all authors; a peer cannot make us hold more, but for those it told of before. */
#define KITH_ROOM_LOGS_MAX 65536

/* Logs that one share tells of and has brought nothing of: enough to keep a link busy. Of
 * all shares of a room: they get fewer when they are many, and a few where those before
 * them have told of so many, so that each may tell of some. */
#define KITH_HEARSAY_MAX      1024
#define KITH_HEARSAY_ROOM_MAX 16384
#define KITH_HEARSAY_FEW      8

/* Before what nobody brought is asked for again, doubled while nothing is: a disk may
 * have failed there. */
#define KITH_MORE_RETRY_MIN (30 * KITH_SECOND)
#define KITH_MORE_RETRY_MAX (10 * KITH_MINUTE)

/* A room keeps places for as many forgotten logs as it has others, and this many more: so
 * that it is seldom compacted. */
#define KITH_SPARE_LOGS_MAX 64

#define KITH_BRANCHES_MAX 16 /* of one log; whoever forks more is not followed */
#define KITH_CHECKS_MAX   64 /* runs being compared with stored ones */

/* Of what is stored a run is compared with: the run before it, and its own events, each
 * of which may have come as a run with a head. */
#define KITH_COMPARE_SIZE (3 * KITH_RUN_SIZE_MAX)

/* ---- discovery ---- */

#define KITH_BEACON_INTERVAL_MIN   (2 * KITH_SECOND)
#define KITH_BEACON_INTERVAL_MAX   (30 * KITH_SECOND) /* unless configured */
#define KITH_BEACON_COURTESY       (250 * KITH_MS) /* the higher id lets the lower one dial */
#define KITH_BEACON_ANSWER_GAP     (5 * KITH_SECOND) /* between answers to one source */
#define KITH_BEACON_ANSWERS_MAX    10                /* a second, in all: no reflector */
#define KITH_BEACON_VERIFIES_MAX   50  /* a second: a flood costs 0.4 % of a core */
#define KITH_BEACON_VERIFIES_BURST 128 /* a crowd that starts together is heard out */
#define KITH_BEACON_CHECKS_MAX     64  /* being verified */
#define KITH_BEACON_SOURCES        64  /* answered lately; above 10/s times 5 s */

#define KITH_REMEMBER_MAX       32 /* contacts met last, and as many others: dialled again */
#define KITH_REMEMBER_DELAY     (50 * KITH_MS)     /* configured peers go first */
#define KITH_REMEMBER_PAUSE_MIN (15 * KITH_SECOND) /* whoever restarts is soon back */
#define KITH_REMEMBER_PAUSE_MAX (16 * KITH_MINUTE) /* 64 dials: one in 10 s or less */
#define KITH_REMEMBER_STRANGERS                                                          \
    (30 * 24 * KITH_HOUR)         /* who is no contact, for so long                      \
                                   */
#define KITH_MESH_MAX          64 /* links; beyond, records are kept but not dialled */
#define KITH_EXCHANGE_DELAY    KITH_SECOND /* beacons go first */
#define KITH_EXCHANGE_FANOUT   3           /* links a new record is passed on to */
#define KITH_RECORD_LIFE       (24 * KITH_HOUR)
#define KITH_RECORDS_MAX       1024 /* kept; a dozen of KiB for a usual network */
#define KITH_RECORD_CHECKS_MAX 256  /* being verified */

/* Address records that are verified, a second and at once: of one link what it tells when
 * it comes up, four times over, and of all links a hundredth of a core. */
#define KITH_RECORDS_LINK_PER_S 8
#define KITH_RECORDS_LINK_MOST  64
#define KITH_RECORDS_PER_S      128
#define KITH_RECORDS_MOST       512
#define KITH_RECORDS_TELLERS    256 /* told apart when room is made */

#endif
