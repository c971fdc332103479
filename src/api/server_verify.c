/* SPDX-License-Identifier: MIT */
/* POST /api/v1/peers/verify {"peer": TARGET, "verified": true}: say that its id was
 * compared, or take that back. */
#include "api/server_mark.h"

static void handle(struct kith_request *request)
{
    kith_request_mark(request, KITH_COMMAND_VERIFY, "verified", true);
}

const struct kith_endpoint kith_endpoint_verify = {
    .method = "POST",
    .path = "/api/v1/peers/verify",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
