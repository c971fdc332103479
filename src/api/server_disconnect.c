/* SPDX-License-Identifier: MIT */
/* POST /api/v1/peers/disconnect {"peer": TARGET}: close the link to a peer, and refuse it
 * until it is connected by hand again. */
#include "api/server_object.h"
#include "api/server_request.h"

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_peer_view peer;
    if (notice->reply.error) {
        kith_request_problem(request, notice->reply.error,
                             "nothing was disconnected: %s; `kith peers` shows who is "
                             "online",
                             kith_error_text(notice->reply.error));
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

static void disconnect(struct kith_request *request, struct kith_bytes text)
{
    struct kith_command command = {.type = KITH_COMMAND_DISCONNECT};
    struct kith_target target;
    if (!kith_request_target(request, text, &target))
        return;
    if (!target.is_direct) {
        kith_request_problem(request, KITH_EINVALID,
                             "only a peer can be disconnected, not a room");
        return;
    }
    command.disconnect = target.peer;
    int error = kith_request_command(request, &command, on_reply, NULL);
    if (error)
        kith_request_problem(request, error, "the node is busy; try again");
}

static void handle(struct kith_request *request)
{
    size_t size = 0;
    json_t *body = kith_request_json(request);
    if (!body)
        return;
    const char *peer = kith_request_member(request, body, "peer", &size);
    if (peer)
        disconnect(request, kith_bytes(peer, size));
    json_decref(body);
}

const struct kith_endpoint kith_endpoint_disconnect = {
    .method = "POST",
    .path = "/api/v1/peers/disconnect",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
