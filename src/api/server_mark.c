/* SPDX-License-Identifier: MIT */
#include "api/server_mark.h"

#include "api/server_object.h"

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    struct kith_peer_view peer;
    if (notice->reply.error == KITH_ESELF) {
        kith_request_problem(request, KITH_EINVALID,
                             "that is this node itself; name another one");
    } else if (notice->reply.error || !kith_node_peer(kith_server_node(request->server),
                                                      notice->reply.peer_no, &peer)) {
        kith_request_problem(request, notice->reply.error,
                             "nothing was changed: %s; try again",
                             kith_error_text(notice->reply.error));
    } else {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        kith_object_peer(&w, NULL, request->server, &peer);
        kith_request_answer(request, MHD_HTTP_OK, &w);
    }
}

bool kith_request_peer(struct kith_request *request, struct kith_bytes text,
                       struct kith_id *out)
{
    struct kith_target target;
    if (!kith_request_target(request, text, &target))
        return false;
    if (!target.is_direct)
        kith_request_problem(request, KITH_EINVALID,
                             "that is a room; name a peer, `kith peers` lists them");
    *out = target.peer;
    return target.is_direct;
}

static bool read_flag(struct kith_request *request, const json_t *body, const char *flag,
                      bool *out)
{
    const json_t *member = flag ? json_object_get(body, flag) : NULL;
    if (!member)
        return true;
    if (!json_is_boolean(member)) {
        kith_request_problem(request, KITH_EINVALID,
                             "the member \"%s\" must be true or false", flag);
        return false;
    }
    *out = json_is_true(member);
    return true;
}

void kith_request_mark(struct kith_request *request, enum kith_command_type type,
                       const char *flag, bool is_on)
{
    struct kith_command command = {.type = type, .mark = {.is_on = is_on}};
    size_t size = 0;
    json_t *body = kith_request_json(request);
    if (!body)
        return;
    const char *peer = kith_request_member(request, body, "peer", &size);
    if (peer && read_flag(request, body, flag, &command.mark.is_on) &&
        kith_request_peer(request, kith_bytes(peer, size), &command.mark.peer) &&
        kith_request_command(request, &command, on_reply, NULL))
        kith_request_problem(request, KITH_ELIMIT, "the node is busy; try again");
    json_decref(body);
}
