/* SPDX-License-Identifier: MIT */
/* PATCH /api/v1/self {"name": …}: rename the node. */
#include "api/server_request.h"

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    if (notice->reply.error) {
        kith_request_problem(request, notice->reply.error,
                             "the name was not changed; %schange it again",
                             kith_request_before_again(notice->reply.error));
        return;
    }
    kith_names_heard(&request->server->names, kith_server_node(request->server), 0);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "name", kith_node_name(kith_server_node(request->server)));
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

static void rename_to(struct kith_request *request, const char *text, size_t size)
{
    struct kith_command command = {.type = KITH_COMMAND_RENAME};
    const char *why = "";
    int error = kith_name_parse(kith_bytes(text, size), &command.rename, &why);
    if (error) {
        kith_request_problem(request, error, "%s; choose another one", why);
        return;
    }
    error = kith_request_command(request, &command, on_reply, NULL);
    if (error)
        kith_request_problem(request, error, "the node is busy; try again");
}

static void handle(struct kith_request *request)
{
    size_t size = 0;
    json_t *body = kith_request_json(request);
    if (!body)
        return;
    const char *name = kith_request_member(request, body, "name", &size);
    if (name)
        rename_to(request, name, size);
    json_decref(body);
}

const struct kith_endpoint kith_endpoint_rename = {
    .method = "PATCH",
    .path = "/api/v1/self",
    .body = KITH_BODY_JSON,
    .handle = handle,
};
