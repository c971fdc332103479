/* SPDX-License-Identifier: MIT */
#include "core/node_trackers.h"

#include "core/engine.h"
#include "core/peer.h"
#include "core/scope.h"

static size_t count_candidates(const struct kith_node *node, uint32_t no)
{
    size_t count = 0;
    kith_list_each (item, &node->tracking.candidates)
        count +=
            kith_list_item(item, struct kith_candidate, item)->trackers >> (no - 1) & 1u;
    return count;
}

bool kith_node_tracker(const struct kith_node *node, uint32_t no,
                       struct kith_tracker_view *out)
{
    if (no == 0 || no > node->tracking.count)
        return false;
    const struct kith_tracker *tracker = &node->tracking.trackers[no - 1];
    *out = (struct kith_tracker_view){
        .address = tracker->address,
        .has_id = tracker->has_id,
        .id = tracker->id,
        .is_kept = tracker->is_kept,
        .is_registered = tracker->state == KITH_TRACKER_REGISTERED,
        .since = tracker->since,
        .error = tracker->error,
        .failures = tracker->state == KITH_TRACKER_REGISTERED ? 0 : tracker->failures,
        .observed = tracker->observed,
        .reach = tracker->reach,
        .relays = tracker->relays,
        .network_count = tracker->network_count,
        .candidate_count = count_candidates(node, no),
    };
    return true;
}

static void add_once(struct kith_address *out, size_t *count, size_t out_max,
                     const struct kith_address *address)
{
    for (size_t i = 0; i < *count; i++)
        if (kith_address_equal(&out[i], address))
            return;
    if (*count < out_max)
        out[(*count)++] = *address;
}

size_t kith_node_addresses(const struct kith_node *node, struct kith_address *out,
                           size_t out_max)
{
    size_t count = 0;
    for (size_t i = 0; i < node->tracking.count && node->listening_count > 0; i++) {
        const struct kith_tracker *tracker = &node->tracking.trackers[i];
        struct kith_address seen = tracker->observed;
        seen.port = node->listening[0].port;
        if (tracker->reach == KITH_REACH_YES)
            add_once(out, &count, out_max, &seen);
        if (tracker->mapped_reach == KITH_REACH_YES)
            add_once(out, &count, out_max, &node->mapped);
    }
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < node->listening_count; i++)
            if (kith_scope_is_global(node->listening[i].host) == (pass == 0))
                add_once(out, &count, out_max, &node->listening[i]);
    return count;
}

static size_t address_count(const struct kith_candidate *candidate)
{
    size_t count = 0;
    for (size_t slot = 0; slot < KITH_TRACKED_RECORDS_MAX; slot++) {
        struct kith_signed_addresses record;
        if (candidate->records[slot].counter != 0 &&
            kith_signed_addresses_decode(candidate->records[slot].bytes, &record) == 0)
            count += record.address_count;
    }
    return count;
}

bool kith_node_candidate(const struct kith_node *node, size_t index,
                         struct kith_candidate_view *out)
{
    static const char *const stages[] = {
        [KITH_STAGE_REST] = "waiting",
        [KITH_STAGE_DIRECT] = "direct",
        [KITH_STAGE_MEET] = "meeting",
        [KITH_STAGE_RELAY] = "relay",
    };
    kith_list_each (item, &node->tracking.candidates) {
        const struct kith_candidate *candidate =
            kith_list_item(item, struct kith_candidate, item);
        if (index-- > 0)
            continue;
        const struct kith_peer *peer = kith_peer_find(node, &candidate->id);
        const struct kith_link *link = peer != NULL ? peer->link : NULL;
        *out = (struct kith_candidate_view){
            .id = candidate->id,
            .address_count = address_count(candidate),
            .is_linked = link != NULL,
            .is_relayed = link != NULL && link->is_relayed,
            .stage = stages[candidate->stage],
            .direct_error = candidate->direct_error,
            .meet_error = candidate->meet_error,
            .relay_error = candidate->relay_error,
        };
        if (out->is_relayed)
            out->relay = link->remote;
        return true;
    }
    return false;
}
