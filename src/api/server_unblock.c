/* SPDX-License-Identifier: MIT */
/* POST /api/v1/peers/unblock {"peer": TARGET}: take a block back. */
#include "api/server_mark.h"

static void handle(struct kith_request *request)
{
    kith_request_mark(request, KITH_COMMAND_BLOCK, NULL, false);
}

const struct kith_endpoint kith_endpoint_unblock = {
    .method = "POST",
    .path = "/api/v1/peers/unblock",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
