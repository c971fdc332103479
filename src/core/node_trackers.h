/* SPDX-License-Identifier: MIT */
/* Queries of a node (core/node.h) that are about trackers: where it registers, whom they
 * tell of, and what is done to be linked with them. Nothing changes here. */
#ifndef KITH_CORE_NODE_TRACKERS_H
#define KITH_CORE_NODE_TRACKERS_H

#include "core/node.h"

enum kith_reachability { KITH_REACH_UNKNOWN, KITH_REACH_NO, KITH_REACH_YES };

/* A tracker, and how it stands with it. */
struct kith_tracker_view {
    struct kith_address address;
    bool has_id;
    struct kith_id id;
    bool is_kept; /* over restarts: it came with an invite */
    bool is_registered;
    kith_time since; /* wall: registered since, or not registered since; 0: never was */
    int error;       /* not registered: of the last attempt; 0: the first is under way */
    unsigned failures;            /* in a row */
    struct kith_address observed; /* where it sees us; host "" when not told */
    enum kith_reachability reach; /* of the observed host, at our port */
    bool relays;
    uint32_t network_count; /* peers of this network there, at the last word */
    size_t candidate_count; /* that it told of, and are there */
};

/* Numbers run from 1 on; false when there is no such one. */
bool kith_node_tracker(const struct kith_node *node, uint32_t no,
                       struct kith_tracker_view *out);

/* Where this node may be told to be reached, those of most use first: as trackers reached
 * it, global ones, private ones. Returns how many. */
size_t kith_node_addresses(const struct kith_node *node, struct kith_address *out,
                           size_t out_max);

/* What is done to be linked with a peer that trackers tell of. */
struct kith_candidate_view {
    struct kith_id id;
    bool is_linked;
    bool is_relayed;           /* it is linked, by this relay */
    struct kith_address relay; /* host "" unless it is */
    size_t address_count;      /* known */
    const char *stage;         /* static: "direct", "meeting", "relay" or "waiting" */
    int direct_error;          /* of the last direct dial; 0: none failed */
    int meet_error;
    int relay_error;
};
/* In no order, from index 0; false past the last. */
bool kith_node_candidate(const struct kith_node *node, size_t index,
                         struct kith_candidate_view *out);

#endif
