/* SPDX-License-Identifier: MIT */
#include "core/candidate.h"

#include <string.h>

#include "core/candidate_record.h"
#include "core/dial.h"
#include "core/exchange.h"
#include "core/link.h"
#include "core/mutual.h"
#include "core/peer.h"
#include "core/scope.h"
#include "core/tracker.h"

/* ---- the table ---- */

static struct kith_candidate *find(const struct kith_node *node, const struct kith_id *id)
{
    return kith_map_get(&node->tracking.candidate_map, id->bytes);
}

static uint8_t bit(const struct kith_tracker *tracker)
{
    return (uint8_t)(1u << (tracker->no - 1));
}

/* Each tracker fills a part of its own: one that makes up peers must not keep out those
 * that another one tells of. */
static bool is_full(const struct kith_node *node, const struct kith_tracker *tracker)
{
    size_t count = 0;
    kith_list_each (item, &node->tracking.candidates)
        count += (kith_list_item(item, struct kith_candidate, item)->trackers &
                  bit(tracker)) != 0;
    return count >= KITH_CANDIDATES_MAX;
}

static struct kith_candidate *add(struct kith_node *node, const struct kith_id *id)
{
    struct kith_tracking *tracking = &node->tracking;
    struct kith_candidate *candidate = kith_alloc_zero(node->alloc, sizeof(*candidate));
    if (candidate == NULL ||
        kith_map_put(&tracking->candidate_map, id->bytes, candidate) != 0) {
        kith_release(node->alloc, candidate);
        kith_node_break(node);
        return NULL;
    }
    candidate->id = *id;
    candidate->next_at = KITH_TIME_NEVER;
    kith_list_push(&tracking->candidates, &candidate->item);
    return candidate;
}

static void forget(struct kith_node *node, struct kith_candidate *candidate)
{
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++)
        kith_release(node->alloc, (void *)candidate->records[i].bytes.data);
    kith_map_remove(&node->tracking.candidate_map, candidate->id.bytes);
    kith_list_remove(&candidate->item);
    kith_release(node->alloc, candidate);
}

static void wait_until(struct kith_node *node, struct kith_candidate *candidate,
                       kith_time at)
{
    const struct kith_peer *peer = kith_peer_find(node, &candidate->id);
    if (peer != NULL && peer->link == NULL && at < peer->held_until)
        at = peer->held_until;
    candidate->next_at = at;
    kith_node_wake_at(node, at);
}

static bool is_lower(const struct kith_node *node, const struct kith_candidate *candidate)
{
    return kith_id_compare(&node->self->id, &candidate->id) < 0;
}

/* May it be asked for this? */
static bool serves(const struct kith_tracker *tracker,
                   const struct kith_candidate *candidate, enum kith_call_how how)
{
    return (candidate->trackers & bit(tracker)) != 0 &&
           tracker->state == KITH_TRACKER_REGISTERED &&
           (how != KITH_CALL_RELAY || tracker->relays);
}

/* Of the trackers that tell of it the one whose turn it is: one may not answer, or not be
 * reached by the peer. NULL: there is none. */
static struct kith_tracker *tracker_of(struct kith_node *node,
                                       const struct kith_candidate *candidate,
                                       enum kith_call_how how)
{
    struct kith_tracker *serving[KITH_TRACKERS_MAX];
    size_t count = 0;
    for (uint32_t no = 1; no <= node->tracking.count; no++)
        if (serves(kith_tracker_find(node, no), candidate, how))
            serving[count++] = kith_tracker_find(node, no);
    return count > 0 ? serving[candidate->turn % count] : NULL;
}

/* ---- attempts ---- */

/* A link that is up or coming up. NULL: none. */
static struct kith_link *find_link(const struct kith_node *node, const struct kith_id *id)
{
    struct kith_link *found = NULL;
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        bool is_theirs = link->state != KITH_LINK_CLOSING && kith_id_equal(&link->id, id);
        if (is_theirs && (found == NULL || found->is_relayed))
            found = link;
    }
    return found;
}

/* Soon: its address, or where it is told of, changed. */
static void begin_soon(struct kith_node *node, struct kith_candidate *candidate)
{
    if (candidate->stage != KITH_STAGE_REST)
        return;
    candidate->failures = 0;
    wait_until(node, candidate,
               node->now.mono + (is_lower(node, candidate) ? 0 : KITH_BEACON_COURTESY));
}

/* What is known now; more may come while an attempt is under way. */
static void dial_known(struct kith_node *node, struct kith_candidate *candidate)
{
    struct kith_address addresses[KITH_RECORD_ADDRESSES_MAX];
    size_t count = kith_candidate_addresses(node, candidate, addresses);
    if (count > 0 && candidate->dial_no == 0)
        candidate->dial_no =
            kith_dial_emit(node, addresses, count, &candidate->id)->dial.dial;
}

static void dial_directly(struct kith_node *node, struct kith_candidate *candidate)
{
    candidate->stage = KITH_STAGE_DIRECT;
    candidate->begun_at = node->now.mono;
    dial_known(node, candidate);
}

/* A REFUSED names no id: the beginning of it has to do. */
static uint64_t token_of(const struct kith_candidate *candidate)
{
    uint64_t token;
    memcpy(&token, candidate->id.bytes, sizeof(token));
    return token != 0 ? token : 1;
}

static void call(struct kith_node *node, const struct kith_candidate *candidate,
                 enum kith_call_how how)
{
    struct kith_tracker *tracker = tracker_of(node, candidate, how);
    if (tracker == NULL && how == KITH_CALL_RELAY)
        kith_mutual_call(node, &candidate->id);
    if (tracker == NULL)
        return;
    struct kith_frame_call frame = {
        .token = token_of(candidate), .id = candidate->id, .how = how};
    kith_frame_call_encode(&node->scratch, &frame);
    kith_tracker_send_scratch(node, tracker);
}

/* Half to all of the capped double. */
static kith_time pause_of(struct kith_node *node, const struct kith_candidate *candidate,
                          bool is_relayed)
{
    kith_time delay = is_relayed ? KITH_PATH_RETRY_MIN : KITH_SEEK_RETRY_MIN;
    kith_time most = is_relayed ? KITH_PATH_RETRY_MAX : KITH_SEEK_RETRY_MAX;
    for (unsigned i = 1; i < candidate->failures && delay < most; i++)
        delay *= 2;
    if (delay > most)
        delay = most;
    return delay / 2 + (kith_time)kith_rng_below(&node->rng, (uint64_t)delay / 2 + 1);
}

static void rest(struct kith_node *node, struct kith_candidate *candidate,
                 bool is_relayed)
{
    candidate->stage = KITH_STAGE_REST;
    candidate->failures++;
    wait_until(node, candidate, node->now.mono + pause_of(node, candidate, is_relayed));
}

/* The higher id's turn to call comes later, in case the lower one cannot. */
static kith_time courtesy(const struct kith_node *node,
                          const struct kith_candidate *candidate)
{
    return is_lower(node, candidate) ? 0 : KITH_CALL_COURTESY;
}

/* Whether anybody gets in here may have changed on our side as well as on the other. */
static void recheck(struct kith_node *node, const struct kith_candidate *candidate)
{
    for (uint32_t no = 1; no <= node->tracking.count; no++) {
        struct kith_tracker *tracker = kith_tracker_find(node, no);
        if ((candidate->trackers & bit(tracker)) != 0)
            kith_tracker_recheck(node, tracker);
    }
}

static void advance(struct kith_node *node, struct kith_candidate *candidate,
                    bool is_relayed)
{
    kith_time late = courtesy(node, candidate);
    switch (candidate->stage) {
    case KITH_STAGE_REST:
        if (is_relayed)
            recheck(node, candidate);
        dial_directly(node, candidate);
        wait_until(node, candidate, candidate->begun_at + KITH_MEET_AFTER + late);
        break;
    case KITH_STAGE_DIRECT:
        call(node, candidate, KITH_CALL_MEET);
        candidate->stage = KITH_STAGE_MEET;
        wait_until(node, candidate, candidate->begun_at + KITH_RELAY_AFTER + late);
        break;
    case KITH_STAGE_MEET:
        if (is_relayed) {
            rest(node, candidate, true);
            break;
        }
        call(node, candidate, KITH_CALL_RELAY);
        candidate->stage = KITH_STAGE_RELAY;
        wait_until(node, candidate, node->now.mono + KITH_RELAY_TIME);
        break;
    case KITH_STAGE_RELAY:
        candidate->turn++;
        if (!is_relayed)
            kith_mutual_call(node, &candidate->id); /* no tracker could */
        rest(node, candidate, is_relayed);
        break;
    }
}

static void look_at(struct kith_node *node, struct kith_candidate *candidate)
{
    const struct kith_peer *peer = kith_peer_find(node, &candidate->id);
    if (candidate->next_at == KITH_TIME_NEVER)
        return;
    if (candidate->next_at > node->now.mono) {
        kith_node_wake_at(node, candidate->next_at);
        return;
    }
    const struct kith_link *link = find_link(node, &candidate->id);
    bool is_direct = link != NULL && !link->is_relayed;
    if ((peer != NULL && kith_peer_is_unwanted(peer)) ||
        (is_direct && link->state == KITH_LINK_LIVE)) {
        candidate->stage = KITH_STAGE_REST;
        candidate->next_at = KITH_TIME_NEVER;
    } else if (is_direct) {
        wait_until(node, candidate, node->now.mono + KITH_DIAL_RETRY_MIN);
    } else {
        advance(node, candidate, link != NULL && link->state == KITH_LINK_LIVE);
    }
}

void kith_candidate_check_all(struct kith_node *node)
{
    if (!node->is_started || node->is_stopping)
        return;
    kith_list_each_safe (item, &node->tracking.candidates)
        look_at(node, kith_list_item(item, struct kith_candidate, item));
}

/* ---- what trackers say ---- */

void kith_candidate_told(struct kith_node *node, struct kith_tracker *tracker,
                         const struct kith_tracked *told)
{
    struct kith_candidate *candidate = find(node, &told->id);
    if (kith_id_equal(&told->id, &node->self->id) || node->is_stopping)
        return;
    if (told->state != KITH_TRACKED_HERE) {
        if (candidate == NULL)
            return;
        candidate->trackers &= (uint8_t)~bit(tracker);
        if (candidate->trackers == 0)
            forget(node, candidate);
        return;
    }
    bool is_told = candidate != NULL && (candidate->trackers & bit(tracker)) != 0;
    if (!is_told && is_full(node, tracker))
        return; /* there is enough to do; they are told of again */
    if (candidate == NULL)
        candidate = add(node, &told->id);
    if (candidate == NULL)
        return;
    candidate->trackers |= bit(tracker);
    kith_candidate_told_records(node, tracker, candidate, told);
    if (!kith_candidate_is_checked(node, &candidate->id))
        begin_soon(node, candidate);
}

/* All is known that was told of this peer. */
static void checked(struct kith_node *node, struct kith_candidate *candidate)
{
    const struct kith_link *link = find_link(node, &candidate->id);
    if (candidate->stage == KITH_STAGE_REST)
        begin_soon(node, candidate);
    else if (link == NULL || link->is_relayed)
        dial_known(node, candidate);
}

static void finish_check(struct kith_node *node, struct kith_candidate_check *check,
                         bool is_valid)
{
    struct kith_candidate *candidate = find(node, &check->id);
    if (candidate != NULL && is_valid)
        kith_candidate_keep(node, candidate, check);
    kith_list_remove(&check->item);
    kith_release(node->alloc, check);
    node->tracking.check_count--;
    if (candidate != NULL && !kith_candidate_is_checked(node, &candidate->id))
        checked(node, candidate);
}

bool kith_candidate_verified(struct kith_node *node, uint64_t verify_no, bool is_valid)
{
    kith_list_each (item, &node->tracking.checks) {
        struct kith_candidate_check *check =
            kith_list_item(item, struct kith_candidate_check, item);
        if (check->verify_no != verify_no)
            continue;
        finish_check(node, check, is_valid);
        return true;
    }
    return false;
}

/* Both were called: whose turn it was to call need not any more. */
static void was_called(struct kith_node *node, struct kith_candidate *candidate,
                       enum kith_candidate_stage stage, kith_time until)
{
    if (candidate->stage == KITH_STAGE_REST || candidate->stage >= stage)
        return;
    candidate->stage = stage;
    wait_until(node, candidate, until);
}

static void ring_meet(struct kith_node *node, const struct kith_tracker *tracker,
                      struct kith_candidate *candidate,
                      const struct kith_frame_ring *ring)
{
    struct kith_address address;
    if ((candidate->meet_no != 0 && candidate->meet_by == tracker->no) ||
        kith_address_parse(ring->address, 0, false, &address, NULL) != 0 ||
        (!kith_exchange_is_public(&address) &&
         !(tracker->is_loopback && kith_scope_is_loopback(address.host))))
        return;
    struct kith_effect *effect = kith_dial_emit(node, &address, 1, &candidate->id);
    candidate->meet_no = effect->dial.dial;
    candidate->meet_by = tracker->no;
    effect->dial.is_meeting = true;
    was_called(node, candidate, KITH_STAGE_MEET,
               candidate->begun_at + KITH_RELAY_AFTER + courtesy(node, candidate));
    effect->dial.role = ring->role == 'd' ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER;
}

static void ring_relay(struct kith_node *node, const struct kith_tracker *tracker,
                       struct kith_candidate *candidate,
                       const struct kith_frame_ring *ring)
{
    if (candidate->relay_no != 0 && candidate->relay_by == tracker->no)
        return;
    struct kith_effect *effect =
        kith_dial_emit(node, &tracker->remote, 1, &candidate->id);
    candidate->relay_no = effect->dial.dial;
    candidate->relay_by = tracker->no;
    effect->dial.role = ring->role == 'd' ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER;
    effect->dial.ticket = kith_outbox_copy(&node->out, ring->ticket).data;
    effect->dial.relay = tracker->id;
    effect->dial.is_in_tls = candidate->is_relayed_in_tls;
    was_called(node, candidate, KITH_STAGE_RELAY, node->now.mono + KITH_RELAY_TIME);
}

void kith_candidate_ring(struct kith_node *node, struct kith_tracker *tracker,
                         const struct kith_frame_ring *ring)
{
    struct kith_candidate *candidate = find(node, &ring->id);
    const struct kith_peer *peer = kith_peer_find(node, &ring->id);
    struct kith_link *link = find_link(node, &ring->id);
    if (candidate == NULL || (candidate->trackers & bit(tracker)) == 0 ||
        (peer != NULL && kith_peer_is_unwanted(peer)) ||
        !kith_tokens_take(&tracker->rings, node->now.mono, KITH_RINGS_PER_S,
                          KITH_RINGS_MOST))
        return;
    if (link != NULL && !link->is_relayed && link->state == KITH_LINK_LIVE &&
        !kith_link_doubt(node, link)) /* who has one does not call */
        return;
    if (ring->how == KITH_CALL_MEET)
        ring_meet(node, tracker, candidate, ring);
    else if (ring->how == KITH_CALL_RELAY)
        ring_relay(node, tracker, candidate, ring);
}

void kith_candidate_refused(struct kith_node *node, const struct kith_tracker *tracker,
                            const struct kith_frame_refused *refused)
{
    if (refused->reason != KITH_REFUSED_AWAY)
        return;
    kith_list_each (item, &node->tracking.candidates) {
        struct kith_candidate *candidate =
            kith_list_item(item, struct kith_candidate, item);
        if (token_of(candidate) != refused->token)
            continue;
        candidate->trackers &= (uint8_t)~bit(tracker);
        if (candidate->trackers == 0)
            forget(node, candidate);
        return;
    }
}

/* ---- what becomes of it ---- */

void kith_candidate_linked(struct kith_node *node, const struct kith_link *link)
{
    struct kith_candidate *candidate = find(node, &link->id);
    if (candidate == NULL)
        return;
    candidate->failures = 0;
    if (link->is_relayed) {
        rest(node, candidate, true);
        return;
    }
    candidate->stage = KITH_STAGE_REST;
    candidate->next_at = KITH_TIME_NEVER;
}

void kith_candidate_lost(struct kith_node *node, const struct kith_peer *peer)
{
    struct kith_candidate *candidate = find(node, &peer->id);
    if (candidate == NULL || kith_peer_is_unwanted(peer))
        return;
    bool is_dialled = peer->address.host[0] != '\0'; /* there, before: that goes first */
    kith_time delay = is_dialled ? KITH_CANDIDATE_YIELD : KITH_DIAL_RETRY_MIN;
    candidate->stage = KITH_STAGE_REST;
    candidate->failures = 0;
    wait_until(node, candidate,
               node->now.mono + delay +
                   (is_lower(node, candidate) ? 0 : KITH_BEACON_COURTESY));
}

bool kith_candidate_dialled(struct kith_node *node, uint32_t dial_no, int error)
{
    kith_list_each (item, &node->tracking.candidates) {
        struct kith_candidate *candidate =
            kith_list_item(item, struct kith_candidate, item);
        if (candidate->dial_no == dial_no) {
            candidate->dial_no = 0;
            candidate->direct_error = error;
        } else if (candidate->meet_no == dial_no) {
            candidate->meet_no = 0;
            candidate->meet_error = error;
        } else if (candidate->relay_no == dial_no) {
            candidate->relay_no = 0;
            candidate->relay_error = error;
            if (error != 0)
                candidate->is_relayed_in_tls = !candidate->is_relayed_in_tls;
        } else {
            continue;
        }
        return true;
    }
    return false;
}

void kith_candidate_tracker_lost(struct kith_node *node,
                                 const struct kith_tracker *tracker)
{
    kith_list_each_safe (item, &node->tracking.candidates) {
        struct kith_candidate *candidate =
            kith_list_item(item, struct kith_candidate, item);
        candidate->trackers &= (uint8_t)~bit(tracker);
        if (candidate->trackers == 0)
            forget(node, candidate);
    }
}

void kith_candidate_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->tracking.checks)
        kith_release(node->alloc,
                     kith_list_item(item, struct kith_candidate_check, item));
    kith_list_each_safe (item, &node->tracking.candidates)
        forget(node, kith_list_item(item, struct kith_candidate, item));
    kith_map_deinit(&node->tracking.candidate_map);
}
