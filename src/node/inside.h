/* SPDX-License-Identifier: MIT */
/* The runtime's own struct, for the files of this folder.
 *
 * runtime.c has the life of it, start.c its beginning, turn.c the turns of the loop,
 * effects.c what the core wants done, upkeep.c the store's chores, history.c the queries,
 * transfer.c exports,
 * health.c how it goes.
 *
 * Happy path of a turn: the loop polls; each happening of the net becomes an input of the
 * core, whose effects are carried out at once (rows into the open transaction, frames
 * into the net's queues). Before the loop polls again (uv_prepare) the turn ends: queued
 * commands go in, the transaction is committed, the core is told, which acknowledges and
 * tells people; then everything queued is written.
 *
 * Ways to fail: a commit or a row fails, and the core hears STORE_FAILED and puts its
 * rows again later; the core runs out of memory, and the owner hears `broken`. */
#ifndef KITH_NODE_INSIDE_H
#define KITH_NODE_INSIDE_H

#include "base/writer.h"
#include "core/tokens.h"
#include "net/net.h"
#include "net/relay.h"
#include "node/backlog.h"
#include "node/commands.h"
#include "node/identity.h"
#include "node/mapping.h"
#include "node/network.h"
#include "node/random.h"
#include "node/runtime.h"
#include "node/upkeep.h"
#include "node/verifier.h"
#include "store/store.h"

/* Commits in one turn: the last ones bring acknowledgements of what the first ones
 * stored. What is left after so many waits for the next turn, which then comes at once.
 */
#define KITH_TURN_ROUNDS_MAX 8

#define KITH_DUE_MAX          (24 * KITH_HOUR) /* what is dated later is parked (DESIGN 5) */
#define KITH_DIALS_REMEMBERED 64 /* for the log only: which dial went where */

#define KITH_STRANGERS_NAMED                                                             \
    16 /* of other networks, each at most once a minute: one knows of them by then       \
        */

/* Warnings of what peers did: whoever reaches the port can cause them, as often as he
 * connects. Past these one a second is told, and how many were not. */
#define KITH_WARNINGS_MOST  64
#define KITH_WARNINGS_PER_S 1

/* Lines that peers come and go, and of trackers likewise: more than a day of ordinary
 * use. Past these a line comes back every ten seconds, or one that flaps leaves nothing
 * else to be read in the log. */
#define KITH_CHANGES_MOST    500
#define KITH_CHANGES_EVERY_S 10

struct kith_changes { /* for the log only */
    struct kith_tokens lines;
    unsigned held_back;
};

struct kith_turn {
    uv_prepare_t prepare;
    uv_idle_t again;  /* active while work is left over: the loop must not sleep */
    uv_timer_t timer; /* the core's deadline */
    kith_time armed;  /* deadline the timer is set to */
    struct kith_now now;
    bool has_now; /* `now` was read in this turn */
    bool is_busy; /* the core's effects are being carried out */
    bool is_broken;
    int broken_error;      /* the owner is still to be told of it; 0: he is not */
    bool is_commit_untold; /* it broke of hearing of a commit, so not all who wait know */
    bool happened;         /* something came in since the last end of a turn */
    struct kith_backlog backlog;
};

/* What is in the open transaction. */
struct kith_pending {
    uint64_t store_no; /* highest put */
    uint64_t arrival;  /* one past the highest put */
    int error;         /* why it was rolled back; until the core has been told */
};

struct kith_datagrams;

/* node/trackers.c */
struct kith_trackers {
    struct kith_net *net;                  /* NULL until one is dialled */
    kith_link_no links[KITH_TRACKERS_MAX]; /* by number less one; 0: none */
    bool is_closing;
};

/* node/contact_relay.c */
struct kith_contact_relay {
    struct kith_relay *relay; /* NULL until somebody is relayed */
    uint64_t pair_last;
    bool is_closing;
};

struct kith_runtime {
    uv_loop_t *loop; /* borrowed */
    char *home;
    char *database;
    struct kith_logger *log; /* borrowed; may be NULL */
    struct kith_identity identity;
    struct kith_network network;      /* without its key once the home keeps it */
    struct kith_network network_kept; /* in the home; without its key after that */
    char network_fingerprint[KITH_ID_SHORT_SIZE];
    struct kith_random random;
    struct kith_store *store;
    uint8_t marker[KITH_MARKER_SIZE]; /* of this boot, disk and home */
    struct kith_net *net;
    struct kith_trackers trackers;
    struct kith_contact_relay contact_relay;
    struct kith_datagrams *lan;            /* NULL: off, or closed */
    uint16_t lan_port;                     /* 0: off */
    int lan_error;                         /* why it could not be opened */
    struct kith_interface_watch addresses; /* of this host, where `lan` sees to none */
    bool is_watching;                      /* them */
    struct kith_mapping mapping;
    struct kith_node *node;
    struct kith_turn turn;
    struct kith_pending pending;
    uint64_t arrival_committed; /* one past the highest committed */
    int store_error;            /* of the commits since the last good one; 0: none */
    bool is_store_error_told;   /* in the log, and not yet that it is over */
    int read_error;             /* why a part of the store could not be read; 0: none */
    struct kith_commands commands;
    struct kith_verifier verifier;
    struct kith_upkeep upkeep;
    struct kith_list observers;
    struct kith_list telling; /* where among them a notice is being told */

    struct kith_address listening[KITH_LISTEN_MAX];       /* as bound */
    struct kith_address listening_shown[KITH_LISTEN_MAX]; /* as people write it */
    size_t listening_count;

    struct kith_writer load_bytes; /* runs of the load being answered */
    struct kith_stored_run *load_runs;
    size_t load_capacity;
    size_t load_count;

    struct {
        uint32_t dial;
        struct kith_address address;
    } dials[KITH_DIALS_REMEMBERED];
    struct kith_logger_throttle dial_throttle;
    struct kith_logger_throttle stranger_throttle;
    struct kith_logger_throttle store_throttle;
    struct kith_logger_throttle read_throttle;
    struct kith_logger_throttle checkpoint_throttle;
    struct {
        struct kith_id peer;
        struct kith_logger_throttle throttle;
    } strangers[KITH_STRANGERS_NAMED]; /* for the log only: of other networks */
    struct kith_tokens warnings;
    unsigned warnings_held_back;
    struct kith_changes peer_changes;
    struct kith_changes tracker_changes;

    void (*broken)(void *ctx, int error);
    void *broken_ctx;
    bool is_stopping;
    bool has_parted; /* kith_runtime_part was called */
    bool is_net_down;
    unsigned lan_closing; /* parts of it */
    unsigned handles_open;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

/* start.c: everything from the home to the bound listeners. On failure what was opened is
 * left for kith_runtime_free. */
int kith_start(struct kith_runtime *runtime, const struct kith_runtime_config *config,
               struct kith_problem *problem);

/* turn.c */
int kith_turn_init(struct kith_runtime *runtime);
void kith_turn_input(struct kith_runtime *runtime, struct kith_input *input);
void kith_turn_defer(struct kith_runtime *runtime, const struct kith_backlog_item *item);
void kith_turn_end(struct kith_runtime *runtime);
void kith_turn_store_failed(struct kith_runtime *runtime, int error);
void kith_turn_broke(struct kith_runtime *runtime, int error);

/* effects.c */
void kith_effects_carry_out(struct kith_runtime *runtime,
                            const struct kith_effects *effects);

/* links.c: the net's happenings. */
struct kith_net_handler kith_links_handler(struct kith_runtime *runtime);

/* health.c: what reading the store came to. Damage is remembered and told in the log:
 * whoever asked may be a peer, or nobody. Returns `result`. */
int kith_health_read(struct kith_runtime *runtime, int result);

/* notices.c: to observers, those who wait for replies, and the log. */
void kith_notices_tell(struct kith_runtime *runtime, const struct kith_notice *notice);

/* runtime.c: a chore has ended; when stopping, it may have been the last. */
void kith_runtime_settle(struct kith_runtime *runtime);

/* runtime.c: peers were told, or can't be; all that goes out is closed. */
void kith_runtime_part(struct kith_runtime *runtime);

#endif
