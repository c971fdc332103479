/* SPDX-License-Identifier: MIT */
/* GET /api/v1/rooms/members?room=TARGET: who is in it, besides this node. */
#include <string.h>

#include "api/server_object.h"
#include "api/server_request.h"

/* The other party of a direct room is in it, here or away; an open room has whoever says
 * so over a link. */
static bool is_in(const struct kith_node *node, const struct kith_target *target,
                  uint32_t peer_no)
{
    return target->is_direct ? peer_no == target->peer_no
                             : kith_node_is_in_room(node, target->room_no, peer_no);
}

static void answer(struct kith_request *request, const struct kith_target *target)
{
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_peer_view peer;
    kith_json_open(&w, NULL, '{');
    kith_json_open(&w, "members", '[');
    for (uint32_t no = 1; no <= kith_node_peer_count(node); no++)
        if (is_in(node, target, no) && kith_node_peer(node, no, &peer))
            kith_object_peer(&w, NULL, request->server, &peer);
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    kith_request_answer_tagged(request, &w);
}

static void handle(struct kith_request *request)
{
    struct kith_target target;
    const char *room = kith_request_query(request, "room");
    if (!room)
        kith_request_problem(request, KITH_EINVALID,
                             "“room” is missing: say whose members are wanted");
    else if (kith_request_target(request, kith_bytes(room, strlen(room)), &target))
        answer(request, &target);
}

const struct kith_endpoint kith_endpoint_members = {
    .method = "GET",
    .path = "/api/v1/rooms/members",
    .handle = handle,
};
