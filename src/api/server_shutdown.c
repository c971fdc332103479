/* SPDX-License-Identifier: MIT */
/* POST /api/v1/shutdown: stop the node cleanly, once this was answered. */
#include "api/server_request.h"

#include <unistd.h>

static void handle(struct kith_request *request)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_bool(&w, "stopping", true);
    kith_json_number(&w, "pid", (uint64_t)getpid());
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_ACCEPTED, &w);
}

/* A request refused for its headers never came as far as `handle`. */
static void end(struct kith_request *request)
{
    if (request->is_handled)
        request->server->is_shutdown_due = true;
}

const struct kith_endpoint kith_endpoint_shutdown = {
    .method = "POST",
    .path = "/api/v1/shutdown",
    .handle = handle,
    .end = end,
};
