/* SPDX-License-Identifier: MIT */
/* GET /api/v1/trackers: where this node registers, and how it stands there. */
#include "api/server_object.h"
#include "api/server_request.h"

static void handle(struct kith_request *request)
{
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    uint32_t no = 1;
    kith_json_open(&w, NULL, '{');
    kith_json_open(&w, "trackers", '[');
    while (kith_object_tracker(&w, NULL, node, no))
        no++;
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    kith_request_answer_tagged(request, &w);
}

const struct kith_endpoint kith_endpoint_trackers = {
    .method = "GET",
    .path = "/api/v1/trackers",
    .handle = handle,
};
