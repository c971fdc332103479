/* SPDX-License-Identifier: MIT */
/* Hosts without a core: members of the network who mean ill.
 *
 * A liar greets as the protocol wants it and then says what is not so: of logs that are
 * nowhere, of heads it does not hold, runs that are altered, replayed, forked, badly
 * dated or nonsense, frames cut short. It keeps what it is sent, to pass it on changed,
 * and brings little of what it is asked for. A flooder does the same in floods. What they
 * write themselves is signed, so honest nodes have to keep it.
 *
 * liar.c has their links, lies.c what they say. */
#ifndef KITH_SIM_LIAR_H
#define KITH_SIM_LIAR_H

#include "core/node.h"
#include "host.h"
#include "proto/frame.h"

#define SIM_LIAR_RUNS    32 /* kept, the latest */
#define SIM_LIAR_ENTRIES 64
#define SIM_LIAR_LOGS    4 /* of its own, at once */

/* What it writes begins with one of these, if it reads at all: in the log where it
 * belongs, or in another, where it is to be shown to nobody. */
#define SIM_LIAR_PLACED    'L'
#define SIM_LIAR_MISPLACED 'X'

struct sim_liar_run {
    struct kith_id room;
    struct kith_bytes bytes; /* owned */
};

struct sim_liar_entry {
    struct kith_id room;
    struct kith_vector_entry entry;
};

struct sim_liar_log {
    struct kith_id room;
    struct kith_log_id log;
    enum kith_log_class log_class;
    uint64_t seq; /* of its head; 0: not begun */
    struct kith_id head;
    kith_hlc hlc;
    bool is_one_way; /* it is never begun anew, and may be dated days ahead: who parks it
                      * takes no other history of it */
    uint32_t taken_back; /* how often it was begun anew from an event: so many branches */
};

struct sim_liar_link {
    uint32_t link; /* 0: free */
    enum kith_role role;
    struct kith_id peer;
    uint8_t exporter_net[KITH_EXPORTER_SIZE];
    uint8_t exporter_room[KITH_EXPORTER_SIZE];
    bool is_live;
};

struct sim_liar {
    bool floods;
    struct sim_liar_link *links;
    size_t link_count;
    size_t link_capacity;
    uint32_t dial; /* the last */
    uint8_t instance[KITH_INSTANCE_SIZE];
    struct sim_liar_run runs[SIM_LIAR_RUNS];
    uint64_t run_count; /* ever */
    struct sim_liar_entry entries[SIM_LIAR_ENTRIES];
    uint64_t entry_count; /* ever */
    struct sim_liar_log logs[SIM_LIAR_LOGS];
    uint32_t log_count; /* ever begun */
    struct kith_writer writer;
    uint64_t lie_count;
};

/* A host that lies, at once. Returns its number. */
uint32_t sim_liar_add(struct sim_world *world, bool floods);
void sim_liar_free(struct sim_liar *liar);

/* How many were told in a world. */
uint64_t sim_liar_count_lies(const struct sim_world *world);

/* In place of kith_node_step. */
void sim_liar_take(struct sim_world *world, struct sim_host *host,
                   const struct kith_input *input);

/* Send what is in the writer, unless the link is down or has too much to send, and empty
 * it. */
void sim_liar_send(struct sim_world *world, struct sim_host *host,
                   const struct sim_liar_link *link);

/* The tag of a room in what the liar sends on this link. */
struct kith_tag sim_liar_tag(const struct sim_host *host,
                             const struct sim_liar_link *link,
                             const struct kith_id *room);

/* A room that it can talk of on this link: an open one, or that of the two. */
struct kith_id sim_liar_room(struct sim_world *world, const struct sim_host *host,
                             const struct sim_liar_link *link);

/* Lies, as many, all of one kind, on a link that is live (lies.c). */
void sim_lie(struct sim_world *world, struct sim_host *host,
             const struct sim_liar_link *link, uint64_t count);
/* An answer to whoever asked for a log: rarely what was asked for. */
void sim_lie_answer(struct sim_world *world, struct sim_host *host,
                    const struct sim_liar_link *link,
                    const struct kith_frame_graft *asked);
/* Forges what stands in the place of the run heard last. */
void sim_lie_overtake(struct sim_world *world, struct sim_host *host,
                      const struct sim_liar_link *link);

#endif
