/* SPDX-License-Identifier: MIT */
/* GET /api/v1/peers/verify?peer=TARGET: the code that two people compare, which is the
 * same on both sides, and what it is made of. */
#include <string.h>

#include "api/server_mark.h"
#include "api/server_object.h"

static void answer(struct kith_request *request, const struct kith_id *id)
{
    const struct kith_node *node = kith_server_node(request->server);
    char text[KITH_ID_TEXT_SIZE];
    char code[KITH_CODE_SIZE];
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_id_format(kith_node_id(node), text);
    kith_json_string(&w, "own_id", text);
    kith_id_format(id, text);
    kith_json_string(&w, "id", text);
    kith_node_code(node, id, code);
    kith_json_string(&w, "code", code);
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

static void handle(struct kith_request *request)
{
    struct kith_id id;
    const char *peer = kith_request_query(request, "peer");
    if (!peer)
        kith_request_problem(request, KITH_EINVALID,
                             "“peer” is missing: say whose code is wanted");
    else if (kith_request_peer(request, kith_bytes(peer, strlen(peer)), &id))
        answer(request, &id);
}

const struct kith_endpoint kith_endpoint_verification = {
    .method = "GET",
    .path = "/api/v1/peers/verify",
    .handle = handle,
};
