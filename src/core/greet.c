/* SPDX-License-Identifier: MIT */
#include "core/greet.h"

#include <string.h>

#include "core/dial.h"
#include "core/digest.h"
#include "core/exchange.h"
#include "core/intake.h"
#include "core/link.h"
#include "core/peer.h"
#include "core/share.h"

void kith_greet_prove(struct kith_node *node, struct kith_link *link)
{
    bool is_dialler = link->role == KITH_ROLE_DIALLER;
    struct kith_frame_proof proof;
    kith_digest_proof(node->network_key, link->role, link->exporter_net,
                      is_dialler ? &node->self->id : &link->id,
                      is_dialler ? &link->id : &node->self->id, proof.mac);
    kith_frame_proof_encode(&node->scratch, &proof);
    kith_link_send_scratch(node, link);
}

static void send_hello(struct kith_node *node, struct kith_link *link)
{
    char texts[KITH_HELLO_ADDRESSES_MAX][KITH_ADDRESS_TEXT_SIZE];
    const char *name = node->self->name.text;
    const struct kith_peer *peer = kith_peer_find(node, &link->id);
    struct kith_frame_hello hello = {
        .version_min = KITH_PROTO_VERSION,
        .version_max = KITH_PROTO_VERSION,
        .name = kith_bytes(name, strlen(name)),
        .address_count = node->listening_count,
        .capabilities = node->mapped.host[0] != '\0' ? KITH_CAPABILITY_MAPPED : 0,
        .lost = peer != NULL ? peer->lost : 0,
        .name_hlc = node->self->name_hlc,
    };
    link->losses += hello.lost;
    memcpy(hello.instance, node->instance, KITH_INSTANCE_SIZE);
    for (size_t i = 0; i < node->listening_count; i++) {
        kith_address_format(&node->listening[i], texts[i]);
        hello.addresses[i] = kith_bytes(texts[i], strlen(texts[i]));
    }
    kith_frame_hello_encode(&node->scratch, &hello);
    kith_link_send_scratch(node, link);
}

void kith_greet_proven(struct kith_node *node, struct kith_link *link)
{
    kith_outbox_add(&node->out, KITH_EFFECT_TRUST)->trust.link = link->no;
    if (link->role == KITH_ROLE_LISTENER)
        kith_greet_prove(node, link);
    send_hello(node, link);
}

/* The far end of an accepted link has a port of the moment; where it listens is what is
 * worth keeping. */
static void learn_address(struct kith_link *link, const struct kith_frame_hello *hello)
{
    struct kith_address told;
    if (link->role != KITH_ROLE_LISTENER || link->is_relayed ||
        hello->address_count == 0 ||
        kith_address_parse(hello->addresses[0], KITH_PORT_DEFAULT, true, &told, NULL) !=
            0 ||
        told.port == 0)
        return;
    link->remote.port = told.port;
    kith_peer_found_at(link->peer, &link->remote);
}

/* Who listens behind a router that maps a port is reached through it. */
static void learn_path(const struct kith_node *node, struct kith_link *link,
                       const struct kith_frame_hello *hello)
{
    bool is_theirs = (hello->capabilities & KITH_CAPABILITY_MAPPED) != 0;
    bool is_ours = node->mapped.host[0] != '\0';
    link->is_mapped = link->role == KITH_ROLE_DIALLER ? is_theirs : is_ours;
}

static void meet_self(struct kith_node *node, struct kith_link *link)
{
    bool is_this = memcmp(link->instance, node->instance, KITH_INSTANCE_SIZE) == 0;
    if (!is_this)
        kith_peer_warn(node, &node->self->id, KITH_WARNING_COPIED_HOME, 0);
    kith_link_close(node, link, KITH_BYE_SELF, KITH_ESELF);
}

/* An address that leads to a peer that is not wanted is not dialled until that is taken
 * back. */
static void turn_away(struct kith_node *node, struct kith_link *link, int error)
{
    if (link->dial != NULL)
        link->dial->peer = link->peer;
    kith_link_close(node, link, KITH_BYE_DISCONNECTED, error);
}

/* Connecting by hand to somebody disconnected by hand takes that back. */
static bool is_refused(struct kith_link *link)
{
    if (link->dial != NULL && link->dial->token != 0)
        link->peer->is_refused = false;
    return link->peer->is_refused;
}

/* A peer may name itself as of any time in its own profile events, so it may here, within
 * the bounds of those. */
static kith_hlc name_hlc(const struct kith_node *node,
                         const struct kith_frame_hello *hello)
{
    bool is_possible = kith_hlc_wall(hello->name_hlc) <= node->now.wall + KITH_FUTURE_MAX;
    return is_possible ? hello->name_hlc : 0;
}

static void go_live(struct kith_node *node, struct kith_link *link,
                    const struct kith_frame_hello *hello)
{
    link->state = KITH_LINK_LIVE;
    link->used_at = node->now.mono;
    link->since = node->now.wall;
    learn_path(node, link, hello);
    learn_address(link, hello);
    kith_peer_tells_name(node, link->peer, hello->name, name_hlc(node, hello));
    kith_dial_succeeded(node, link);
    if (!kith_link_settle(node, link))
        return;
    kith_pending_pause(node, link);
    if (node->link_count > KITH_LINKS_MAX)
        kith_link_make_room(node);
    if (link->state != KITH_LINK_LIVE)
        return; /* of all that are as idle it was the first to come */
    kith_link_send_ping(node, link);
    kith_share_offer(node, link);
    kith_exchange_offer(node, link);
    kith_node_wake_at(node, node->now.mono + KITH_PING_AFTER_LAN);
}

int kith_greet_hello(struct kith_node *node, struct kith_link *link,
                     const struct kith_frame_hello *hello)
{
    if (hello->version_min > KITH_PROTO_VERSION ||
        hello->version_max < KITH_PROTO_VERSION)
        return KITH_EVERSION;
    memcpy(link->instance, hello->instance, KITH_INSTANCE_SIZE);
    link->losses += hello->lost;
    if (kith_id_equal(&link->id, &node->self->id)) {
        meet_self(node, link);
        return 0;
    }
    link->peer = kith_peer_get(node, &link->id);
    if (link->peer == NULL)
        return 0;
    if (link->peer->is_blocked)
        turn_away(node, link, KITH_EBLOCKED);
    else if (is_refused(link))
        turn_away(node, link, KITH_EDISCONNECTED);
    else
        go_live(node, link, hello);
    return 0;
}
