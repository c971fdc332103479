/* SPDX-License-Identifier: MIT */
/* GET /api/v1/messages/{id}: one message, and who holds it.
 *
 * Ids are indexed after the fact: one that is not found is looked for again once all that
 * is stored is in the index. */
#include "api/server_object.h"
#include "api/server_request.h"

#include <stdlib.h>
#include <string.h>

enum {
    HOLDERS_MAX = 256, /* listed; `held_by` counts all */
    PATIENCE_MS = 25000,
};

struct looking {
    struct kith_server *server;
    struct kith_writer w;
    struct kith_id id;
    uint64_t deadline_ms; /* loop time */
    bool is_found;
};

static void write_holders(struct kith_writer *w, struct kith_server *server,
                          const struct kith_message *message)
{
    const struct kith_node *node = kith_server_node(server);
    uint32_t holders[HOLDERS_MAX];
    struct kith_peer_view peer;
    char id[KITH_ID_TEXT_SIZE];
    size_t count =
        kith_node_holders(node, message->log_no, message->seq, holders, HOLDERS_MAX);
    kith_json_open(w, "holders", '[');
    for (size_t i = 0; i < count; i++) {
        if (!kith_node_peer(node, holders[i], &peer))
            continue;
        kith_id_format(&peer.id, id);
        kith_json_open(w, NULL, '{');
        kith_json_string(w, "id", id);
        kith_json_string(w, "name", kith_names_get(&server->names, node, peer.no));
        kith_json_close(w, '}');
    }
    kith_json_close(w, ']');
}

static int visit(void *ctx, const struct kith_entry *entry)
{
    struct looking *looking = ctx;
    struct kith_message message;
    if (!kith_message_from_entry(entry, &message))
        return 0;
    looking->is_found = true;
    kith_json_open(&looking->w, NULL, '{');
    kith_object_message_members(&looking->w, looking->server, &message);
    if (message.author_no == 0)
        write_holders(&looking->w, looking->server, &message);
    kith_json_close(&looking->w, '}');
    return 0;
}

static void step(struct kith_request *request)
{
    struct looking *looking = request->state;
    struct kith_runtime *runtime = request->server->config.runtime;
    bool is_indexed = kith_runtime_index(runtime);
    int result = kith_runtime_message(runtime, &looking->id, visit, looking);
    if (looking->is_found) {
        kith_request_answer_tagged(request, &looking->w);
        looking->w = kith_writer(&kith_alloc_heap);
    } else if (result < 0 && result != KITH_ENOTFOUND) {
        kith_request_problem(request, result,
                             "the message cannot be read; `kith doctor` tells what to "
                             "do");
    } else if (is_indexed) {
        kith_request_problem(request, KITH_ENOTFOUND,
                             "no message of that id is stored here; ids are those that "
                             "messages have as `id`");
    } else if (uv_now(request->server->config.loop) >= looking->deadline_ms) {
        kith_request_problem(request, KITH_ETIMEDOUT,
                             "not found yet, for very much was said; ask again");
    } else {
        kith_request_wait(request, 1);
    }
}

static void handle(struct kith_request *request)
{
    struct looking *looking = kith_request_keep(request, sizeof *looking);
    if (!looking)
        return;
    looking->server = request->server;
    looking->w = kith_writer(&kith_alloc_heap);
    looking->deadline_ms = uv_now(request->server->config.loop) + PATIENCE_MS;
    if (kith_id_parse(request->parameter, strlen(request->parameter), &looking->id))
        step(request);
    else
        kith_request_problem(request, KITH_EINVALID,
                             "an id has 52 characters, a to z and 2 to 7, as messages "
                             "have it as `id`");
}

static void end(struct kith_request *request)
{
    struct looking *looking = request->state;
    if (looking)
        kith_writer_deinit(&looking->w);
    free(looking);
}

const struct kith_endpoint kith_endpoint_message = {
    .method = "GET",
    .path = "/api/v1/messages/{id}",
    .handle = handle,
    .end = end,
    .timed_out = step,
};
