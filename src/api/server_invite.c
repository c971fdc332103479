/* SPDX-License-Identifier: MIT */
/* GET /api/v1/invites?room=: a link with which others meet this node, or the room. */
#include <string.h>

#include "api/server_object.h"
#include "api/server_request.h"
#include "base/invite.h"

static void add_trackers(const struct kith_node *node, struct kith_invite *invite)
{
    struct kith_tracker_view tracker;
    for (uint32_t no = 1; kith_node_tracker(node, no, &tracker) &&
                          invite->tracker_count < KITH_INVITE_TRACKERS_MAX;
         no++)
        invite->trackers[invite->tracker_count++] = (struct kith_tracker_address){
            .address = tracker.address, .has_id = tracker.has_id, .id = tracker.id};
}

static void write_invite(struct kith_request *request, struct kith_invite *invite)
{
    const struct kith_node *node = kith_server_node(request->server);
    const char *network = kith_runtime_network(request->server->config.runtime).name;
    struct kith_writer link = kith_writer(&kith_alloc_heap);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    invite->has_id = true;
    invite->id = *kith_node_id(node);
    snprintf(invite->name.text, sizeof invite->name.text, "%s", kith_node_name(node));
    snprintf(invite->network.text, sizeof invite->network.text, "%s", network);
    invite->address_count =
        kith_node_addresses(node, invite->addresses, KITH_INVITE_ADDRESSES_MAX);
    add_trackers(node, invite);
    kith_invite_format(invite, &link);
    if (link.failed) {
        kith_request_problem(request, KITH_ENOMEM, "out of memory; try again");
    } else {
        kith_json_open(&w, NULL, '{');
        kith_json_text(&w, "link", kith_writer_view(&link));
        kith_json_close(&w, '}');
        kith_request_answer(request, MHD_HTTP_OK, &w);
    }
    kith_writer_deinit(&link);
}

static void handle(struct kith_request *request)
{
    struct kith_invite invite = {0};
    struct kith_target target;
    struct kith_room_view room;
    const char *text = kith_request_query(request, "room");
    if (text != NULL) {
        if (!kith_request_target(request, kith_bytes(text, strlen(text)), &target))
            return;
        if (target.is_direct || target.is_foreign || target.is_left ||
            !kith_node_room(kith_server_node(request->server), target.room_no, &room)) {
            kith_request_problem(request, KITH_ENOTFOUND,
                                 "one can be invited to an open room that this node is "
                                 "in: `kith rooms` lists them, `kith join` joins one");
            return;
        }
        invite.has_room = true;
        snprintf(invite.room.text, sizeof invite.room.text, "%s", room.name);
    }
    write_invite(request, &invite);
}

const struct kith_endpoint kith_endpoint_invite = {
    .method = "GET",
    .path = "/api/v1/invites",
    .handle = handle,
};
