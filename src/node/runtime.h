/* SPDX-License-Identifier: MIT */
/* The runtime: a node with its sockets, clock, files and threads.
 *
 * The only place where core, store and net meet. Happenings of the loop become inputs of
 * the core; its effects go to net and store. What one turn of the loop produced is one
 * transaction, committed before anything of it is acknowledged or told, and one
 * write per link. */
#ifndef KITH_NODE_RUNTIME_H
#define KITH_NODE_RUNTIME_H

#include "base/list.h"
#include "base/passphrase.h"
#include "base/tracker_address.h"
#include "core/node.h"
#include "core/node_trackers.h"
#include "net/portmap.h"
#include "node/logger.h"
#include "node/problem.h"
#include <uv.h>

#define KITH_LISTEN_MAX 8 /* --listen may be given this often */

struct kith_runtime; /* opaque */

struct kith_runtime_config {
    const char *home;  /* directory; made (0700) when missing */
    const char *name;  /* NULL: the stored one, else a default from `login` */
    const char *login; /* who runs it, for a first name; may be NULL */
    const struct kith_address
        *listen; /* none: every interface, default port, the next free if taken */
    size_t listen_count;
    const struct kith_address *peers; /* dialled for ever */
    size_t peer_count;
    const struct kith_tracker_address *trackers; /* registered at for ever */
    size_t tracker_count;                        /* at most KITH_TRACKERS_MAX */
    bool relays_for_contacts; /* pass bytes on between those who do not reach another */
    const char *network;      /* NULL: the one kept in the home, else the default */
    const struct kith_passphrase *passphrase; /* of the network; NULL: none is given */
    bool drops_passphrase;                    /* the network is to have none */
    bool has_lan;                             /* be found on the LAN, and find */
    uint16_t discovery_port;      /* has_lan: the same on all nodes of the network */
    kith_time discovery_interval; /* the longest between beacons; 0: the default */
    bool has_mapping;             /* ask the router to hand the port on from outside */
    bool is_durable;              /* durability = full: sync the disk at each commit */
    struct kith_logger *log;      /* borrowed; may be NULL */
    const struct kith_alloc *core_alloc; /* borrowed; NULL: malloc's heap */
    /* The node cannot go on (memory ran out within it). Called once, from the loop and
     * never within another call; stop and free are still in order. May be NULL. */
    void (*broken)(void *ctx, int error);
    void *broken_ctx;
};

/* Opens or makes the home, takes its lock, loads or makes the identity, opens the store,
 * binds the listeners and starts the node. Returns 0, or the error, with `problem` (may
 * be NULL) explained; the loop may be run meanwhile. */
int kith_runtime_new(uv_loop_t *loop, const struct kith_runtime_config *config,
                     struct kith_runtime **out, struct kith_problem *problem);

/* From now on the home's later starts are in the network of this one. For when all of the
 * program is up: a start that fails changes nothing. Returns 0 or an error, explained. */
int kith_runtime_keep_network(struct kith_runtime *runtime, struct kith_problem *problem);

/* Stop cleanly: peers are told, what is queued is sent (at most 1 s), the store is
 * closed, then `done` is called, in which kith_runtime_free is allowed. */
void kith_runtime_stop(struct kith_runtime *runtime, void (*done)(void *ctx), void *ctx);
void kith_runtime_free(struct kith_runtime *runtime);

/* Do something; `reply` (may be NULL) is called once, later: never from within. A CONNECT
 * without one is as good as configured: dialled for ever, even if it fails at first. The
 * notice is the KITH_NOTICE_REPLY; what still waits when the runtime stops is answered
 * with KITH_ECLOSED: whether it was done is not known; or with KITH_ENOMEM when memory
 * ran out before it was. `command` and what it points at are copied; its token is the
 * runtime's. Sends of one turn to one room may share a run; each has its own reply, whose
 * ids are its own texts', seq and hlc rising by one from text to text. Returns 0, and
 * otherwise `reply` will not be called: KITH_EINVALID (a send of no text, or more than
 * KITH_SEND_TEXTS_MAX), KITH_ETEXT (not UTF-8, or empty), KITH_ETEXTSIZE, KITH_ELIMIT
 * (texts that are too much for one run, see kith_runtime_fits, or too many unanswered),
 * KITH_ECLOSED (stopping), KITH_ENOMEM. */
typedef void kith_reply_cb(void *ctx, const struct kith_notice *notice);
int kith_runtime_command(struct kith_runtime *runtime, const struct kith_command *command,
                         kith_reply_cb *reply, void *ctx);

/* How many of the texts, from the first on, fit one send. */
size_t kith_runtime_fits(const struct kith_bytes *texts, size_t text_count);

/* The core, for its queries (kith_node_peer, kith_node_find, ...). Borrowed. */
const struct kith_node *kith_runtime_node(const struct kith_runtime *runtime);

/* Bound addresses, with their real ports; 0.0.0.0 stands for every interface, of IPv6
 * too. */
size_t kith_runtime_listening(const struct kith_runtime *runtime,
                              const struct kith_address **out);
const char *kith_runtime_home(const struct kith_runtime *runtime);

/* The network as people know it. Never the key. */
struct kith_network_view {
    const char *name; /* borrowed for the runtime's life */
    bool has_passphrase;
    const char *fingerprint; /* 12 characters that tell keys apart; borrowed likewise */
};
struct kith_network_view kith_runtime_network(const struct kith_runtime *runtime);

/* What carries the beacons. Copies are datagrams: one beacon goes out as several. */
struct kith_lan_view {
    bool is_wanted;   /* it is not turned off */
    bool is_confined; /* to this host: nobody beyond could dial what is listened on */
    uint16_t port;
    int error;      /* why there is no socket at all; 0: there is one */
    int error_ipv4; /* why the port is not heard by IPv4; 0: it is */
    int error_ipv6;
    uint64_t sent;   /* copies that left */
    uint64_t failed; /* copies that an interface refused */
    uint64_t received;
};
struct kith_lan_view kith_runtime_lan(const struct kith_runtime *runtime);

/* What the router does for us. */
struct kith_mapping_view {
    bool is_wanted;   /* it is not turned off */
    bool is_confined; /* nobody beyond this host gets to what is listened on by IPv4 */
    int error;        /* why the router is not even asked; 0: it is */
    struct kith_portmap_view router; /* as it says: no proof that somebody gets in */
};
struct kith_mapping_view kith_runtime_mapping(const struct kith_runtime *runtime);

/* Addresses of this host's interfaces that are up, without loopback; port 0. */
size_t kith_runtime_interfaces(const struct kith_runtime *runtime,
                               struct kith_address *out, size_t out_max);

/* Why nothing is stored at the moment; 0 when all is well. */
int kith_runtime_store_error(const struct kith_runtime *runtime);

/* Why the search index does not take what was said last; 0 when all is well. It is tried
 * again, and by every search. */
int kith_runtime_index_error(const struct kith_runtime *runtime);

/* What a person does about an error of the store: half a sentence. */
const char *kith_runtime_store_advice(int error);

/* Why a part of what is stored could not be read since the start; 0 when all was well. It
 * does not heal by itself. */
int kith_runtime_read_error(const struct kith_runtime *runtime);

/* The last warnings and errors of the log, oldest first; borrowed until the next turn. */
size_t kith_runtime_warnings(const struct kith_runtime *runtime, const char **out,
                             size_t out_max);

/* A line for the log, which `kith doctor` shows too: what is wrong, what to do. */
void kith_runtime_warn(struct kith_runtime *runtime, const char *area,
                       const char *message, const char *advice);

struct kith_logger *kith_runtime_logger(
    const struct kith_runtime *runtime);                              /* may be NULL */
struct kith_now kith_runtime_now(const struct kith_runtime *runtime); /* of this turn */

/* Be told of everything committed or changed. The struct is the observer's and stays in
 * place until kith_runtime_unobserve, which any observer may call at any time. Inside a
 * notice the queries and kith_runtime_command are allowed. */
struct kith_observer {
    struct kith_list link; /* the runtime's */
    void (*notice)(void *ctx, const struct kith_notice *notice);
    void *ctx;
};
void kith_runtime_observe(struct kith_runtime *runtime, struct kith_observer *observer);
void kith_runtime_unobserve(struct kith_observer *observer);

/* A committed event with its body, as people's programs see it. Borrowed for the call,
 * inside which no other query of history is allowed (those of the core are). */
struct kith_entry {
    uint32_t room_no;
    uint32_t log_no;
    uint32_t author_no; /* 0 is this node */
    uint64_t seq;
    struct kith_id id;
    kith_hlc hlc;
    uint16_t kind;          /* 0: a message in a control log, which is none */
    uint64_t arrival;       /* its number in order of arrival here */
    kith_time seen;         /* wall */
    struct kith_bytes body; /* without salt; empty when discarded */
};
typedef int kith_entry_cb(void *ctx, const struct kith_entry *entry); /* non-zero stops */

/* History: what is committed, in the order shown to people, oldest first (or newest
 * first), `limit` at most. Looks at some thousand events and no more, so that it takes a
 * bounded time, also where nearly all were said by somebody who is blocked: then
 * `*out_more` is set, and the query changed to go on in a later turn. Returns 0, what
 * `visit` stopped with, KITH_ECLOSED once the runtime has stopped, or what the store
 * says. */
struct kith_history_query {
    uint32_t room_no; /* 0: all rooms */
    uint16_t kind;    /* 0: all kinds */
    kith_time since;  /* wall, inclusive; 0: from the beginning */
    bool newest_first;
    /* Continue after this one (exclusive) in the direction of reading; has_after says
     * whether. */
    bool has_after;
    kith_hlc after_hlc;
    struct kith_id after_id;
    size_t limit;
};
int kith_runtime_history(struct kith_runtime *runtime, struct kith_history_query *query,
                         kith_entry_cb *visit, void *ctx, bool *out_more);

/* Events from arrival number `first` on, in order of arrival, at most `limit`. What a
 * blocked peer said, and what is dated more than a day ahead until it is due, is left out
 * here and above. */
int kith_runtime_arrivals(struct kith_runtime *runtime, uint64_t first, size_t limit,
                          kith_entry_cb *visit, void *ctx);

/* Bring the search index forward, for a few milliseconds at most. True once all that is
 * committed is in it; else ask again in a later turn, and search then. */
bool kith_runtime_index(struct kith_runtime *runtime);

/* Search: messages in the order of arrival, latest first. Looks at no more than `limit`
 * of them that match, so that it takes a bounded time, also where a common word is asked
 * for in a quiet room. `*out_before` is what to go on with, 0 at the end; it is set also
 * when `visit` stops, and may be the query's own. Returns as kith_runtime_history. */
struct kith_runtime_search_query {
    struct kith_bytes text; /* words and "phrases" that must all be there */
    uint32_t room_no;       /* 0: all rooms */
    uint64_t arrival_from;
    uint64_t arrival_before; /* 0: from the latest on */
    size_t limit;
};
int kith_runtime_search(struct kith_runtime *runtime,
                        const struct kith_runtime_search_query *query,
                        kith_entry_cb *visit, void *ctx, uint64_t *out_before);

/* One message by its id; KITH_ENOTFOUND also when the search index has not come to it,
 * and kith_runtime_index_error when that fails. */
int kith_runtime_message(struct kith_runtime *runtime, const struct kith_id *id,
                         kith_entry_cb *visit, void *ctx);

/* ---- exports ---- */

/* Where an export stands. Runs come in the order they arrived in: so whoever imports them
 * in that order has what each of them rests on. Only what is committed at the beginning
 * is in it. */
struct kith_export {
    uint32_t room_no;     /* 0: all rooms */
    kith_hlc since;       /* runs that end before are left out, but for control logs */
    uint64_t arrival;     /* next group */
    uint64_t arrival_end; /* exclusive */
    uint64_t seq;         /* next run within the group; 0: its first */
    uint64_t left_out;    /* events that are damaged, or of a run with one that is */
    uint64_t left_out_in_row;
};

struct kith_export kith_runtime_export(const struct kith_runtime *runtime,
                                       uint32_t room_no, kith_time since);

/* A run with its bytes as they were signed, decoded, with all ids. */
struct kith_export_run {
    uint32_t room_no;
    uint32_t log_no;
    uint32_t author_no; /* 0 is this node */
    const struct kith_run *run;
};
typedef int kith_export_cb(void *ctx, const struct kith_export_run *run);

/* The next few runs: `*out_more` says whether there are more behind them. They take about
 * a millisecond, so others of the loop get their turn. Returns 0, what `visit` stopped
 * with (non-zero; the export is then of no more use), KITH_ECORRUPT, KITH_ECLOSED, or
 * what the store says. */
int kith_runtime_export_step(struct kith_runtime *runtime, struct kith_export *export,
                             kith_export_cb *visit, void *ctx, bool *out_more);

/* Is exactly this run held? Saves importing it again. */
bool kith_runtime_holds(struct kith_runtime *runtime, const struct kith_id *room,
                        struct kith_bytes run);

/* An arrival number before which nothing was seen at `since` or later; what comes from
 * there on may be older as well. */
uint64_t kith_runtime_arrival_since(struct kith_runtime *runtime, kith_time since);

/* The highest arrival number that is committed; 0 when nothing is. */
uint64_t kith_runtime_arrival_last(const struct kith_runtime *runtime);

#endif
