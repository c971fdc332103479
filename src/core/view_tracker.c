/* SPDX-License-Identifier: MIT */
/* The queries of core/node.h that are about trackers: nothing changes here. */
#include "core/node.h"

#include "core/engine.h"
#include "core/peer.h"

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
        .is_registered = tracker->state == KITH_TRACKER_REGISTERED,
        .since = tracker->since,
        .error = tracker->error,
        .failures = tracker->failures,
        .observed = tracker->observed,
        .reach = tracker->reach,
        .relays = tracker->relays,
        .network_count = tracker->network_count,
        .candidate_count = count_candidates(node, no),
    };
    return true;
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
        *out = (struct kith_candidate_view){
            .id = candidate->id,
            .address_count = address_count(candidate),
            .stage =
                peer != NULL && peer->link != NULL ? "linked" : stages[candidate->stage],
            .direct_error = candidate->direct_error,
            .meet_error = candidate->meet_error,
            .relay_error = candidate->relay_error,
        };
        return true;
    }
    return false;
}
