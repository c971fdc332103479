/* SPDX-License-Identifier: MIT */
/* What a tracker says: WELCOME, REACHABLE, PEERS, RING, REFUSED, and PING, PONG, BYE. */
#include "core/tracker.h"

#include <string.h>

#include "base/ip.h"
#include "core/candidate.h"
#include "core/link.h"
#include "core/lookup.h"

/* It may tell of one change after the other, and each has us sign and send. */
static bool may_change(struct kith_node *node, struct kith_tracker *tracker)
{
    return kith_tokens_take(&tracker->changes, node->now.mono, KITH_TRACKER_CHANGES_PER_S,
                            KITH_TRACKER_CHANGES_MOST);
}

/* Our router has another address, by its word: links of the old one are dead. */
static void doubt_links(struct kith_node *node, struct kith_tracker *tracker)
{
    if (node->now.mono < tracker->probe_at)
        return;
    tracker->probe_at = node->now.mono + KITH_TRACKER_PROBE_PAUSE;
    kith_link_probe_all(node);
}

static int receive_welcome(struct kith_node *node, struct kith_tracker *tracker,
                           struct kith_bytes fields)
{
    struct kith_frame_welcome frame;
    struct kith_ip_port place;
    int error = kith_frame_welcome_decode(fields, &frame);
    if (error != 0)
        return error;
    if (frame.version != KITH_PROTO_VERSION)
        return KITH_EVERSION;
    if (!kith_ip_port_parse(frame.observed, &place))
        return KITH_EPROTO;
    struct kith_address observed = kith_ip_port_address(&place);
    bool is_first = tracker->state == KITH_TRACKER_GREETING;
    if (is_first && tracker->before.host[0] != '\0' &&
        strcmp(tracker->before.host, observed.host) != 0)
        doubt_links(node, tracker);
    bool is_moved = strcmp(tracker->observed.host, observed.host) != 0 &&
                    (is_first || may_change(node, tracker));
    if (is_moved)
        tracker->reach = KITH_REACH_UNKNOWN;
    if (is_moved || strcmp(tracker->observed.host, observed.host) == 0)
        tracker->observed = observed;
    tracker->relays = (frame.capabilities & KITH_TRACKER_RELAYS) != 0;
    tracker->network_count = frame.network_count;
    tracker->refresh = (kith_time)frame.refresh_s * KITH_SECOND;
    if (tracker->refresh < KITH_TRACKER_REFRESH_MIN)
        tracker->refresh = KITH_TRACKER_REFRESH_MIN;
    if (is_first)
        kith_tracker_registered(node, tracker);
    kith_node_wake_at(node, node->now.mono + KITH_SECOND);
    if (is_moved)
        kith_tracker_register(node, tracker); /* what is for all depends on it */
    return 0;
}

static int receive_reachable(struct kith_node *node, struct kith_tracker *tracker,
                             struct kith_bytes fields)
{
    struct kith_frame_reachable frame;
    struct kith_address address;
    int error = kith_frame_reachable_decode(fields, &frame);
    if (error != 0)
        return error;
    if (kith_address_parse(frame.address, 0, false, &address, NULL) != 0)
        return KITH_EPROTO;
    enum kith_reachability reach = frame.is_reached ? KITH_REACH_YES : KITH_REACH_NO;
    enum kith_reachability *known = NULL;
    if (kith_address_equal(&address, &node->mapped))
        known = &tracker->mapped_reach;
    else if (strcmp(address.host, tracker->observed.host) == 0 &&
             node->listening_count > 0 && address.port == node->listening[0].port)
        known = &tracker->reach;
    if (known == NULL || *known == reach || !may_change(node, tracker))
        return 0;
    *known = reach;
    kith_tracker_register(node, tracker);
    return 0;
}

static int receive_peers(struct kith_node *node, struct kith_tracker *tracker,
                         struct kith_bytes fields)
{
    struct kith_frame_peers frame;
    int error = kith_frame_peers_decode(fields, &frame);
    if (error != 0)
        return error;
    if (frame.token != 0) {
        kith_lookup_answered(node, tracker, &frame);
        return 0;
    }
    for (size_t i = 0; i < frame.count; i++)
        kith_candidate_told(node, tracker, &frame.peers[i]);
    if (frame.has_more && !tracker->has_more) { /* once a link */
        tracker->has_more = true;
        kith_lookup_contacts(node, tracker);
    }
    return 0;
}

static int receive_ring(struct kith_node *node, struct kith_tracker *tracker,
                        struct kith_bytes fields)
{
    struct kith_frame_ring frame;
    int error = kith_frame_ring_decode(fields, &frame);
    if (error == 0)
        kith_candidate_ring(node, tracker, &frame);
    return error;
}

static int receive_refused(struct kith_node *node, struct kith_tracker *tracker,
                           struct kith_bytes fields)
{
    struct kith_frame_refused frame;
    int error = kith_frame_refused_decode(fields, &frame);
    if (error == 0)
        kith_candidate_refused(node, tracker, &frame);
    return error;
}

static int receive_ping(struct kith_node *node, struct kith_tracker *tracker,
                        struct kith_bytes fields)
{
    struct kith_frame_ping frame;
    int error = kith_frame_ping_decode(fields, &frame);
    if (error != 0)
        return error;
    kith_frame_ping_encode(&node->scratch, KITH_FRAME_PONG, &frame);
    kith_tracker_send_scratch(node, tracker);
    return 0;
}

static int receive_pong(struct kith_node *node, struct kith_tracker *tracker,
                        struct kith_bytes fields)
{
    struct kith_frame_ping frame;
    (void)node, (void)tracker;
    return kith_frame_ping_decode(fields, &frame);
}

/* It closes now, and is dialled again. */
static int receive_bye(struct kith_node *node, struct kith_tracker *tracker,
                       struct kith_bytes fields)
{
    struct kith_frame_bye frame;
    (void)node;
    int error = kith_frame_bye_decode(fields, &frame);
    tracker->is_replaced = error == 0 && frame.reason == KITH_BYE_REPLACED;
    return error;
}

static const struct {
    uint8_t type;
    bool is_greeting; /* may come before WELCOME */
    int (*receive)(struct kith_node *node, struct kith_tracker *tracker,
                   struct kith_bytes fields);
} receivers[] = {
    {KITH_FRAME_WELCOME, true, receive_welcome},
    {KITH_FRAME_BYE, true, receive_bye},
    {KITH_FRAME_PING, true, receive_ping},
    {KITH_FRAME_PONG, true, receive_pong},
    {KITH_FRAME_REACHABLE, false, receive_reachable},
    {KITH_FRAME_PEERS, false, receive_peers},
    {KITH_FRAME_RING, false, receive_ring},
    {KITH_FRAME_REFUSED, false, receive_refused},
};

int kith_tracker_receive(struct kith_node *node, struct kith_tracker *tracker,
                         struct kith_bytes bytes)
{
    bool is_registered = tracker->state == KITH_TRACKER_REGISTERED;
    if (bytes.size == 0)
        return KITH_EPROTO;
    for (size_t i = 0; i < sizeof(receivers) / sizeof(receivers[0]); i++)
        if (receivers[i].type == bytes.data[0])
            return is_registered || receivers[i].is_greeting
                       ? receivers[i].receive(node, tracker,
                                              kith_bytes(bytes.data + 1, bytes.size - 1))
                       : KITH_EUNEXPECTED;
    return is_registered ? 0 : KITH_EUNEXPECTED; /* of a later version */
}
