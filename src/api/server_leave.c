/* SPDX-License-Identifier: MIT */
/* POST /api/v1/rooms/leave {"room": "#garden"}: be in an open room no more. */
#include "api/server_room.h"

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    int error = notice->reply.error;
    if (!error)
        kith_request_room_answer(request, notice);
    else if (error == KITH_ENOTFOUND)
        kith_request_problem(request, error,
                             "this node is not in that room; `kith rooms` lists those "
                             "that it is in");
    else if (error == KITH_EINVALID)
        kith_request_problem(request, error,
                             "everybody is in #%s, where names are told; it cannot be "
                             "left",
                             KITH_LOBBY_NAME);
    else
        kith_request_problem(request, error, "the room was not left: %s; try again",
                             kith_error_text(error));
}

static void handle(struct kith_request *request)
{
    kith_request_room(request, KITH_COMMAND_LEAVE, on_reply);
}

const struct kith_endpoint kith_endpoint_leave = {
    .method = "POST",
    .path = "/api/v1/rooms/leave",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
