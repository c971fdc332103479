/* SPDX-License-Identifier: MIT */
/* GET /api/v1/peers: every peer this node knows, those online first. */
#include "api/server_object.h"
#include "api/server_request.h"

static void write_peers(struct kith_writer *w, struct kith_server *server, bool is_online)
{
    const struct kith_node *node = kith_server_node(server);
    struct kith_peer_view peer;
    for (uint32_t no = 1; no <= kith_node_peer_count(node); no++)
        if (kith_node_peer(node, no, &peer) && peer.is_online == is_online)
            kith_object_peer(w, NULL, server, &peer);
}

static void handle(struct kith_request *request)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_open(&w, "peers", '[');
    write_peers(&w, request->server, true);
    write_peers(&w, request->server, false);
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    kith_request_answer_tagged(request, &w);
}

const struct kith_endpoint kith_endpoint_peers = {
    .method = "GET",
    .path = "/api/v1/peers",
    .handle = handle,
};
