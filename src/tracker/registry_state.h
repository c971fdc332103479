/* SPDX-License-Identifier: MIT */
/* The registry's own structs, for the files registry*.c.
 *
 * registry.c has the life of it, registry_link.c links, registry_entry.c entries with
 * their names and rows, registry_group.c networks and households, registry_watch.c who is
 * told of whom, registry_news.c the telling, registry_check.c dialling back,
 * registry_register.c, registry_lookup.c and registry_call.c what peers ask for. */
#ifndef KITH_TRACKER_REGISTRY_STATE_H
#define KITH_TRACKER_REGISTRY_STATE_H

#include "base/list.h"
#include "base/map.h"
#include "base/siphash.h"
#include "base/writer.h"
#include "kith/error.h"
#include "tracker/registry.h"

#define KITH_REGISTRY_SLOTS_MAX ((size_t)INT32_MAX)

struct kith_entry;

/* Those of one tag. Lives while it has entries. */
struct kith_registry_network {
    uint8_t tag[KITH_NETWORK_TAG_SIZE];
    uint64_t no;              /* never used again: names are filed under it */
    struct kith_entry **here; /* in no order */
    size_t here_count;
    size_t here_capacity;
    size_t entry_count;
};

/* Those behind one address. Lives while it has links, entries or dials back, and then
 * until its limits are full again, or to come back would fill them. */
struct kith_registry_household {
    struct kith_ip ip;
    size_t link_count;
    size_t entry_count;
    size_t check_count;
    struct kith_list away; /* entries, away the longest first */
    kith_time register_at; /* tokens */
    kith_time call_at;
    struct kith_list rest_node; /* in resting */
    kith_time rest_end;
};

/* Entries of one network whose names fold to the same. Lives while it has some. */
struct kith_registry_name {
    struct kith_list entries; /* here before away */
    uint8_t key[16];
};

/* From who is told to who is told of. Both ends know the other's place in its list, so
 * that either can be taken out without a search. */
struct kith_edge {
    uint32_t slot; /* of the other entry */
    uint32_t back : 31;
    uint32_t is_news : 1; /* out only: something of it is to be told */
};

struct kith_edges {
    struct kith_edge *items; /* owned */
    size_t count;
    size_t capacity;
};

struct kith_kept_record {
    uint8_t *data; /* owned; NULL: none */
    size_t size;
    uint64_t counter; /* the highest met; stays when the record goes */
    uint64_t expiry_s;
};

enum { KITH_RECORD_PUBLIC, KITH_RECORD_LOCAL };

/* One peer, here or away. */
struct kith_entry {
    struct kith_id id;
    uint32_t slot;
    uint32_t here_index; /* in network->here, while it is there */
    struct kith_registry_network *network;
    struct kith_registry_household *household;
    struct kith_registry_link *link; /* NULL: away */
    struct kith_ip_port remote;
    char *name; /* owned; NULL: none */
    struct kith_registry_name *named;
    struct kith_list name_node;
    struct kith_list away_node;
    struct kith_list household_node; /* in household->away */
    uint64_t seen_s;                 /* while away: told and kept */
    kith_time away_at;               /* monotonic: the wall clock may be set meanwhile */
    kith_time here_since;            /* wall */
    struct kith_kept_record records[KITH_TRACKED_RECORDS_MAX];
    /* Of the public record, a bit for each address: */
    uint8_t reached;  /* the peer proved its id there */
    uint8_t observed; /* it is of the host that its link comes from */
    uint8_t all;
    bool is_introduced;
    uint32_t stamp; /* equals the registry's: watched already */
    struct kith_edges out;
    struct kith_edges in;
    kith_time register_at; /* tokens, here so that a new link brings no new ones */
    kith_time lookup_at;
    kith_time call_at;
    kith_time check_at;
};

enum kith_news_state {
    KITH_NEWS_QUIET,
    KITH_NEWS_SOON,
    KITH_NEWS_PAUSED,
    KITH_NEWS_HELD
};

struct kith_registry_link {
    uint32_t no;
    struct kith_id peer;
    struct kith_ip_port remote;
    struct kith_registry_household *household;
    struct kith_entry *entry;    /* NULL before REGISTER */
    struct kith_list heard_node; /* in strangers or heard */
    struct kith_list ending_node;
    int error; /* why it ends; 0: it does not */
    kith_time heard_at;
    struct kith_list news_node;
    enum kith_news_state news;
    bool has_news;
    kith_time news_due;
    size_t queued;
};

struct kith_check {
    uint32_t no;
    struct kith_id id;
    struct kith_registry_household *household; /* who asked for it */
    bool is_dropped; /* since then its entry was away: no answer says nothing of it */
    struct kith_ip_port place;
};

struct kith_pair {
    uint32_t no; /* 0: free */
    uint32_t links[2];
    struct kith_id ids[2];
    uint64_t token;
    uint8_t tickets[2][KITH_TICKET_SIZE];
};

struct kith_registry {
    struct kith_registry_config config;
    const struct kith_alloc *alloc;
    struct kith_now now;
    bool is_broken; /* memory ran out */
    uint8_t hash_key[KITH_SIPHASH_KEY_SIZE];

    struct kith_map links;      /* by number */
    struct kith_map entries;    /* by id */
    struct kith_map networks;   /* by tag */
    struct kith_map households; /* by address */
    struct kith_map names;      /* by network and folded name */
    struct kith_map checks;     /* by number */

    struct kith_entry **slots; /* NULL where free */
    size_t slot_count;
    size_t slot_capacity;
    uint32_t *slots_free;
    size_t slots_free_count;
    size_t slots_free_capacity;

    struct kith_list strangers; /* links without REGISTER, the oldest first */
    struct kith_list heard;     /* registered links, the longest silent first */
    struct kith_list ending;    /* links that failed in this step */
    struct kith_list away;      /* entries, away the longest first */
    struct kith_list soon;      /* links with news, the first due first */
    struct kith_list paused;    /* links told news lately */
    struct kith_list held;      /* links with news that read too slowly */
    struct kith_list resting;   /* households without anybody, the longest first */
    kith_time mark_at;          /* KITH_TIME_NEVER: nobody is here */

    struct kith_pair pairs[KITH_REGISTRY_PAIRS_MAX];
    uint64_t network_no_last;
    uint32_t check_no_last;
    uint32_t pair_no_last;
    uint32_t stamp;
    size_t queued_all; /* of all links */
    struct kith_registry_counts counts;

    struct kith_registry_effect *effects;
    size_t effect_count;
    size_t effect_capacity;
    struct kith_writer bytes; /* of SEND effects, one behind the other */
};

/* ---- tokens ---- */

/* One every `every`, at most `burst` at once: `*at` is when the bucket will be full again
 * (zeroed is full). False when there is none to take. */
static inline bool kith_registry_token(kith_time *at, kith_time now, kith_time every,
                                       size_t burst)
{
    kith_time from = *at > now ? *at : now;
    if (from - now > every * (kith_time)(burst - 1))
        return false;
    *at = from + every;
    return true;
}

/* ---- registry.c: effects ---- */

void kith_registry_broke(struct kith_registry *r);
/* The effect to be filled in; a spare one when memory ran out. */
struct kith_registry_effect *kith_registry_effect(struct kith_registry *r,
                                                  enum kith_registry_effect_type type);
void kith_registry_tell(struct kith_registry *r, enum kith_registry_news what,
                        const struct kith_entry *entry);

static inline uint64_t kith_registry_now_s(const struct kith_registry *r)
{
    return (uint64_t)(r->now.wall / KITH_SECOND);
}

/* ---- registry_link.c ---- */

void kith_registry_link_up(struct kith_registry *r,
                           const struct kith_registry_input *input);
struct kith_registry_link *kith_registry_link(const struct kith_registry *r, uint32_t no);
void kith_registry_link_free(struct kith_registry *r, struct kith_registry_link *link);
void kith_registry_link_frame(struct kith_registry *r, struct kith_registry_link *link,
                              struct kith_bytes frame);
/* What was encoded into r->bytes from offset `from` on is sent. A peer that does not read
 * fails. */
void kith_registry_link_send(struct kith_registry *r, struct kith_registry_link *link,
                             size_t from);
void kith_registry_link_drained(struct kith_registry *r, struct kith_registry_link *link,
                                size_t size);
/* It ends for this reason when the step does; until then it stays in place. The first
 * reason counts. */
void kith_registry_link_fail(struct kith_registry *r, struct kith_registry_link *link,
                             int error);
/* Those that failed: BYE (but for KITH_ETIMEDOUT and KITH_ECLOSED) and closed. */
void kith_registry_links_end(struct kith_registry *r);
/* Its entry, if any, is away from now on. `link` is gone. */
void kith_registry_link_down(struct kith_registry *r, struct kith_registry_link *link);
/* All at once, without a change to entries: the tracker ends, and its peers will be back.
 */
void kith_registry_links_stop(struct kith_registry *r);
void kith_registry_links_timeout(struct kith_registry *r);
kith_time kith_registry_links_deadline(const struct kith_registry *r);

/* ---- registry_group.c ---- */

/* Found or made; NULL when memory ran out. */
struct kith_registry_household *kith_registry_household(struct kith_registry *r,
                                                        const struct kith_ip *ip);
struct kith_registry_network *kith_registry_network(struct kith_registry *r,
                                                    const uint8_t *tag);
/* What one household may have where the usual number of links is allowed to it; in
 * proportion where more are: a campus behind one address. */
size_t kith_registry_household_share(const struct kith_registry *r, size_t usual);
/* When nobody is in it: freed, or left to rest. */
void kith_registry_household_drop(struct kith_registry *r,
                                  struct kith_registry_household *household);
void kith_registry_households_timeout(struct kith_registry *r);
kith_time kith_registry_households_deadline(const struct kith_registry *r);
void kith_registry_households_free(struct kith_registry *r);
void kith_registry_network_drop(struct kith_registry *r,
                                struct kith_registry_network *network);
int kith_registry_network_enter(struct kith_registry *r, struct kith_entry *entry);
void kith_registry_network_leave(struct kith_entry *entry);

/* ---- registry_entry.c ---- */

struct kith_entry *kith_registry_entry(const struct kith_registry *r,
                                       const struct kith_id *id);
/* Made, in no network yet; NULL when memory ran out. */
struct kith_entry *kith_registry_entry_new(struct kith_registry *r,
                                           const struct kith_id *id,
                                           struct kith_registry_household *household);
/* Room for one more of this household: those away give way, the household's own first
 * when it has its share. 0 or KITH_ELIMIT. */
int kith_registry_entry_room(struct kith_registry *r,
                             struct kith_registry_household *household);
/* Of these the household's share only: for one that moves there. */
int kith_registry_entry_share(struct kith_registry *r,
                              struct kith_registry_household *household);
/* Out of everything, away or not, and freed. */
void kith_registry_entry_free(struct kith_registry *r, struct kith_entry *entry);
int kith_registry_entry_move(struct kith_registry *r, struct kith_entry *entry,
                             const uint8_t *tag);
/* There is room, as above. */
void kith_registry_entry_settle(struct kith_registry *r, struct kith_entry *entry,
                                struct kith_registry_household *household);
/* `name` "" for none. */
int kith_registry_entry_rename(struct kith_registry *r, struct kith_entry *entry,
                               const char *name);
int kith_registry_entry_arrive(struct kith_registry *r, struct kith_entry *entry,
                               struct kith_registry_link *link);
/* Away from now on; its row is the caller's to keep, once nothing of it changes further.
 */
void kith_registry_entry_leave(struct kith_registry *r, struct kith_entry *entry);
void kith_registry_entries_timeout(struct kith_registry *r);
kith_time kith_registry_entries_deadline(const struct kith_registry *r);
struct kith_registration kith_registry_entry_row(const struct kith_registry *r,
                                                 const struct kith_entry *entry);
void kith_registry_entry_keep(struct kith_registry *r, const struct kith_entry *entry);

/* ---- registry_name.c ---- */

/* The entries of this network whose names may match, or NULL. */
struct kith_registry_name *kith_registry_name_find(const struct kith_registry *r,
                                                   const struct kith_registry_network *n,
                                                   const char *name);
int kith_registry_name_add(struct kith_registry *r, struct kith_entry *entry);
void kith_registry_name_remove(struct kith_registry *r, struct kith_entry *entry);
/* Here before away. */
void kith_registry_name_sort(struct kith_entry *entry);

/* ---- registry_watch.c ---- */

/* `entry` has come: it watches up to KITH_REGISTRY_WATCHED_MAX others, and those of them
 * who have room watch it. Later again, where it has room. */
int kith_watch_fill(struct kith_registry *r, struct kith_entry *entry);
/* Who watches it is to be told. */
void kith_watch_tell(struct kith_registry *r, struct kith_entry *entry);
/* It is told of everybody it watches once more: its link is new. */
void kith_watch_renew(struct kith_registry *r, struct kith_entry *entry);
/* It watches nobody any more. */
void kith_watch_stop(struct kith_registry *r, struct kith_entry *entry);
/* Nobody watches it any more. */
void kith_watch_forget(struct kith_registry *r, struct kith_entry *entry);
/* `entry` no longer watches its index-th; the last takes that place. */
void kith_watch_remove(struct kith_registry *r, struct kith_entry *entry, size_t index);
bool kith_watch_has_room(const struct kith_entry *entry);

/* ---- registry_news.c ---- */

void kith_news_wake(struct kith_registry *r, struct kith_registry_link *link);
/* It leaves its network for another: who watches it is told that it is away, at once, and
 * watches it no more. */
void kith_news_part(struct kith_registry *r, struct kith_entry *entry);
/* It is due for nothing. */
void kith_news_release(struct kith_registry *r, struct kith_registry_link *link);
void kith_news_timeout(struct kith_registry *r);
kith_time kith_news_deadline(const struct kith_registry *r);
/* What `to` may know of `entry`; borrows from it. */
void kith_news_describe(const struct kith_registry *r, const struct kith_entry *entry,
                        const struct kith_entry *to, struct kith_tracked *out);

/* Tell `to` of `entry` now, unless it was told lately. */
void kith_news_tell_of(struct kith_registry *r, struct kith_entry *to,
                       const struct kith_entry *entry);

/* ---- registry_check.c ---- */

/* 0, or the fault of a peer that registers this; empty is fine. */
int kith_registry_record_judge(const struct kith_id *id, struct kith_bytes bytes);
/* Take one over that was judged, unless it is older than what was met; empty: none. 0,
 * with *out_changed set or left alone, or KITH_ENOMEM. */
int kith_registry_record_take(struct kith_registry *r, struct kith_entry *entry,
                              size_t which, struct kith_bytes bytes, bool *out_changed);
/* Copy it into the entry, with what is known of its addresses. */
int kith_registry_record_keep(struct kith_registry *r, struct kith_entry *entry,
                              size_t which, const struct kith_signed_addresses *record);
/* The entry's remote host may be another one. */
void kith_registry_record_observe(struct kith_entry *entry);
/* May it be handed out now? */
bool kith_registry_record_is_told(const struct kith_registry *r,
                                  const struct kith_entry *entry, size_t which);
/* Dial back what is not known of the public record; `wants_port` not 0: the observed
 * host at this port, too. */
void kith_registry_check(struct kith_registry *r, struct kith_entry *entry,
                         uint16_t wants_port);
void kith_registry_checked(struct kith_registry *r, uint32_t check,
                           enum kith_check_outcome outcome);
/* It has gone: its dials back that have not begun need not. */
void kith_registry_uncheck(struct kith_registry *r, const struct kith_entry *entry);
void kith_registry_check_free(struct kith_registry *r, struct kith_check *check);

/* ---- what peers ask for: 0, or why the link fails: the peer's fault, KITH_ELIMIT,
 * KITH_ENOMEM ---- */

int kith_registry_register(struct kith_registry *r, struct kith_registry_link *link,
                           struct kith_bytes fields);
int kith_registry_lookup(struct kith_registry *r, struct kith_registry_link *link,
                         struct kith_bytes fields);
int kith_registry_call(struct kith_registry *r, struct kith_registry_link *link,
                       struct kith_bytes fields);
void kith_registry_paired(struct kith_registry *r, uint32_t pair, int error);

#endif
