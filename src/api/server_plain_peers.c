/* SPDX-License-Identifier: MIT */
/* GET /peers: an object of addresses and the time each was last seen, in seconds since
 * 1970, for scripts that know no ids. */
#include <string.h>

#include "api/server_request.h"

static bool is_host_shared(const struct kith_node *node,
                           const struct kith_peer_view *peer)
{
    struct kith_peer_view other;
    for (uint32_t no = 1; no <= kith_node_peer_count(node); no++)
        if (no != peer->no && kith_node_peer(node, no, &other) &&
            strcmp(other.address.host, peer->address.host) == 0)
            return true;
    return false;
}

static void write_peer(struct kith_writer *w, const struct kith_node *node,
                       const struct kith_peer_view *peer)
{
    char address[KITH_ADDRESS_TEXT_SIZE];
    bool is_plain =
        peer->address.port == KITH_PORT_DEFAULT && !is_host_shared(node, peer);
    kith_address_format(&peer->address, address);
    kith_json_number(w, is_plain ? peer->address.host : address,
                     (uint64_t)(peer->last_seen / KITH_SECOND));
}

static void handle(struct kith_request *request)
{
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_peer_view peer;
    kith_json_open(&w, NULL, '{');
    for (uint32_t no = 1; no <= kith_node_peer_count(node); no++)
        if (kith_node_peer(node, no, &peer) && peer.address.host[0])
            write_peer(&w, node, &peer);
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

const struct kith_endpoint kith_endpoint_plain_peers = {
    .method = "GET",
    .path = "/peers",
    .access = KITH_ACCESS_PLAIN,
    .handle = handle,
};
