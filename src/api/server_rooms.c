/* SPDX-License-Identifier: MIT */
/* GET /api/v1/rooms?all=: the conversations of this node. */
#include "api/server_object.h"
#include "api/server_request.h"

/* What was said in a room that was left is kept, and shown to who asks for it. */
static bool is_listed(const struct kith_room_view *room, bool has_all)
{
    return has_all || room->is_joined || room->is_foreign;
}

static void handle(struct kith_request *request)
{
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_room_view room;
    bool has_all = kith_request_query(request, "all") != NULL;
    kith_json_open(&w, NULL, '{');
    kith_json_open(&w, "rooms", '[');
    for (uint32_t no = 1; no <= kith_node_room_count(node); no++)
        if (kith_node_room(node, no, &room) && is_listed(&room, has_all))
            kith_object_room(&w, NULL, request->server, &room);
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    kith_request_answer_tagged(request, &w);
}

const struct kith_endpoint kith_endpoint_rooms = {
    .method = "GET",
    .path = "/api/v1/rooms",
    .handle = handle,
};
