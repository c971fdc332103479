/* SPDX-License-Identifier: MIT */
/* POST /api/v1/peers/connect {"address": …, "timeout": seconds}: dial an address, and
 * answer once the peer there said hello. */
#include "api/server_object.h"
#include "api/server_request.h"

#define CONNECT_MS 10000 /* unless told otherwise: longer than a slow handshake takes */

/* What is known is one's own side: which name and whether a passphrase; the other end
 * says nothing of its own. */
static void other_network(struct kith_request *request, const char *address)
{
    struct kith_network_view own = kith_runtime_network(request->server->config.runtime);
    kith_request_problem(request, KITH_EPROOF,
                         "connecting to %s failed: the node there is of another network "
                         "or has another passphrase; this one is of the network '%s' %s "
                         "(`kith network show` on both tells what differs)",
                         address, own.name,
                         own.has_passphrase ? "with a passphrase"
                                            : "without a passphrase");
}

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *address)
{
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_peer_view peer;
    if (notice->reply.error == KITH_EPROOF) {
        other_network(request, address);
        return;
    }
    if (notice->reply.error) {
        kith_request_problem(request, notice->reply.error,
                             "connecting to %s failed: %s; check the address, and that "
                             "a node of the same network runs there",
                             (const char *)address, kith_error_text(notice->reply.error));
        return;
    }
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    if (kith_node_peer(node, notice->reply.peer_no, &peer)) {
        kith_object_peer(&w, NULL, request->server, &peer);
    } else {
        kith_json_open(&w, NULL, '{');
        kith_json_close(&w, '}');
    }
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

static void timed_out(struct kith_request *request)
{
    kith_request_problem(request, KITH_ETIMEDOUT,
                         "no answer from that address yet; see that a kith is there, and "
                         "connect again");
}

static void connect_to(struct kith_request *request, struct kith_bytes text,
                       uint64_t timeout_ms)
{
    struct kith_command command = {.type = KITH_COMMAND_CONNECT};
    const char *why = "";
    int error =
        kith_address_parse(text, KITH_PORT_DEFAULT, false, &command.connect, &why);
    if (error) {
        kith_request_problem(request, error,
                             "%s; an address is host, host:port or "
                             "[IPv6]:port",
                             why);
        return;
    }
    char *shown = malloc(KITH_ADDRESS_TEXT_SIZE);
    error = KITH_ENOMEM;
    if (shown) {
        kith_address_format(&command.connect, shown);
        error = kith_request_command(request, &command, on_reply, shown);
    }
    if (error) {
        free(shown);
        kith_request_problem(request, error, "the node is busy; try again");
        return;
    }
    kith_request_wait(request, timeout_ms);
}

static void handle(struct kith_request *request)
{
    size_t size = 0;
    uint64_t timeout_ms;
    json_t *body = kith_request_json(request);
    if (!body)
        return;
    const char *address = kith_request_member(request, body, "address", &size);
    if (address && kith_request_timeout(request, body, CONNECT_MS, &timeout_ms))
        connect_to(request, kith_bytes(address, size), timeout_ms);
    json_decref(body);
}

const struct kith_endpoint kith_endpoint_connect = {
    .method = "POST",
    .path = "/api/v1/peers/connect",
    .body = KITH_BODY_JSON,
    .handle = handle,
    .timed_out = timed_out,
};
