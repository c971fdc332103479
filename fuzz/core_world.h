/* SPDX-License-Identifier: MIT */
/* The world around one real core under a fuzzer's hands: a toy disk, scripted peers and
 * trackers. Every effect is checked as it is carried out (core_check.c, core_disk.c):
 * what a core may never want, whatever was said to it, is an assertion there.
 *
 * Signatures are a toy: eight bytes that the author's id and the message determine, so
 * that what was not written by its author is still told apart, at a thousandth of the
 * cost. */
#ifndef KITH_FUZZ_CORE_WORLD_H
#define KITH_FUZZ_CORE_WORLD_H

#include "fuzz.h"

#include <stdbool.h>

#include "base/reader.h"
#include "core/node.h"
#include "core/node_trackers.h"
#include "lib/alloc_failing.h"
#include "lib/rng_seeded.h"
#include "proto/frame.h"

#define WORLD_PEERS       3 /* the fourth identity is the node's own: a copied home */
#define WORLD_LINKS_MAX   8
#define WORLD_ROWS_MAX    600 /* past it the disk is full */
#define WORLD_WAITING_MAX 256 /* answers held back */
#define WORLD_DIALS_MAX   16
#define WORLD_TOKENS_MAX  64
#define WORLD_RUNS_MAX    48                  /* that peers wrote */
#define WORLD_HEAP_MAX    (64u * 1024 * 1024) /* one node, whatever was said to it */

/* Rooms as peers see them. */
enum world_room { WORLD_LOBBY, WORLD_GARDEN, WORLD_DIRECT, WORLD_ROOMS };

struct world_link {
    uint32_t no;         /* 0: none */
    uint8_t peer;        /* index; WORLD_PEERS: the node's own identity */
    enum kith_role role; /* of the node */
    bool is_closing;
    bool has_proven; /* the right PROOF went to the node */
    bool is_trusted;
    bool is_paused;
    size_t queued; /* sent and not drained */
    uint8_t exporter[KITH_EXPORTER_SIZE];
    struct kith_tag theirs[WORLD_ROOMS]; /* that the peer sends */
    struct kith_tag ours[WORLD_ROOMS];   /* that the node sends */
    bool has_shown[WORLD_ROOMS];         /* the peer that it knows the room */
    bool has_offered[WORLD_ROOMS];       /* the node, with its last ROOMS */
    uint64_t ping_token;
};

/* One committed or open row, with what it points at. */
struct world_row {
    struct kith_record record;
    uint8_t *run; /* owned */
    size_t run_size;
    uint64_t seq_first, seq_last;
    struct kith_id head;
    kith_hlc hlc;
};

/* What peers wrote, of one author in one room in one class. */
struct world_log {
    uint64_t seq, seq_before;
    struct kith_id head, head_before;
    kith_hlc hlc;
};

struct world_run {
    enum world_room room;
    uint8_t *bytes; /* owned */
    size_t size;
};

struct world {
    struct alloc_failing memory;
    struct rng_seeded rng;
    struct kith_node *node;
    struct kith_id id;
    struct kith_id peers[WORLD_PEERS + 1]; /* the last: the node itself */
    uint8_t marker;                        /* all bytes of the home's */
    bool is_abroad;                        /* in a network where none of the peers are */
    uint8_t options;
    struct kith_now now;

    /* Held back until the input wants them. */
    bool holds_commits, holds_verdicts, holds_loads, holds_drains, has_stopped;
    size_t verdict_count, load_count;
    size_t row_count, committed_count, run_count;
    uint64_t store_no, verify_no, load_no;
    uint64_t arrival_next, arrival_told;
    bool is_disk_full;

    struct world_link links[WORLD_LINKS_MAX];
    uint32_t link_no;
    uint32_t dials[WORLD_DIALS_MAX]; /* under way; 0: none */
    uint32_t dial_no;
    bool is_online[256]; /* as told, by peer number */
    uint64_t tokens[WORLD_TOKENS_MAX];
    uint64_t token;

    bool is_tracker_dialled[KITH_TRACKERS_MAX + 1], is_tracker_up[KITH_TRACKERS_MAX + 1];
    uint64_t tracker_token; /* of the last PING, CALL or LOOKUP to any */

    struct world_log logs[WORLD_PEERS + 1][WORLD_ROOMS][WORLD_PEERS][2];

    /* From here on only what is counted above means something. */
    struct world_run runs[WORLD_RUNS_MAX];
    struct world_row rows[WORLD_ROWS_MAX];
    struct kith_input verdicts[WORLD_WAITING_MAX];
    struct {
        uint64_t load_no;
        uint32_t log_no;
        uint64_t seq_from, seq_last;
        size_t bytes_max;
    } loads[WORLD_WAITING_MAX];
};

extern const uint8_t world_network_key[KITH_NETWORK_KEY_SIZE];

void world_begin(struct world *w, uint8_t options);
void world_end(struct world *w); /* nothing is left of it */
/* The process dies, and starts again from what was committed. */
void world_restart(struct world *w, bool is_marked, bool is_abroad);

/* One input, and all that follows of itself. */
void world_step(struct world *w, const struct kith_input *input);
void world_settle(struct world *w, bool fails); /* commit what is open */
void world_verify(struct world *w, size_t index, bool is_valid);
void world_load(struct world *w, int error); /* the oldest */
void world_drain(struct world *w, struct world_link *link, size_t size);
void world_sleep(struct world *w); /* until the node wants to be woken */
void world_pass(struct world *w, kith_time mono, kith_time wall);
uint64_t world_token(struct world *w); /* for a command; 0 when too many wait */

void world_sign(const struct kith_id *author, const uint8_t *message, size_t size,
                uint8_t out[static KITH_SIGNATURE_SIZE]);
/* Room ids; `peer` counts only for WORLD_DIRECT. */
struct kith_id world_room_id(const struct world *w, enum world_room room, uint8_t peer);
struct world_link *world_link(struct world *w, uint32_t no);
struct kith_address world_address(uint8_t choice);
bool world_rooms_have(const struct kith_frame_rooms *rooms, const struct kith_tag *tag);

/* core_check.c */
void world_check_frame(struct world *w, struct world_link *link, struct kith_bytes bytes);
void world_check_tracker_frame(struct world *w, struct kith_bytes bytes);
void world_check_dial(const struct kith_effect *effect);
void world_check_notice(struct world *w, const struct kith_notice *notice);
void world_check_views(struct world *w, struct kith_bytes text);

/* core_disk.c */
void world_disk_put(struct world *w, const struct kith_effect *effect);
void world_disk_roll_back(struct world *w, size_t row_count);
void world_disk_restore(struct world *w);
/* The row of the log, with where it ends in `*out_end` (may be NULL): committed or not.
 */
const struct world_row *world_disk_log(const struct world *w, uint32_t log_no,
                                       bool is_committed,
                                       const struct world_row **out_end);
size_t world_disk_load(const struct world *w, uint32_t log_no, uint64_t seq_from,
                       uint64_t seq_last, size_t bytes_max, struct kith_stored_run *out,
                       size_t out_max);

/* core_peer.c: what the input has peers and trackers do */
void world_peer_act(struct world *w, struct kith_reader *in);
/* Of the four trackers added first, or of the four after them. */
void world_tracker_act(struct world *w, struct kith_reader *in, bool is_late);
void world_link_up(struct world *w, struct kith_reader *in);
void world_beacon(struct world *w, struct kith_reader *in);

/* core_people.c: what the input has people want */
void world_command(struct world *w, struct kith_reader *in);

#endif
