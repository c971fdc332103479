/* SPDX-License-Identifier: MIT */
/* POST /api/v1/rooms/join {"room": "#garden"}: be in an open room. */
#include "api/server_room.h"

static void handle(struct kith_request *request)
{
    kith_request_room(request, KITH_COMMAND_JOIN, kith_request_room_joined);
}

const struct kith_endpoint kith_endpoint_join = {
    .method = "POST",
    .path = "/api/v1/rooms/join",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
