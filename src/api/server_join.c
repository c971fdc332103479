/* SPDX-License-Identifier: MIT */
/* POST /api/v1/rooms/join {"room": "#garden"}: be in an open room. */
#include "api/server_room.h"

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    int error = notice->reply.error;
    if (!error)
        kith_request_room_answer(request, notice);
    else if (error == KITH_ELIMIT)
        kith_request_problem(request, error,
                             "a node is in at most %d rooms; leave one first, `kith "
                             "rooms` lists them",
                             KITH_JOINED_MAX);
    else
        kith_request_problem(request, error, "the room was not joined: %s; try again",
                             kith_error_text(error));
}

static void handle(struct kith_request *request)
{
    kith_request_room(request, KITH_COMMAND_JOIN, on_reply);
}

const struct kith_endpoint kith_endpoint_join = {
    .method = "POST",
    .path = "/api/v1/rooms/join",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
