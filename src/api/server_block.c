/* SPDX-License-Identifier: MIT */
/* POST /api/v1/peers/block {"peer": TARGET}: never be linked with a peer again, and be
 * shown nothing that it says. */
#include "api/server_mark.h"

static void handle(struct kith_request *request)
{
    kith_request_mark(request, KITH_COMMAND_BLOCK, NULL, true);
}

const struct kith_endpoint kith_endpoint_block = {
    .method = "POST",
    .path = "/api/v1/peers/block",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
