/* SPDX-License-Identifier: MIT */
/* GET /messages: what was said last, as `NAME: TEXT`, oldest first, for scripts. */
#include "api/server_object.h"
#include "api/server_request.h"

#include <stdlib.h>
#include <string.h>

enum {
    MESSAGES_MAX = 1000,
    TEXT_SIZE_MAX = 2 * 1024 * 1024, /* of all of them */
};

/* First back to the message behind which it begins, then forward from there; each in
 * steps as long as a turn of the loop may take. */
struct answer {
    struct kith_server *server;
    struct kith_history_query back;
    struct kith_history_query query;
    bool is_begun; /* the beginning is found */
    size_t count;
    size_t text_size;
    uint64_t deadline_ms; /* loop time */
    struct kith_writer w;
    struct kith_writer line;
};

static int look_back(void *ctx, const struct kith_entry *entry)
{
    struct answer *answer = ctx;
    answer->count++;
    answer->text_size += entry->body.size;
    if (answer->count <= MESSAGES_MAX && answer->text_size <= TEXT_SIZE_MAX)
        return 0;
    answer->query.has_after = true;
    answer->query.after_hlc = entry->hlc;
    answer->query.after_id = entry->id;
    return 1;
}

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

static int look(struct answer *answer, bool *out_more)
{
    struct kith_runtime *runtime = answer->server->config.runtime;
    if (!answer->is_begun) {
        int error =
            kith_runtime_history(runtime, &answer->back, look_back, answer, out_more);
        if (error < 0 || *out_more)
            return error;
        answer->is_begun = true;
    }
    return kith_runtime_history(runtime, &answer->query, write_message, answer, out_more);
}

static void step(struct kith_request *request)
{
    struct answer *answer = request->state;
    bool has_more = false;
    int error = look(answer, &has_more);
    if (answer->line.failed)
        error = KITH_ENOMEM;
    if (error < 0) {
        kith_request_problem(request, error,
                             "the history cannot be read; `kith doctor` tells what to "
                             "do");
        return;
    }
    if (has_more && uv_now(request->server->config.loop) >= answer->deadline_ms) {
        kith_request_problem(request, KITH_ETIMEDOUT,
                             "the last messages are not found in time, for much was said "
                             "by peers that are blocked; ask /api/v1/messages, page by "
                             "page");
        return;
    }
    if (has_more) {
        kith_request_wait(request, 1);
        return;
    }
    kith_json_close(&answer->w, ']');
    kith_request_answer(request, MHD_HTTP_OK, &answer->w);
    answer->w = kith_writer(&kith_alloc_heap);
}

static void handle(struct kith_request *request)
{
    struct answer *answer = kith_request_keep(request, sizeof *answer);
    if (!answer)
        return;
    answer->server = request->server;
    answer->deadline_ms = uv_now(request->server->config.loop) + KITH_LOOKING_MS_MAX;
    answer->back = (struct kith_history_query){
        .kind = KITH_KIND_MESSAGE, .newest_first = true, .limit = MESSAGES_MAX + 1};
    answer->query =
        (struct kith_history_query){.kind = KITH_KIND_MESSAGE, .limit = MESSAGES_MAX};
    answer->w = kith_writer(&kith_alloc_heap);
    answer->line = kith_writer(&kith_alloc_heap);
    kith_json_open(&answer->w, NULL, '[');
    step(request);
}

static void end(struct kith_request *request)
{
    struct answer *answer = request->state;
    if (answer) {
        kith_writer_deinit(&answer->w);
        kith_writer_deinit(&answer->line);
    }
    free(answer);
}

const struct kith_endpoint kith_endpoint_plain_messages = {
    .method = "GET",
    .path = "/messages",
    .access = KITH_ACCESS_PLAIN,
    .handle = handle,
    .end = end,
    .timed_out = step,
};
