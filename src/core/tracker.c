/* SPDX-License-Identifier: MIT */
#include "core/tracker.h"

#include <string.h>

#include "core/candidate.h"
#include "core/digest.h"
#include "core/exchange.h"
#include "core/link.h"
#include "core/lookup.h"
#include "core/scope.h"
#include "core/tracker_pin.h"

struct kith_tracker *kith_tracker_find(struct kith_node *node, uint32_t no)
{
    return no >= 1 && no <= node->tracking.count ? &node->tracking.trackers[no - 1]
                                                 : NULL;
}

static void wait(struct kith_node *node, struct kith_tracker *tracker, kith_time delay)
{
    tracker->state = KITH_TRACKER_WAITING;
    tracker->next_at = node->now.mono + delay;
    kith_node_wake_at(node, tracker->next_at);
}

/* ---- the table ---- */

static struct kith_tracker *find_address(struct kith_node *node,
                                         const struct kith_address *address)
{
    struct kith_tracking *tracking = &node->tracking;
    for (size_t i = 0; i < tracking->count; i++)
        if (kith_address_equal(&tracking->trackers[i].address, address))
            return &tracking->trackers[i];
    return NULL;
}

/* All places are taken: of those that came with invites the one that has failed longest
 * gives its own, and is kept no more. NULL: there is hope for each. */
static struct kith_tracker *give_way(struct kith_node *node)
{
    struct kith_tracker *least = NULL;
    for (size_t i = 0; i < node->tracking.count; i++) {
        struct kith_tracker *tracker = &node->tracking.trackers[i];
        if (tracker->is_kept && tracker->state == KITH_TRACKER_WAITING &&
            tracker->failures > KITH_TRACKER_EAGER &&
            (least == NULL || tracker->failures > least->failures))
            least = tracker;
    }
    if (least == NULL)
        return NULL;
    least->is_kept = false;
    kith_tracker_pin(node, least);
    return least;
}

static struct kith_tracker *add(struct kith_node *node,
                                const struct kith_address *address)
{
    struct kith_tracking *tracking = &node->tracking;
    const struct kith_tracker_pin *pin = kith_tracker_pin_find(node, address);
    struct kith_tracker *tracker = tracking->count < KITH_TRACKERS_MAX
                                       ? &tracking->trackers[tracking->count++]
                                       : give_way(node);
    if (tracker == NULL)
        return NULL;
    *tracker = (struct kith_tracker){.no = (uint32_t)(tracker - tracking->trackers) + 1,
                                     .address = *address};
    tracker->is_kept = pin != NULL && pin->is_kept;
    tracker->has_id = pin != NULL && !kith_id_is_zero(&pin->id);
    if (tracker->has_id)
        tracker->id = pin->id;
    wait(node, tracker, 0);
    return tracker;
}

int kith_tracker_add(struct kith_node *node, const struct kith_address *address,
                     const struct kith_id *id, bool is_kept)
{
    struct kith_tracker *tracker = find_address(node, address);
    if (tracker == NULL)
        tracker = add(node, address);
    if (tracker == NULL)
        return KITH_ELIMIT;
    bool may_replace = !is_kept || !tracker->has_id;
    if (id != NULL && may_replace && tracker->state == KITH_TRACKER_WAITING) {
        tracker->has_id = true;
        tracker->id = *id;
    }
    if (is_kept && !tracker->is_kept) {
        tracker->is_kept = true;
        kith_tracker_pin(node, tracker);
    }
    kith_tracker_check_all(node);
    return 0;
}

void kith_tracker_begin(struct kith_node *node,
                        const struct kith_tracker_address *trackers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)kith_tracker_add(node, &trackers[i].address,
                               trackers[i].has_id ? &trackers[i].id : NULL, false);
    kith_list_each (item, &node->tracking.pins) {
        const struct kith_tracker_pin *pin =
            kith_list_item(item, struct kith_tracker_pin, item);
        if (pin->is_kept && find_address(node, &pin->address) == NULL)
            add(node, &pin->address);
    }
    kith_tracker_check_all(node);
}

/* ---- telling ---- */

static void tell(struct kith_node *node, const struct kith_tracker *tracker)
{
    struct kith_notice *notice = &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    *notice = (struct kith_notice){.type = KITH_NOTICE_TRACKER};
    notice->tracker.tracker = tracker->no;
    notice->tracker.is_registered = tracker->state == KITH_TRACKER_REGISTERED;
    notice->tracker.error = tracker->error;
}

static void warn(struct kith_node *node, const struct kith_tracker *tracker, int error)
{
    struct kith_notice *notice = &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    *notice = (struct kith_notice){.type = KITH_NOTICE_WARNING};
    notice->warning.warning = KITH_WARNING_TRACKER;
    notice->warning.peer = tracker->id;
    notice->warning.error = error;
    notice->warning.address = tracker->address;
}

/* ---- sending ---- */

void kith_tracker_send_scratch(struct kith_node *node, struct kith_tracker *tracker)
{
    if (node->scratch.failed) {
        kith_node_break(node);
    } else {
        struct kith_effect *effect =
            kith_outbox_add(&node->out, KITH_EFFECT_TRACKER_SEND);
        effect->tracker_send.tracker = tracker->no;
        effect->tracker_send.bytes =
            kith_outbox_copy(&node->out, kith_writer_view(&node->scratch));
        tracker->sent_at = node->now.mono;
    }
    kith_writer_clear(&node->scratch);
}

static uint16_t port(const struct kith_node *node)
{
    return node->listening_count > 0 ? node->listening[0].port : 0;
}

static void add_once(struct kith_address *out, size_t *count,
                     const struct kith_address *address)
{
    for (size_t i = 0; i < *count; i++)
        if (kith_address_equal(&out[i], address))
            return;
    if (*count < KITH_RECORD_ADDRESSES_MAX)
        out[(*count)++] = *address;
}

/* May anybody be told of it? What has a meaning outside of this household: a global
 * address, and one whose host the tracker sees as well. */
static bool is_for_all(const struct kith_tracker *tracker,
                       const struct kith_address *address)
{
    return kith_scope_is_global(address->host) ||
           strcmp(address->host, tracker->observed.host) == 0;
}

static size_t collect(const struct kith_node *node, const struct kith_tracker *tracker,
                      bool is_public, struct kith_address out[KITH_RECORD_ADDRESSES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < node->listening_count; i++) {
        const struct kith_address *address = &node->listening[i];
        bool is_usable = kith_exchange_is_public(address) ||
                         (tracker->is_loopback && kith_scope_is_loopback(address->host));
        if (is_usable && is_for_all(tracker, address) == is_public)
            add_once(out, &count, address);
    }
    if (!is_public)
        return count;
    if (tracker->reach == KITH_REACH_YES) {
        struct kith_address seen = tracker->observed;
        seen.port = port(node);
        add_once(out, &count, &seen);
    }
    if (node->mapped.host[0] != '\0' && tracker->mapped_reach != KITH_REACH_NO)
        add_once(out, &count, &node->mapped);
    return count;
}

/* What changes on and on, as with an interface that comes and goes, is told as often as a
 * tracker takes it, the last of it in any case. */
static bool may_register(struct kith_node *node, struct kith_tracker *tracker)
{
    kith_time slow = node->now.mono / KITH_TRACKER_REGISTER_PAUSE;
    if (tracker->state != KITH_TRACKER_REGISTERED)
        return true; /* how often it is dialled has a limit of its own */
    tracker->is_untold = !kith_tokens_take(&tracker->registers, slow * KITH_SECOND, 1,
                                           KITH_TRACKER_REGISTERS_MOST);
    if (tracker->is_untold)
        kith_node_wake_at(node, (slow + 1) * KITH_TRACKER_REGISTER_PAUSE);
    return !tracker->is_untold;
}

void kith_tracker_register(struct kith_node *node, struct kith_tracker *tracker)
{
    if (!may_register(node, tracker))
        return;
    struct kith_address addresses[KITH_RECORD_ADDRESSES_MAX];
    const char *name = node->self->name.text;
    struct kith_frame_register frame = {
        .version_min = KITH_PROTO_VERSION,
        .version_max = KITH_PROTO_VERSION,
        .wants_check = port(node) != 0 && tracker->reach == KITH_REACH_UNKNOWN,
        .name = kith_bytes(name, strlen(name)),
        .port = port(node),
    };
    kith_digest_network_tag(node->network_key, &tracker->id, frame.tag);
    size_t count = collect(node, tracker, true, addresses);
    frame.record_public = kith_exchange_sign(node, addresses, count);
    count = collect(node, tracker, false, addresses);
    frame.record_local = kith_exchange_sign(node, addresses, count);
    tracker->told_at = node->now.mono;
    kith_frame_register_encode(&node->scratch, &frame);
    kith_tracker_send_scratch(node, tracker);
}

static void renew_all(struct kith_node *node)
{
    for (size_t i = 0; i < node->tracking.count; i++) {
        struct kith_tracker *tracker = &node->tracking.trackers[i];
        if (tracker->state == KITH_TRACKER_GREETING ||
            tracker->state == KITH_TRACKER_REGISTERED)
            kith_tracker_register(node, tracker);
    }
}

/* Nothing is known of how we are reached there. */
static void forget_reach(struct kith_tracker *tracker)
{
    tracker->reach = tracker->mapped_reach = KITH_REACH_UNKNOWN;
    tracker->recheck_at = 0;
    tracker->recheck_pause = KITH_TRACKER_RECHECK_MIN;
}

void kith_tracker_moved(struct kith_node *node)
{
    for (size_t i = 0; i < node->tracking.count; i++)
        forget_reach(&node->tracking.trackers[i]);
    renew_all(node);
}

void kith_tracker_recheck(struct kith_node *node, struct kith_tracker *tracker)
{
    bool is_reached =
        (tracker->reach == KITH_REACH_YES || port(node) == 0) &&
        (tracker->mapped_reach == KITH_REACH_YES || node->mapped.host[0] == '\0');
    if (tracker->state != KITH_TRACKER_REGISTERED || is_reached ||
        node->now.mono < tracker->recheck_at)
        return;
    tracker->recheck_at = node->now.mono + tracker->recheck_pause;
    if (tracker->recheck_pause < KITH_TRACKER_RECHECK_MAX)
        tracker->recheck_pause *= 2;
    if (tracker->reach == KITH_REACH_NO)
        tracker->reach = KITH_REACH_UNKNOWN;
    if (tracker->mapped_reach == KITH_REACH_NO)
        tracker->mapped_reach = KITH_REACH_UNKNOWN;
    kith_tracker_register(node, tracker);
}

void kith_tracker_renamed(struct kith_node *node)
{
    renew_all(node);
}

/* ---- the link ---- */

/* A connection of another program, or of our own before a restart, may hold the port to
 * that tracker for as long as it lasts. From another port nobody meets us, but all hear
 * of us, and a relay joins us. */
static bool is_port_held(const struct kith_tracker *tracker)
{
    return tracker->failures >= KITH_TRACKER_PORT_TRIES &&
           tracker->error == KITH_EADDRINUSE;
}

static void let_go(struct kith_node *node, struct kith_tracker *tracker, int error);

static void dial(struct kith_node *node, struct kith_tracker *tracker)
{
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_TRACKER_DIAL);
    effect->tracker_dial.tracker = tracker->no;
    effect->tracker_dial.address = tracker->address;
    effect->tracker_dial.has_expected = tracker->has_id;
    effect->tracker_dial.expected = tracker->id;
    tracker->is_from_any_port = is_port_held(tracker);
    effect->tracker_dial.is_from_any_port = tracker->is_from_any_port;
    tracker->state = KITH_TRACKER_DIALLING;
    tracker->is_replaced = false;
}

/* The same tracker by another address. It has one link of ours, and would end the first.
 */
static bool has_twin(struct kith_node *node, const struct kith_tracker *tracker)
{
    for (size_t i = 0; i < node->tracking.count; i++) {
        const struct kith_tracker *other = &node->tracking.trackers[i];
        if (other != tracker && kith_id_equal(&other->id, &tracker->id) &&
            (other->state == KITH_TRACKER_GREETING ||
             other->state == KITH_TRACKER_REGISTERED))
            return true;
    }
    return false;
}

static void pace_port(struct kith_tracker *tracker)
{
    kith_time pause = 2 * tracker->port_pause;
    if (!tracker->is_from_any_port)
        tracker->port_pause = 0;
    else if (tracker->port_pause == 0)
        tracker->port_pause = KITH_TRACKER_PORT_AGAIN_MIN;
    else
        tracker->port_pause =
            pause < KITH_TRACKER_PORT_AGAIN_MAX ? pause : KITH_TRACKER_PORT_AGAIN_MAX;
}

void kith_tracker_up(struct kith_node *node, uint32_t no, const struct kith_id *id,
                     const struct kith_address *remote)
{
    struct kith_tracker *tracker = kith_tracker_find(node, no);
    if (tracker == NULL || tracker->state != KITH_TRACKER_DIALLING)
        return;
    tracker->id = *id;
    tracker->has_id = true;
    kith_tracker_pin(node, tracker);
    if (has_twin(node, tracker)) {
        tracker->is_replaced = true;
        let_go(node, tracker, KITH_EREPLACED);
        return;
    }
    pace_port(tracker);
    tracker->state = KITH_TRACKER_GREETING;
    tracker->remote = *remote;
    tracker->is_loopback = kith_scope_is_loopback(remote->host);
    tracker->up_at = tracker->heard_at = node->now.mono;
    tracker->is_untold = false;
    tracker->ping_at = 0;
    if (tracker->observed.host[0] != '\0')
        tracker->before = tracker->observed;
    tracker->observed = (struct kith_address){0};
    forget_reach(tracker);
    tracker->has_more = false;
    kith_node_wake_at(node, node->now.mono + KITH_TRACKER_GREET_TIME);
    kith_tracker_register(node, tracker);
}

/* Half to all of the capped double, as for peers. */
static kith_time backoff(struct kith_node *node, unsigned failures)
{
    kith_time most =
        failures > KITH_TRACKER_EAGER ? KITH_TRACKER_RETRY_LATE : KITH_TRACKER_RETRY_MAX;
    kith_time delay = KITH_TRACKER_RETRY_MIN;
    for (unsigned i = 1; i < failures && delay < most; i++)
        delay = 2 * delay < most ? 2 * delay : most;
    return delay / 2 + (kith_time)kith_rng_below(&node->rng, (uint64_t)delay / 2 + 1);
}

/* Tells when it was registered, and the first time that it cannot be. */
static void lose(struct kith_node *node, struct kith_tracker *tracker, int error)
{
    bool was_registered = tracker->state == KITH_TRACKER_REGISTERED;
    bool was_steady =
        was_registered && node->now.mono - tracker->up_at >= KITH_TRACKER_STEADY;
    bool is_news = was_registered || tracker->failures == 0 || tracker->error != error;
    tracker->failures = was_steady ? 1 : tracker->failures + 1;
    tracker->error = error;
    if (was_registered)
        tracker->since = node->now.wall;
    wait(node, tracker,
         tracker->is_replaced ? KITH_TRACKER_REPLACED_RETRY
                              : backoff(node, tracker->failures));
    kith_candidate_tracker_lost(node, tracker);
    kith_lookup_tracker_lost(node, tracker);
    if (is_news)
        tell(node, tracker);
}

void kith_tracker_down(struct kith_node *node, uint32_t no, int error)
{
    struct kith_tracker *tracker = kith_tracker_find(node, no);
    if (tracker == NULL || tracker->state == KITH_TRACKER_WAITING)
        return;
    if (error == KITH_EIDENTITY && (tracker->failures == 0 || tracker->error != error))
        warn(node, tracker, error);
    lose(node, tracker, error);
}

static void let_go(struct kith_node *node, struct kith_tracker *tracker, int error)
{
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_TRACKER_CLOSE);
    effect->tracker_close.tracker = tracker->no;
    effect->tracker_close.error = error;
    lose(node, tracker, error);
}

void kith_tracker_fault(struct kith_node *node, struct kith_tracker *tracker, int error)
{
    warn(node, tracker, error);
    let_go(node, tracker, error);
}

void kith_tracker_registered(struct kith_node *node, struct kith_tracker *tracker)
{
    tracker->state = KITH_TRACKER_REGISTERED;
    tracker->since = node->now.wall;
    tracker->error = 0;
    tell(node, tracker);
}

void kith_tracker_frame(struct kith_node *node, uint32_t no, struct kith_bytes bytes)
{
    struct kith_tracker *tracker = kith_tracker_find(node, no);
    if (tracker == NULL || (tracker->state != KITH_TRACKER_GREETING &&
                            tracker->state != KITH_TRACKER_REGISTERED))
        return;
    tracker->heard_at = node->now.mono;
    if (tracker->ping_at != 0 && tracker->state == KITH_TRACKER_REGISTERED)
        kith_node_wake_at(node, tracker->sent_at + tracker->refresh); /* the next PING */
    tracker->ping_at = 0;
    int error = kith_tracker_receive(node, tracker, bytes);
    if (error != 0 && tracker->state != KITH_TRACKER_WAITING)
        kith_tracker_fault(node, tracker, error);
}

static void ping(struct kith_node *node, struct kith_tracker *tracker)
{
    kith_frame_ping_encode(&node->scratch, KITH_FRAME_PING,
                           &(struct kith_frame_ping){.token = 1});
    kith_tracker_send_scratch(node, tracker);
    tracker->ping_at = node->now.mono;
}

void kith_tracker_probe_all(struct kith_node *node)
{
    for (size_t i = 0; i < node->tracking.count; i++) {
        struct kith_tracker *tracker = &node->tracking.trackers[i];
        if (tracker->state == KITH_TRACKER_REGISTERED && tracker->ping_at == 0 &&
            node->now.mono - tracker->heard_at >= KITH_PROBE_TIME)
            ping(node, tracker);
    }
}

void kith_tracker_doubt_all(struct kith_node *node)
{
    kith_time heard_at = node->now.mono - (KITH_TRACKER_DEAD_AFTER - KITH_PROBE_TIME);
    for (size_t i = 0; i < node->tracking.count; i++) {
        struct kith_tracker *tracker = &node->tracking.trackers[i];
        if (tracker->state != KITH_TRACKER_REGISTERED)
            continue;
        if (tracker->heard_at > heard_at)
            tracker->heard_at = heard_at;
        if (tracker->ping_at == 0)
            ping(node, tracker);
        kith_node_wake_at(node, tracker->heard_at + KITH_TRACKER_DEAD_AFTER);
    }
}

static void check_silence(struct kith_node *node, struct kith_tracker *tracker)
{
    kith_time now = node->now.mono;
    if (now - tracker->heard_at >= KITH_TRACKER_DEAD_AFTER && tracker->ping_at != 0) {
        let_go(node, tracker, KITH_ETIMEDOUT);
        return;
    }
    kith_time ping_at = tracker->heard_at + KITH_TRACKER_PING_AFTER;
    if (ping_at > tracker->sent_at + tracker->refresh)
        ping_at = tracker->sent_at + tracker->refresh;
    if (tracker->ping_at == 0 && now >= ping_at)
        ping(node, tracker);
    kith_node_wake_at(node, tracker->ping_at != 0
                                ? tracker->heard_at + KITH_TRACKER_DEAD_AFTER
                                : ping_at);
}

static void check(struct kith_node *node, struct kith_tracker *tracker)
{
    kith_time now = node->now.mono;
    switch (tracker->state) {
    case KITH_TRACKER_WAITING:
        if (now >= tracker->next_at)
            dial(node, tracker);
        else
            kith_node_wake_at(node, tracker->next_at);
        break;
    case KITH_TRACKER_DIALLING:
        break;
    case KITH_TRACKER_GREETING:
        if (now - tracker->up_at >= KITH_TRACKER_GREET_TIME)
            let_go(node, tracker, KITH_ETIMEDOUT);
        else
            kith_node_wake_at(node, tracker->up_at + KITH_TRACKER_GREET_TIME);
        break;
    case KITH_TRACKER_REGISTERED:
        if (tracker->is_untold || now - tracker->told_at >= KITH_TRACKER_RECORD_LIFE)
            kith_tracker_register(node, tracker);
        if (tracker->is_from_any_port && now - tracker->up_at >= tracker->port_pause)
            let_go(node, tracker, KITH_EADDRINUSE);
        else
            check_silence(node, tracker); /* wakes us often enough for the port, too */
        break;
    }
}

void kith_tracker_check_all(struct kith_node *node)
{
    if (!node->is_started || node->is_stopping)
        return;
    for (size_t i = 0; i < node->tracking.count; i++)
        check(node, &node->tracking.trackers[i]);
}

void kith_tracker_leave_all(struct kith_node *node)
{
    for (size_t i = 0; i < node->tracking.count; i++) {
        struct kith_tracker *tracker = &node->tracking.trackers[i];
        if (tracker->state != KITH_TRACKER_GREETING &&
            tracker->state != KITH_TRACKER_REGISTERED)
            continue;
        kith_frame_bye_encode(&node->scratch,
                              &(struct kith_frame_bye){.reason = KITH_BYE_LEAVING});
        kith_tracker_send_scratch(node, tracker);
        struct kith_effect *effect =
            kith_outbox_add(&node->out, KITH_EFFECT_TRACKER_CLOSE);
        effect->tracker_close.tracker = tracker->no;
        effect->tracker_close.error = KITH_ECLOSED;
        tracker->state = KITH_TRACKER_WAITING;
    }
}
