/* SPDX-License-Identifier: MIT */
/* POST /api/v1/invites/accept {"link": …, "timeout": seconds}: do what an invite says. */
#include <string.h>

#include "api/server_object.h"
#include "api/server_request.h"
#include "api/server_room.h"
#include "base/invite.h"

#define ACCEPT_MS 10000 /* unless told otherwise; the core gives up sooner */

static void on_found(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    struct kith_peer_view peer;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    (void)extra;
    if (notice->reply.error == KITH_ETIMEDOUT) {
        kith_request_problem(request, KITH_ETIMEDOUT,
                             "nobody was reached yet; who invited is looked for on and "
                             "on, and what is said meanwhile is delivered then");
    } else if (notice->reply.error != 0 ||
               !kith_node_peer(kith_server_node(request->server), notice->reply.peer_no,
                               &peer)) {
        kith_request_problem(
            request, notice->reply.error, "the invite cannot be followed: %s%s",
            kith_error_text(notice->reply.error),
            notice->reply.error == KITH_EBLOCKED ? "; `kith unblock` takes that back"
                                                 : "");
    } else {
        kith_object_peer(&w, NULL, request->server, &peer);
        kith_request_answer(request, MHD_HTTP_OK, &w);
    }
}

static bool is_our_network(struct kith_request *request, const struct kith_invite *invite)
{
    const char *own = kith_runtime_network(request->server->config.runtime).name;
    if (invite->network.text[0] == '\0' || strcmp(invite->network.text, own) == 0)
        return true;
    kith_request_problem(
        request, KITH_EPROOF,
        "this invite is to the network “%s”, and this node is in “%s”; start one in that "
        "network, with `kith up --network` and its passphrase, if it has one",
        invite->network.text, own);
    return false;
}

static int seek(struct kith_request *request, const struct kith_invite *invite)
{
    struct kith_command command = {
        .type = KITH_COMMAND_SEEK,
        .seek = {invite->id, invite->addresses, invite->address_count}};
    return invite->has_room ? kith_runtime_command(request->server->config.runtime,
                                                   &command, NULL, NULL)
                            : kith_request_command(request, &command, on_found, NULL);
}

static void on_registering(void *ctx, const struct kith_notice *notice)
{
    if (notice->reply.error == KITH_ELIMIT)
        kith_runtime_warn(ctx, "tracker",
                          "an invite's tracker is not used: there are as many as can be",
                          "start with those alone that are needed, or accept it again "
                          "once one of an invite was not reached for half an hour");
}

static int register_at(struct kith_runtime *runtime,
                       const struct kith_tracker_address *tracker)
{
    struct kith_command command = {
        .type = KITH_COMMAND_TRACKER,
        .tracker = {tracker->address, tracker->has_id, tracker->id, true}};
    return kith_runtime_command(runtime, &command, on_registering, runtime);
}

static int follow(struct kith_request *request, const struct kith_invite *invite)
{
    struct kith_command join = {.type = KITH_COMMAND_JOIN, .room = invite->room};
    int error = 0;
    for (size_t i = 0; i < invite->tracker_count && error == 0; i++)
        error = register_at(request->server->config.runtime, &invite->trackers[i]);
    if (error == 0 && invite->has_room)
        error = kith_request_command(request, &join, kith_request_room_joined, NULL);
    if (error == 0 && invite->has_id)
        error = seek(request, invite);
    return error;
}

static void accept_link(struct kith_request *request, struct kith_bytes link,
                        uint64_t timeout_ms)
{
    struct kith_invite invite;
    const char *why = "";
    if (kith_invite_parse(link, &invite, &why) != 0)
        kith_request_problem(request, KITH_EINVALID, "this is no invite: %s", why);
    else if (!is_our_network(request, &invite))
        return;
    else if (follow(request, &invite) != 0)
        kith_request_problem(request, KITH_ELIMIT, "the node is busy; try again");
    else
        kith_request_wait(request, timeout_ms);
}

static void handle(struct kith_request *request)
{
    size_t size = 0;
    uint64_t timeout_ms;
    json_t *body = kith_request_json(request);
    if (!body)
        return;
    const char *link = kith_request_member(request, body, "link", &size);
    if (link && kith_request_timeout(request, body, ACCEPT_MS, &timeout_ms))
        accept_link(request, kith_bytes(link, size), timeout_ms);
    json_decref(body);
}

static void timed_out(struct kith_request *request)
{
    kith_request_problem(request, KITH_ETIMEDOUT,
                         "nobody was reached yet; who invited is looked for on and on");
}

const struct kith_endpoint kith_endpoint_accept = {
    .method = "POST",
    .path = "/api/v1/invites/accept",
    .body = KITH_BODY_JSON,
    .handle = handle,
    .timed_out = timed_out,
};
