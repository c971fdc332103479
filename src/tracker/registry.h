/* SPDX-License-Identifier: MIT */
/* Who is registered with this tracker, and who is told of whom (PROTOCOL, "Trackers").
 *
 * As the core of a node it does no I/O: everything that happens goes in through
 * kith_registry_step with the time it happened, effects come out, and
 * kith_registry_deadline says when to step again. Memory and randomness are handed in.
 *
 * A peer's *entry* is here while its link stands, and away for 24 h after. Networks never
 * mix: whatever one peer learns of another, both have shown the same tag. */
#ifndef KITH_TRACKER_REGISTRY_H
#define KITH_TRACKER_REGISTRY_H

#include "base/alloc.h"
#include "base/rng.h"
#include "base/time.h"
#include "proto/registration.h"

#define KITH_REGISTRY_PEERS_MAX 10000 /* by default: 240 MiB with their connections */

/* Links from one household (an IPv4 address, or an IPv6 /64), by default: a large family
 * or a small office. Whoever runs a tracker for a campus behind one address raises it. */
#define KITH_REGISTRY_PER_ADDRESS_MAX 64
/* Of one household's entries, here and away, per link it may have: above it a newcomer
 * pushes out its own oldest one that is away, not somebody else's. */
#define KITH_REGISTRY_ENTRIES_PER_LINK 4

/* How long a household without links and entries keeps what it has used of its limits:
 * until all are full again, of which registrations take the longest. */
#define KITH_REGISTRY_HOUSEHOLD_REST (2 * KITH_MINUTE)

#define KITH_REGISTRY_WATCHED_MAX 200 /* others that one peer is told of */

/* Half of what routers forget an idle connection after, at the impatient end. */
#define KITH_REGISTRY_REFRESH_S    30
#define KITH_REGISTRY_REGISTER_MAX (5 * KITH_SECOND) /* from link up to REGISTER */
#define KITH_REGISTRY_AWAY_S       (24 * 60 * 60)
#define KITH_REGISTRY_MARK         KITH_MINUTE /* how late `seen` of a row may be */
#define KITH_REGISTRY_AHEAD_S      60 /* by which clocks of peers may differ from ours */

/* News wait for others to share a frame: the first ones this long, those that follow
 * until some time has passed since the last. So a peer hears of a crowd in a few frames,
 * and of one who comes at once. */
#define KITH_REGISTRY_NEWS_DELAY (5 * KITH_MS)
#define KITH_REGISTRY_NEWS_PAUSE (100 * KITH_MS)

/* Bytes on their way to one peer. Above the first limit it is told no news until it has
 * read half of that; above the second it does not read, and is let go (BYE 4). A list of
 * 200 with the longest records is 870 KiB. */
#define KITH_REGISTRY_QUEUE_HIGH (64 * 1024)
#define KITH_REGISTRY_QUEUE_MAX  (1024 * 1024)

/* Bytes on their way to all peers together, about as much as 10,000 of them take else:
 * from many households he who reads nothing would otherwise have 1 MiB for each link.
 * Above it whoever has more than QUEUE_HIGH waiting is let go when more is sent to it;
 * who reads is told as before. */
#define KITH_REGISTRY_QUEUES_MAX (256 * 1024 * 1024)

/* What one id may ask for: so often, and so many at once after a rest. Who registers or
 * looks up more is let go (BYE 4), who calls more is REFUSED, and addresses above it are
 * not dialled back. A long answer counts as several look-ups, or a few bytes would have
 * 140 KiB sent: one peer with usual records is one, a name of 32 about 13. */
#define KITH_REGISTRY_REGISTER_EVERY (5 * KITH_SECOND)
#define KITH_REGISTRY_REGISTER_BURST 16
#define KITH_REGISTRY_LOOKUP_EVERY   (50 * KITH_MS)
#define KITH_REGISTRY_LOOKUP_BURST   200
#define KITH_REGISTRY_LOOKUP_SIZE    1024 /* for each in the answer, one look-up more */
#define KITH_REGISTRY_CALL_EVERY     KITH_SECOND
#define KITH_REGISTRY_CALL_BURST     64
#define KITH_REGISTRY_CHECK_EVERY    (10 * KITH_SECOND)
#define KITH_REGISTRY_CHECK_BURST    18 /* twice all addresses of a record and the port */

/* Of all ids of one household together; in proportion where it may have more links than
 * is usual. Half of the RINGs that a peer follows of one tracker: it hears of others
 * beside. */
#define KITH_REGISTRY_HOUSEHOLD_CALL_EVERY (500 * KITH_MS)
#define KITH_REGISTRY_HOUSEHOLD_CALL_BURST 128

#define KITH_REGISTRY_CHECKS_MAX 256 /* dials back, waiting and under way */
/* Of these for one household, whatever ids it makes up: nobody takes them all, and half
 * of those that are under way at once are left to others. In proportion where a household
 * may have more links than is usual. */
#define KITH_REGISTRY_CHECKS_PER_HOUSEHOLD 32
#define KITH_REGISTRY_PAIRS_MAX            64 /* asked of the relay and not yet answered */

struct kith_registry; /* opaque */

struct kith_registry_config {
    const struct kith_alloc *alloc; /* borrowed */
    struct kith_rng rng;
    size_t peers_max;       /* entries, here and away; at least 1 */
    size_t per_address_max; /* links of a household; at least 1 */
    bool has_relay;         /* PAIR is answered by PAIRED; else no relay is granted */
};

/* ---- inputs ---- */

enum kith_registry_input_type {
    KITH_REGISTRY_LINK_UP,
    KITH_REGISTRY_FRAME,
    KITH_REGISTRY_DRAINED,
    KITH_REGISTRY_LINK_DOWN,
    KITH_REGISTRY_CHECKED,
    KITH_REGISTRY_PAIRED,
    KITH_REGISTRY_TIMEOUT,
    KITH_REGISTRY_STOP, /* the last one: everybody is told BYE 0 */
};

/* Of a dial back. NOT_TRIED: descriptors or memory were short here, or nobody waits. */
enum kith_check_outcome {
    KITH_CHECK_NOT_REACHED,
    KITH_CHECK_REACHED,
    KITH_CHECK_NOT_TRIED,
};

struct kith_registry_input {
    enum kith_registry_input_type type;
    struct kith_now now;
    union {
        struct {
            uint32_t link; /* not 0, not in use */
            struct kith_id peer;
            struct kith_address remote; /* numeric host */
        } link_up;
        struct {
            uint32_t link;
            struct kith_bytes bytes; /* type and fields */
        } frame;
        struct {
            uint32_t link;
            size_t size; /* bytes that the kernel has taken */
        } drained;
        struct {
            uint32_t link;
        } link_down;
        struct {
            uint32_t check;
            enum kith_check_outcome outcome;
        } checked;
        struct {
            uint32_t pair;
            int error; /* 0: the relay expects both tickets */
        } paired;
    };
};

/* ---- effects ---- */

enum kith_registry_effect_type {
    KITH_REGISTRY_SEND,
    KITH_REGISTRY_CLOSE,
    KITH_REGISTRY_CHECK,
    KITH_REGISTRY_UNCHECK,
    KITH_REGISTRY_KEEP,
    KITH_REGISTRY_FORGET,
    KITH_REGISTRY_MARKED,
    KITH_REGISTRY_TELL,
    KITH_REGISTRY_PAIR,
};

enum kith_registry_news {
    KITH_REGISTRY_JOINED,
    KITH_REGISTRY_LEFT,
    KITH_REGISTRY_RENAMED,
};

/* Two who are to be relayed, the caller first. */
struct kith_registry_pair {
    uint32_t pair;
    struct kith_id ids[2];
    struct kith_ip households[2];
    uint8_t tickets[2][KITH_TICKET_SIZE];
};

struct kith_registry_effect {
    enum kith_registry_effect_type type;
    union {
        struct {
            uint32_t link;
            struct kith_bytes bytes; /* a whole frame, length included */
        } send;
        struct { /* nothing more is heard of it, and its LINK_DOWN is ignored */
            uint32_t link;
            int error;
        } close;
        struct { /* dial back, prove the id, hang up; answered by CHECKED */
            uint32_t check;
            struct kith_id id;
            struct kith_address address;
        } check;
        struct { /* of use to nobody any more; CHECKED answers it nonetheless */
            uint32_t check;
        } uncheck;
        struct kith_registration keep; /* replaces the row of its id */
        struct {
            struct kith_id id;
        } forget;
        struct { /* whose rows say that they are here were seen at this time */
            uint64_t seen_s;
        } marked;
        struct {
            enum kith_registry_news what;
            struct kith_id id;
            struct kith_name name; /* "" when it has none */
            struct kith_address remote;
            size_t here_count; /* afterwards, of all networks */
        } tell;
        struct kith_registry_pair pair; /* expect both; answered by PAIRED */
    };
};

struct kith_registry_effects {
    const struct kith_registry_effect *items;
    size_t count;
};

/* ---- life ---- */

/* Returns 0 or KITH_ENOMEM. */
int kith_registry_new(const struct kith_registry_config *config,
                      struct kith_registry **out);
void kith_registry_free(struct kith_registry *registry); /* accepts NULL */

/* Before the first step: give back a kept row, those longest away first. What has
 * expired by now is left out; what was seen later than now, for the clock is not set yet,
 * or was wrong, is away from now on. Above peers_max those longest away give way. Returns
 * 0, KITH_ENOMEM, or KITH_ECORRUPT for a row that no registry wrote. */
int kith_registry_restore(struct kith_registry *registry,
                          const struct kith_registration *row, struct kith_now now);

/* Everything that can happen arrives here. `input` and what it points at are borrowed;
 * the effects, oldest first, are valid until the next step. Returns 0, or KITH_ENOMEM,
 * after which the registry can only be freed. */
int kith_registry_step(struct kith_registry *registry,
                       const struct kith_registry_input *input,
                       struct kith_registry_effects *out);

/* When to step with TIMEOUT (monotonic), or KITH_TIME_NEVER. It may be due again right
 * after: a step tells at most 64 peers their news. */
kith_time kith_registry_deadline(const struct kith_registry *registry);

/* ---- queries ---- */

struct kith_registry_counts {
    size_t links;      /* registered or not */
    size_t here;       /* entries */
    size_t away;       /* entries */
    size_t networks;   /* with an entry */
    size_t introduced; /* entries here that were told of somebody who is here */
    size_t untold;     /* entries for whom there are news */
    size_t checks;     /* dials back, waiting and under way */
    /* Since the start: */
    uint64_t registered; /* REGISTER accepted */
    uint64_t refused;    /* links let go at a limit */
    uint64_t faults;     /* links let go for what they sent */
    uint64_t pings;
    uint64_t lookups;
    uint64_t calls;        /* granted */
    uint64_t relays;       /* granted */
    uint64_t entries_sent; /* in PEERS */
};
struct kith_registry_counts kith_registry_counts(const struct kith_registry *registry);

struct kith_registry_view {
    struct kith_registration row;
    kith_time here_since; /* wall; 0: away */
};

/* Entries stand in slots from 0 on. False where there is none. What the view points at
 * is borrowed until the next step. */
size_t kith_registry_slots(const struct kith_registry *registry);
bool kith_registry_at(const struct kith_registry *registry, size_t slot,
                      struct kith_registry_view *out);

#endif
