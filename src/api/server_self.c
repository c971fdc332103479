/* SPDX-License-Identifier: MIT */
/* GET /api/v1/self: who and where this node is. */
#include <unistd.h>

#include "api/server_request.h"

static size_t count_online(const struct kith_node *node)
{
    size_t online = 0;
    struct kith_peer_view peer;
    for (uint32_t no = 1; no <= kith_node_peer_count(node); no++)
        online += kith_node_peer(node, no, &peer) && peer.is_online;
    return online;
}

static void write_network(struct kith_writer *w, const struct kith_runtime *runtime)
{
    struct kith_network_view network = kith_runtime_network(runtime);
    kith_json_open(w, "network", '{');
    kith_json_string(w, "name", network.name);
    kith_json_bool(w, "passphrase", network.has_passphrase);
    kith_json_string(w, "fingerprint", network.fingerprint);
    kith_json_close(w, '}');
}

static void write_listening(struct kith_writer *w, const struct kith_runtime *runtime)
{
    const struct kith_address *addresses = NULL;
    size_t count = kith_runtime_listening(runtime, &addresses);
    kith_json_open(w, "listen", '[');
    for (size_t i = 0; i < count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&addresses[i], text);
        kith_json_string(w, NULL, text);
    }
    kith_json_close(w, ']');
}

static void handle(struct kith_request *request)
{
    const struct kith_server_config *config = &request->server->config;
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    char id[KITH_ID_TEXT_SIZE];
    kith_id_format(kith_node_id(node), id);
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "id", id);
    kith_json_string(&w, "name", kith_node_name(node));
    kith_json_string(&w, "home", kith_runtime_home(config->runtime));
    write_network(&w, config->runtime);
    write_listening(&w, config->runtime);
    if (kith_server_http(request->server))
        kith_json_string(&w, "http", kith_server_http(request->server));
    else
        kith_json_null(&w, "http");
    kith_json_number(&w, "pid", (uint64_t)getpid());
    kith_json_string(&w, "version", config->version);
    kith_json_number(&w, "peers_online", count_online(node));
    kith_json_close(&w, '}');
    kith_request_answer_tagged(request, &w);
}

const struct kith_endpoint kith_endpoint_self = {
    .method = "GET",
    .path = "/api/v1/self",
    .handle = handle,
};
