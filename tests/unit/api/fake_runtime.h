/* SPDX-License-Identifier: MIT */
/* A runtime and a node in memory: the functions of node/runtime.h and core/node.h that
 * the server calls, over lists that a test fills. */
#ifndef TESTS_UNIT_API_FAKE_RUNTIME_H
#define TESTS_UNIT_API_FAKE_RUNTIME_H

#include "node/runtime.h"

#define FAKE_PEERS_MAX 64

/* How often kith_node_peer was asked: what it costs to look at all of them. */
extern size_t fake_view_count;

struct fake_entry {
    uint32_t room_no;
    uint32_t log_no;
    uint32_t author_no;
    uint64_t seq;
    uint64_t arrival;
    kith_time seen;
    kith_hlc hlc;
    struct kith_id id;
    char *text; /* owned */
    size_t size;
};

struct fake_peer {
    struct kith_id id;
    struct kith_name name;
    bool is_online;
    bool is_blocked;
    bool is_verified;
};

struct fake_ack {
    uint32_t log_no;
    uint32_t peer_no;
    uint64_t seq;
};

struct fake_reply {
    struct kith_list link;
    kith_reply_cb *reply;
    void *ctx;
    struct kith_notice notice;
    struct kith_id *ids; /* owned */
    uint64_t arrival_first;
};

struct kith_node {
    struct kith_id id;
    struct kith_name name;
    struct fake_peer peers[FAKE_PEERS_MAX + 1]; /* by number */
    bool is_one_host;                           /* at which all of them are */
    bool is_one_address;                        /* the same, with the port */
    size_t peer_count;
    size_t room_count;                              /* 1 is the lobby */
    uint32_t room_peer[FAKE_PEERS_MAX + 2];         /* direct: the other party */
    struct kith_name room_name[FAKE_PEERS_MAX + 2]; /* open, but the lobby */
    bool room_left[FAKE_PEERS_MAX + 2];
    struct fake_ack acks[64];
    size_t ack_count;
    struct kith_dial_view dial; /* the only one; port 0: there is none */
    struct kith_beacon_counts beacons;
    size_t parked_count;
    struct kith_tracker_view trackers[2];
    size_t tracker_count;
    struct kith_candidate_view candidate; /* the only one, if it has a stage */
    bool is_relayed;                      /* the path to all peers */
};

struct kith_runtime {
    struct kith_node node;
    uv_loop_t *loop;
    uv_check_t check; /* replies to the commands of this turn */
    uv_idle_t idle;
    struct kith_list observers;
    struct kith_list replies;
    struct fake_entry *entries;
    size_t entry_count;
    size_t entry_capacity;
    uint64_t seqs[512]; /* by log number: the highest */
    kith_time wall;
    size_t unanswered;
    size_t unanswered_max; /* past it: KITH_ELIMIT */
    size_t command_count;
    size_t batch_max;           /* texts in the largest command */
    unsigned index_steps;       /* until the search index is filled */
    unsigned history_steps;     /* until a page of history comes to what it shows */
    bool is_holding;            /* replies wait */
    bool holds_all;             /* every run that is to be imported is there already */
    int reply_error;            /* for all that come, or 0 */
    struct kith_found found[2]; /* what trackers know */
    size_t found_count;
    struct kith_command asked; /* the last LOOKUP */
    struct kith_lan_view lan;
    struct kith_mapping_view mapping;
    size_t interface_count;
    int store_error;
    int index_error;
    int read_error;
    const char *warning; /* or NULL */
    struct kith_address listen[1];
    struct kith_run run; /* scratch */
};

struct kith_runtime *fake_runtime_new(uv_loop_t *loop);
void fake_runtime_close(
    struct kith_runtime *runtime); /* its handles; then run the loop */
void fake_runtime_free(struct kith_runtime *runtime);

uint32_t fake_add_peer(struct kith_runtime *runtime, const char *name, bool is_online);
void fake_rename_peer(struct kith_runtime *runtime, uint32_t peer_no, const char *name);
void fake_set_online(struct kith_runtime *runtime, uint32_t peer_no, bool is_online);

/* A message of a peer arrives and is told. */
void fake_receive(struct kith_runtime *runtime, uint32_t author_no, bool is_direct,
                  const char *text, kith_time written);

/* A peer acknowledges a log of ours. */
void fake_deliver(struct kith_runtime *runtime, uint32_t log_no, uint64_t seq,
                  uint32_t peer_no);

/* It is told that this tracker is registered now, or no more. */
void fake_tell_tracker(struct kith_runtime *runtime, uint32_t no);

/* Replies that were held go out. */
void fake_release(struct kith_runtime *runtime);

#endif
