/* SPDX-License-Identifier: MIT */
#include "core/link.h"

#include <string.h>

#include "core/acquaintance.h"
#include "core/candidate.h"
#include "core/dial.h"
#include "core/fork.h"
#include "core/greet.h"
#include "core/peer.h"
#include "core/remember.h"
#include "core/seek.h"
#include "core/share.h"
#include "core/stream.h"
#include "core/tracker.h"

struct kith_link *kith_link_find(const struct kith_node *node, uint32_t no)
{
    return no == 0 ? NULL : kith_map_get(&node->link_map, &no);
}

static struct kith_link *add(struct kith_node *node, const struct kith_input_link_up *up)
{
    struct kith_link *link = kith_alloc_zero(node->alloc, sizeof(*link));
    if (link == NULL || kith_map_put(&node->link_map, &up->link, link) != 0) {
        kith_release(node->alloc, link);
        kith_node_break(node);
        return NULL;
    }
    link->no = up->link;
    link->role = up->role;
    link->is_lan = up->is_lan;
    link->is_relayed = up->is_relayed;
    link->id = up->peer;
    link->remote = up->remote;
    link->up_at = link->heard_at = link->used_at = node->now.mono;
    memcpy(link->exporter_net, up->exporter_net, KITH_EXPORTER_SIZE);
    memcpy(link->exporter_room, up->exporter_room, KITH_EXPORTER_SIZE);
    kith_list_init(&link->shares);
    kith_list_init(&link->telling);
    kith_list_init(&link->busy_shares);
    kith_list_push(&node->links, &link->item);
    node->link_count++;
    return link;
}

/* Of those that have greeted, or of those that have not, how many there are, and which
 * has been of least use lately. */
static struct kith_link *find_idlest(const struct kith_node *node, bool is_live,
                                     size_t *out_count)
{
    struct kith_link *idlest = NULL;
    *out_count = 0;
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (link->state == KITH_LINK_CLOSING ||
            (link->state == KITH_LINK_LIVE) != is_live)
            continue;
        ++*out_count;
        if (idlest == NULL || link->used_at < idlest->used_at)
            idlest = link;
    }
    return idlest;
}

/* A stranger pushes out strangers alone. */
static void make_room_to_greet(struct kith_node *node)
{
    size_t live, strangers;
    (void)find_idlest(node, true, &live);
    struct kith_link *oldest = find_idlest(node, false, &strangers);
    if (live + strangers >= KITH_LINKS_MAX + KITH_STRANGERS_MAX && oldest != NULL)
        kith_link_close(node, oldest, KITH_BYE_LIMIT, KITH_ELIMIT);
}

void kith_link_make_room(struct kith_node *node)
{
    size_t live;
    struct kith_link *idlest = find_idlest(node, true, &live);
    if (live > KITH_LINKS_MAX)
        kith_link_close(node, idlest, KITH_BYE_LIMIT, KITH_ELIMIT);
}

void kith_link_open(struct kith_node *node, const struct kith_input_link_up *up)
{
    if (node->link_count >= KITH_LINKS_MAX + KITH_STRANGERS_MAX)
        make_room_to_greet(node);
    struct kith_link *link = add(node, up);
    if (link == NULL)
        return;
    if (up->dial == 0 || !kith_candidate_dialled(node, up->dial, 0))
        link->dial = kith_dial_reached(node, up->dial, link);
    node->link_up_at = node->now.mono;
    if (node->is_stopping) {
        kith_link_close(node, link, KITH_BYE_LEAVING, KITH_ECLOSED);
        return;
    }
    kith_node_wake_at(node, node->now.mono + KITH_HANDSHAKE_TIME);
    if (link->role == KITH_ROLE_DIALLER)
        kith_greet_prove(node, link);
}

struct kith_list *kith_link_draw(struct kith_node *node)
{
    struct kith_list *place = &node->links;
    size_t count = (size_t)kith_rng_below(&node->rng, node->link_count + 1);
    while (count-- > 0)
        place = place->next;
    return place;
}

const struct kith_link *kith_link_coming(const struct kith_node *node,
                                         const struct kith_id *id)
{
    kith_list_each (item, &node->links) {
        const struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if ((link->state == KITH_LINK_PROVING || link->state == KITH_LINK_GREETING) &&
            kith_id_equal(&link->id, id))
            return link;
    }
    return NULL;
}

bool kith_link_is_farewell(const struct kith_link *link)
{
    return link->has_left && link->bye_reason != KITH_BYE_REPLACED;
}

/* Who went without a word is dialled again, whoever dialled before. */
static void seek_again(struct kith_node *node, const struct kith_link *link,
                       const struct kith_peer *peer)
{
    bool is_ours = link->dial != NULL; /* which goes on by itself */
    if (!kith_link_is_farewell(link) && !is_ours && peer->address.host[0] != '\0' &&
        node->is_started)
        kith_dial_suggest(node, &peer->id, &peer->address, KITH_DIAL_RETRY_MIN,
                          KITH_DIAL_KEEP_TIME);
}

/* Half to all of the capped double: many nodes do not come back in one instant. */
static void hold(struct kith_node *node, struct kith_peer *peer, unsigned times,
                 kith_time most)
{
    kith_time pause = KITH_DIAL_RETRY_MIN;
    for (unsigned i = 0; i < times && pause < most; i++)
        pause *= 2;
    if (pause > most)
        pause = most;
    peer->held_until = node->now.mono + pause / 2 +
                       (kith_time)kith_rng_below(&node->rng, (uint64_t)pause / 2 + 1);
}

/* The peer has another link of ours in place of this one, and we have none: either three
 * links were met in different order, and we dial again at once; or it has a link to
 * another node of our identity, with which we would take it from one another for ever. */
static void give_way(struct kith_node *node, struct kith_peer *peer)
{
    if (peer->displaced < KITH_DISPLACED_HELD)
        return;
    if (peer->displaced == KITH_DISPLACED_COPIED)
        kith_peer_warn(node, &node->self->id, KITH_WARNING_COPIED_HOME, 0);
    hold(node, peer, peer->displaced, KITH_HOLD_MAX);
}

/* One of us sent what the other does not take, or is one too many there: who comes back
 * at once does the same again, or pushes out others, who come back as well. */
static bool was_turned_away(const struct kith_link *link)
{
    return link->bye_reason == KITH_BYE_FAULT || link->bye_reason == KITH_BYE_LIMIT;
}

/* As where a firewall ends what it let begin: it may go on like this for ever. */
static bool broke_at_once(const struct kith_node *node, const struct kith_link *link)
{
    return !kith_link_is_farewell(link) && !was_turned_away(link) &&
           node->now.mono - link->up_at < KITH_LINK_BRIEF;
}

static unsigned in_a_row(const struct kith_node *node, const struct kith_link *link,
                         unsigned before)
{
    return node->now.mono - link->up_at >= KITH_HOLD_FORGET ? 1 : before + 1;
}

/* To people a peer stays online while it moves from one link to another: of crossing
 * dials it may close ours before the other has greeted us. */
static void leave(struct kith_node *node, const struct kith_link *link,
                  struct kith_peer *peer)
{
    bool was_replaced = link->has_left && link->bye_reason == KITH_BYE_REPLACED;
    bool was_sent_off = link->has_left && link->bye_reason == KITH_BYE_DISCONNECTED;
    peer->is_moving =
        (was_replaced || peer->is_moving) && kith_link_coming(node, &peer->id);
    if (peer->is_moving)
        return;
    peer->lost++;
    peer->held_until = was_sent_off ? node->now.mono + KITH_DIAL_REFUSED_RETRY : 0;
    peer->displaced = was_replaced ? in_a_row(node, link, peer->displaced) : 0;
    peer->turned_away =
        was_turned_away(link) ? in_a_row(node, link, peer->turned_away) : 0;
    peer->broken = broke_at_once(node, link) ? peer->broken + 1 : 0;
    if (was_replaced)
        give_way(node, peer);
    else if (peer->turned_away > 0)
        hold(node, peer, peer->turned_away, KITH_HOLD_MAX);
    else if (peer->broken > 1)
        hold(node, peer, peer->broken, KITH_DIAL_RETRY_LATE);
    kith_peer_tell(node, peer, KITH_PEER_OFFLINE, NULL);
    kith_dial_peer_lost(node, peer);
    kith_candidate_lost(node, peer);
    seek_again(node, link, peer);
    if (link->has_left && link->bye_reason == KITH_BYE_LEAVING && !node->is_stopping)
        kith_remember_left(node, peer);
}

static void detach(struct kith_node *node, struct kith_link *link, int error)
{
    struct kith_peer *peer = kith_peer_find(node, &link->id);
    kith_share_close_all(node, link);
    if (peer != NULL && peer->link == link) {
        peer->link = NULL;
        peer->last_seen = node->now.wall;
        kith_peer_record(node, peer);
        leave(node, link, peer);
    } else if (peer != NULL && peer->is_moving) {
        leave(node, link, peer);
    }
    kith_dial_lost(node, link, error);
    link->dial = NULL;
    if (peer != NULL && peer->link == NULL)
        kith_acquaintance_left(node, peer);
}

void kith_link_lost(struct kith_node *node, uint32_t no, int error)
{
    struct kith_link *link = kith_link_find(node, no);
    if (link == NULL)
        return;
    /* To the dialler a closed connection before the listener's proof means that its own
     * proof was not accepted. */
    if (error == KITH_ECLOSED && link->state == KITH_LINK_PROVING && !link->has_left)
        error = KITH_EPROOF;
    if (error == KITH_EPROOF && link->state == KITH_LINK_PROVING &&
        link->role == KITH_ROLE_DIALLER)
        kith_link_warn_network(node, link);
    if (link->state != KITH_LINK_CLOSING) {
        if (error == KITH_EPROTO || error == KITH_ETOOBIG) { /* no frame at all */
            kith_peer_warn(node, &link->id, KITH_WARNING_FAULT, error);
            link->bye_reason = KITH_BYE_FAULT;
        }
        node->queued -= link->queued;
        link->state = KITH_LINK_CLOSING;
        detach(node, link, error);
    }
    kith_list_remove(&link->item);
    kith_map_remove(&node->link_map, &no);
    kith_release(node->alloc, link);
    node->link_count--;
}

static void emit_send(struct kith_node *node, struct kith_link *link,
                      struct kith_bytes bytes)
{
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_SEND);
    effect->send.link = link->no;
    effect->send.bytes = bytes;
    link->queued += bytes.size;
    if (link->state != KITH_LINK_CLOSING)
        node->queued += bytes.size;
}

void kith_link_send_scratch(struct kith_node *node, struct kith_link *link)
{
    if (node->scratch.failed)
        kith_node_break(node);
    else if (link->state != KITH_LINK_CLOSING)
        emit_send(node, link,
                  kith_outbox_copy(&node->out, kith_writer_view(&node->scratch)));
    kith_writer_clear(&node->scratch);
    node->is_stuffed |= kith_link_is_stuffed(link);
}

bool kith_link_is_stuffed(const struct kith_link *link)
{
    return link->queued > KITH_QUEUE_MAX;
}

void kith_link_close_stuffed(struct kith_node *node)
{
    if (!node->is_stuffed)
        return;
    node->is_stuffed = false;
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (kith_link_is_stuffed(link))
            kith_link_close(node, link, KITH_BYE_LIMIT, KITH_ELIMIT);
    }
}

bool kith_link_has_room(const struct kith_node *node, const struct kith_link *link)
{
    size_t most = node->queued < KITH_QUEUES_HIGH ? KITH_QUEUE_HIGH : 1;
    return link->state == KITH_LINK_LIVE && link->queued < most;
}

/* The link for which most is waiting; NULL: there is none. */
static struct kith_link *find_slowest(const struct kith_node *node)
{
    struct kith_link *slowest = NULL;
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (link->state != KITH_LINK_CLOSING &&
            (slowest == NULL || link->queued > slowest->queued))
            slowest = link;
    }
    return slowest;
}

void kith_link_bound_queues(struct kith_node *node)
{
    while (node->queued > KITH_QUEUES_MAX)
        kith_link_close(node, find_slowest(node), KITH_BYE_LIMIT, KITH_ELIMIT);
}

void kith_link_drained(struct kith_node *node, struct kith_link *link, size_t size)
{
    size = size < link->queued ? size : link->queued;
    link->queued -= size;
    if (link->state != KITH_LINK_CLOSING)
        node->queued -= size;
    if (link->queued > KITH_QUEUE_LOW || link->state != KITH_LINK_LIVE)
        return;
    kith_share_tell(node, link);
    kith_fork_drained(node, link);
    kith_stream_pump(node, link);
}

void kith_link_close(struct kith_node *node, struct kith_link *link,
                     enum kith_bye_reason reason, int error)
{
    if (link->state == KITH_LINK_CLOSING)
        return;
    if (!link->has_left && error != KITH_ETIMEDOUT) {
        link->bye_reason = (uint8_t)reason;
        kith_frame_bye_encode(&node->scratch, &(struct kith_frame_bye){.reason = reason});
        if (!node->scratch.failed)
            emit_send(node, link,
                      kith_outbox_copy(&node->out, kith_writer_view(&node->scratch)));
        kith_writer_clear(&node->scratch);
    }
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_CLOSE);
    effect->close.link = link->no;
    effect->close.error = error;
    link->state = KITH_LINK_CLOSING;
    node->queued -= link->queued;
    detach(node, link, error);
}

void kith_link_warn_network(struct kith_node *node, const struct kith_link *link)
{
    struct kith_notice *tell = &kith_outbox_add(&node->out, KITH_EFFECT_TELL)->tell;
    *tell = (struct kith_notice){.type = KITH_NOTICE_WARNING};
    tell->warning.warning = KITH_WARNING_NETWORK;
    tell->warning.peer = link->id;
    tell->warning.error = KITH_EPROOF;
    tell->warning.address = link->remote;
}

void kith_link_fault(struct kith_node *node, struct kith_link *link, int error)
{
    if (link->state == KITH_LINK_CLOSING)
        return;
    if (error == KITH_EPROOF)
        kith_link_warn_network(node, link);
    else
        kith_peer_warn(node, &link->id, KITH_WARNING_FAULT, error);
    kith_link_close(node, link, KITH_BYE_FAULT, error);
}

/* ---- doubt ---- */

void kith_link_asked(struct kith_node *node, struct kith_link *link)
{
    link->used_at = node->now.mono;
    if (link->asked_at == 0 && !link->is_lan) {
        link->asked_at = node->now.mono;
        kith_node_wake_at(node, link->asked_at + KITH_ANSWER_TIME);
    }
}

void kith_link_send_ping(struct kith_node *node, struct kith_link *link)
{
    link->ping_at = node->now.mono;
    link->is_way_asked = false;
    link->ping_token = kith_rng_u64(&node->rng);
    kith_frame_ping_encode(&node->scratch, KITH_FRAME_PING,
                           &(struct kith_frame_ping){.token = link->ping_token});
    kith_link_send_scratch(node, link);
}

static kith_time dead_after(const struct kith_link *link)
{
    return link->is_lan ? KITH_DEAD_AFTER_LAN : KITH_DEAD_AFTER;
}

/* It has KITH_PROBE_TIME to show that it lives. */
static void probe(struct kith_node *node, struct kith_link *link)
{
    kith_time heard_at = node->now.mono - (dead_after(link) - KITH_PROBE_TIME);
    if (link->heard_at > heard_at)
        link->heard_at = heard_at;
    if (link->ping_at == 0)
        kith_link_send_ping(node, link);
    kith_node_wake_at(node, link->heard_at + dead_after(link));
}

bool kith_link_doubt(struct kith_node *node, struct kith_link *link)
{
    bool is_silent = link->state == KITH_LINK_LIVE &&
                     node->now.mono - link->heard_at >= KITH_PROBE_TIME;
    if (is_silent)
        probe(node, link);
    return is_silent;
}

void kith_link_probe_all(struct kith_node *node)
{
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (link->state == KITH_LINK_LIVE)
            probe(node, link);
    }
}

/* ---- which of two links to one peer stays ---- */

static bool is_same_instance(const struct kith_peer *peer, const struct kith_link *link)
{
    return memcmp(peer->instance, link->instance, KITH_INSTANCE_SIZE) == 0;
}

/* It ended before the present one began; only its last words are late. */
static bool is_of_a_past_instance(const struct kith_peer *peer,
                                  const struct kith_link *link)
{
    return !is_same_instance(peer, link) && link->up_at < peer->instance_up_at;
}

static void remember_instance(struct kith_node *node, struct kith_link *link)
{
    struct kith_peer *peer = link->peer;
    if (is_same_instance(peer, link))
        return;
    if (memcmp(peer->instance_before, link->instance, KITH_INSTANCE_SIZE) == 0)
        kith_peer_warn(node, &peer->id, KITH_WARNING_COPIED_HOME, 0);
    memcpy(peer->instance_before, peer->instance, KITH_INSTANCE_SIZE);
    memcpy(peer->instance, link->instance, KITH_INSTANCE_SIZE);
    peer->instance_up_at = link->up_at;
}

/* PROTOCOL section 5: a new instance always replaces the old link; so does a link on
 * which more losses were told, for then the old one is lost on one side; one that is not
 * relayed; and a second dial from the same side. What is left are crossing dials: that of
 * the lower id stays. */
static bool wins(const struct kith_node *node, const struct kith_link *link,
                 const struct kith_link *old)
{
    if (memcmp(link->instance, old->instance, KITH_INSTANCE_SIZE) != 0)
        return true;
    if (link->losses != old->losses)
        return link->losses > old->losses;
    if (link->is_relayed != old->is_relayed)
        return old->is_relayed;
    if (link->role == old->role)
        return true;
    bool is_lower = kith_id_compare(&node->self->id, &link->id) < 0;
    return is_lower == (link->role == KITH_ROLE_DIALLER);
}

static void keep_address(struct kith_node *node, struct kith_link *link)
{
    struct kith_peer *peer = link->peer;
    if (link->role == KITH_ROLE_DIALLER && !link->is_relayed)
        kith_peer_found_at(peer, &link->remote);
    peer->last_seen = node->now.wall;
    kith_peer_record(node, peer);
}

bool kith_link_settle(struct kith_node *node, struct kith_link *link)
{
    struct kith_peer *peer = link->peer;
    struct kith_link *old = peer->link;
    if (is_of_a_past_instance(peer, link)) {
        kith_link_close(node, link, KITH_BYE_REPLACED, KITH_EREPLACED);
        return false;
    }
    if (old != NULL && !wins(node, link, old)) {
        kith_link_close(node, link, KITH_BYE_REPLACED, KITH_EREPLACED);
        kith_link_doubt(node, old); /* who has a link seldom dials */
        return false;
    }
    remember_instance(node, link);
    peer->link = link;
    kith_acquaintance_back(node, peer);
    keep_address(node, link);
    if (old != NULL) {
        kith_link_close(node, old, KITH_BYE_REPLACED, KITH_EREPLACED);
    } else if (!peer->is_moving) {
        peer->online_since = node->now.wall;
        kith_peer_tell(node, peer, KITH_PEER_ONLINE, NULL);
    }
    peer->is_moving = false;
    kith_candidate_linked(node, link);
    kith_seek_linked(node, peer);
    return true;
}

/* ---- silence ---- */

/* Of what it said, or of what a run should have brought. */
static kith_time ping_due(const struct kith_link *link)
{
    kith_time ping_after = link->is_lan ? KITH_PING_AFTER_LAN : KITH_PING_AFTER;
    kith_time due = kith_next_tick(link->heard_at + ping_after);
    kith_time answer = link->asked_at + KITH_ANSWER_TIME;
    return link->asked_at != 0 && answer < due ? answer : due;
}

/* Is it the peer that is silent, or our own way out? A router that has another address
 * now says nothing of it; whoever it no longer knows does, when asked. */
static void ask_way(struct kith_node *node, struct kith_link *link)
{
    if (link->is_lan || link->is_way_asked)
        return;
    if (node->now.mono < link->ping_at + KITH_PROBE_TIME) {
        kith_node_wake_at(node, link->ping_at + KITH_PROBE_TIME);
        return;
    }
    link->is_way_asked = true;
    kith_tracker_probe_all(node);
}

static void check_silence(struct kith_node *node, struct kith_link *link)
{
    kith_time now = node->now.mono;
    if (now - link->heard_at >= dead_after(link)) {
        kith_link_close(node, link, KITH_BYE_LEAVING, KITH_ETIMEDOUT);
        return;
    }
    if (link->ping_at == 0 && now >= ping_due(link))
        kith_link_send_ping(node, link);
    kith_node_wake_at(node, link->ping_at != 0 ? link->heard_at + dead_after(link)
                                               : ping_due(link));
    if (link->ping_at != 0)
        ask_way(node, link);
}

static void check(struct kith_node *node, struct kith_link *link)
{
    if (link->state == KITH_LINK_CLOSING)
        return;
    if (link->state == KITH_LINK_LIVE) {
        check_silence(node, link);
    } else if (node->now.mono - link->up_at >= KITH_HANDSHAKE_TIME) {
        kith_link_close(node, link, KITH_BYE_LIMIT, KITH_ETIMEDOUT);
    } else {
        kith_node_wake_at(node, link->up_at + KITH_HANDSHAKE_TIME);
    }
}

void kith_link_check_all(struct kith_node *node)
{
    kith_list_each (item, &node->links)
        check(node, kith_list_item(item, struct kith_link, item));
}

void kith_link_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        kith_share_close_all(node, link);
        kith_release(node->alloc, link);
    }
    kith_map_deinit(&node->link_map);
}
