/* SPDX-License-Identifier: MIT */
/* GET /messages: what was said last, as `NAME: TEXT`, oldest first, for scripts. */
#include <string.h>

#include "api/server_object.h"
#include "api/server_request.h"

enum {
    MESSAGES_MAX = 1000,
    TEXT_SIZE_MAX = 2 * 1024 * 1024, /* of all of them */
};

/* Where to begin: behind the newest one that is left out. */
struct beginning {
    struct kith_history_query *query;
    size_t count;
    size_t text_size;
};

static int look_back(void *ctx, const struct kith_entry *entry)
{
    struct beginning *beginning = ctx;
    struct kith_history_query *query = beginning->query;
    beginning->count++;
    beginning->text_size += entry->body.size;
    if (beginning->count <= MESSAGES_MAX && beginning->text_size <= TEXT_SIZE_MAX)
        return 0;
    query->has_after = true;
    query->after_hlc = entry->hlc;
    query->after_id = entry->id;
    return 1;
}

struct answer {
    struct kith_server *server;
    struct kith_writer w;
    struct kith_writer line;
};

static int write_message(void *ctx, const struct kith_entry *entry)
{
    struct answer *answer = ctx;
    struct kith_message message;
    if (!kith_message_from_entry(entry, &message))
        return 0;
    const char *name = kith_names_get(
        &answer->server->names, kith_server_node(answer->server), message.author_no);
    kith_writer_clear(&answer->line);
    kith_writer_bytes(&answer->line, name, strlen(name));
    kith_writer_bytes(&answer->line, ": ", 2);
    kith_writer_bytes(&answer->line, message.text.data, message.text.size);
    kith_json_text(&answer->w, NULL, kith_writer_view(&answer->line));
    return answer->w.failed || answer->line.failed;
}

static int read_history(struct kith_server *server, struct answer *answer)
{
    struct kith_runtime *runtime = server->config.runtime;
    struct kith_history_query back = {
        .kind = KITH_KIND_MESSAGE, .newest_first = true, .limit = MESSAGES_MAX + 1};
    struct kith_history_query query = {.kind = KITH_KIND_MESSAGE, .limit = MESSAGES_MAX};
    struct beginning beginning = {.query = &query};
    int error = kith_runtime_history(runtime, &back, look_back, &beginning);
    if (error < 0)
        return error;
    return kith_runtime_history(runtime, &query, write_message, answer);
}

static void handle(struct kith_request *request)
{
    struct answer answer = {.server = request->server};
    answer.w = kith_writer(&kith_alloc_heap);
    answer.line = kith_writer(&kith_alloc_heap);
    kith_json_open(&answer.w, NULL, '[');
    int error = read_history(request->server, &answer);
    kith_json_close(&answer.w, ']');
    if (answer.line.failed)
        error = KITH_ENOMEM;
    kith_writer_deinit(&answer.line);
    if (error < 0) {
        kith_writer_deinit(&answer.w);
        kith_request_problem(request, error,
                             "the history cannot be read; `kith doctor` tells what to "
                             "do");
        return;
    }
    kith_request_answer(request, MHD_HTTP_OK, &answer.w);
}

const struct kith_endpoint kith_endpoint_plain_messages = {
    .method = "GET",
    .path = "/messages",
    .access = KITH_ACCESS_PLAIN,
    .handle = handle,
};
