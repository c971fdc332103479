/* SPDX-License-Identifier: MIT */
/* POST /api/v1/import: the lines of an export, taken as they come.
 *
 * Each run is checked as if a peer had sent it, and stored. Lines that cannot be taken
 * are named in the answer, and the others go on; only when nothing can be stored at all
 * it ends at once. What is held already is skipped, so an import that broke off is
 * continued by doing it again. While too much is unanswered the connection is not read,
 * and the client waits in its write. */
#include "api/server_import_line.h"
#include "api/server_request.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Enough to keep every core busy with signatures, even where each run is of one. */
    UNANSWERED_MAX = 256,
    UNANSWERED_SIZE_MAX = 4 * 1024 * 1024,
    /* A largest run in base64, and its texts with every byte escaped. */
    LINE_SIZE_MAX = 7 * KITH_RUN_SIZE_MAX + KITH_RUN_COUNT_MAX * 2048,
    REFUSED_SHOWN_MAX = 100,
    RETRY_MS = 5, /* when the runtime is busy with the commands of others */
};

/* A run that was given to the runtime. */
struct given {
    uint64_t line;
    size_t size;
};

struct import {
    struct kith_writer rest; /* of a line whose end is still to come */
    bool is_skipping;        /* to the end of a line that is too long */
    uint64_t line;           /* number of the current one, from 1 */
    struct kith_writer run;  /* of the current line */
    size_t unanswered;
    size_t unanswered_size;
    uint64_t runs;
    uint64_t events;
    uint64_t known;
    uint64_t refused;
    struct kith_writer refusals; /* JSON */
    size_t refusals_shown;
    bool has_head;
    bool has_end;     /* behind the last run */
    bool is_cut;      /* another export began before that */
    bool is_complete; /* the body has ended */
};

/* ---- refusing ---- */

static const char *fault_text(int error)
{
    switch (error) {
    case KITH_ESIGNATURE:
        return "the signature is forged: that id did not write this";
    case KITH_ENOTFOUND:
        return "of a room that is none of this node's: a direct one of others, or one of "
               "another network; start the node in that network (kith up --network) and "
               "import it again";
    case KITH_EACCESS:
        return "its author has no place in that room";
    case KITH_EUNEXPECTED:
        return "what comes before it is missing here; import the older export first";
    case KITH_EINVALID:
        return "dated more than a day ahead; import it again when it is due";
    case KITH_EPROTO:
    case KITH_ETOOBIG:
    case KITH_ECHAIN:
        return "the run is damaged, or was tampered with";
    default:
        return kith_error_text(error);
    }
}

static void refuse(struct import *import, uint64_t line, int error, const char *detail)
{
    struct kith_writer *w = &import->refusals;
    import->refused++;
    if (import->refusals_shown == REFUSED_SHOWN_MAX)
        return;
    import->refusals_shown++;
    char name[32];
    snprintf(name, sizeof name, "KITH_%s", kith_error_name(error));
    kith_json_open(w, NULL, '{');
    kith_json_number(w, "line", line);
    kith_json_string(w, "error", name);
    kith_json_string(w, "detail", detail);
    kith_json_close(w, '}');
}

/* Nothing of the rest could be stored either. */
static bool is_hopeless(int error)
{
    return error == KITH_EFULL || error == KITH_EIO || error == KITH_EREADONLY ||
           error == KITH_ECORRUPT || error == KITH_ENOMEM || error == KITH_ECLOSED;
}

static void give_up(struct kith_request *request, uint64_t line, int error)
{
    kith_request_problem(request, error,
                         "line %llu could not be stored: %s; when that is mended, import "
                         "the same again: what was stored is skipped",
                         (unsigned long long)line, kith_error_text(error));
}

/* ---- giving ---- */

static void go_on(struct kith_request *request);

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    struct import *import = request->state;
    const struct given *given = extra;
    int error = notice->reply.error;
    import->unanswered--;
    import->unanswered_size -= given->size;
    if (is_hopeless(error)) {
        give_up(request, given->line, error);
        return;
    }
    if (error)
        refuse(import, given->line, error, fault_text(error));
    else if (notice->reply.count == 0)
        import->known++;
    else
        import->runs++;
    if (!error)
        import->events += notice->reply.count;
    go_on(request);
}

/* False when it has to wait. */
static bool give(struct kith_request *request, const struct kith_command *command)
{
    struct import *import = request->state;
    struct given *given = malloc(sizeof *given);
    if (!given) {
        give_up(request, import->line, KITH_ENOMEM);
        return true;
    }
    *given = (struct given){import->line, command->import.run.size};
    int error = kith_request_command(request, command, on_reply, given);
    if (!error) {
        import->unanswered++;
        import->unanswered_size += command->import.run.size;
        return true;
    }
    free(given);
    if (error != KITH_ELIMIT) {
        give_up(request, import->line, error);
        return true;
    }
    if (import->unanswered == 0)
        kith_request_wait(request, RETRY_MS);
    return false;
}

/* ---- lines ---- */

static bool is_full(const struct import *import)
{
    return import->unanswered >= UNANSWERED_MAX ||
           import->unanswered_size >= UNANSWERED_SIZE_MAX;
}

static bool take_run(struct kith_request *request, const struct kith_import_line *line)
{
    struct import *import = request->state;
    import->has_end = false;
    if (kith_runtime_holds(request->server->config.runtime, &line->command.import.room,
                           line->command.import.run)) {
        import->known++;
        return true;
    }
    return give(request, &line->command);
}

static bool take_parsed(struct kith_request *request, const struct kith_import_line *line)
{
    struct import *import = request->state;
    if (line->kind == KITH_IMPORT_RUN && import->has_head)
        return take_run(request, line);
    if (line->kind == KITH_IMPORT_HEAD) {
        import->is_cut |= import->has_head && !import->has_end;
        import->has_head = true;
        import->has_end = false;
    } else if (line->kind == KITH_IMPORT_END) {
        import->has_end = true;
    } else {
        refuse(import, import->line, KITH_EINVALID,
               "the line with which an export begins is missing before it");
    }
    return true;
}

/* False when the line has to wait for its turn; it comes again. */
static bool take_line(struct kith_request *request, struct kith_bytes bytes)
{
    struct import *import = request->state;
    struct kith_import_line line;
    const char *why = "out of memory";
    if (is_full(import))
        return false;
    import->line++;
    int error = kith_import_line_parse(bytes, &import->run, &line, &why);
    bool is_taken = true;
    if (error == KITH_ENEWER)
        kith_request_problem(request, error, "line %llu: %s",
                             (unsigned long long)import->line, why);
    else if (error)
        refuse(import, import->line, error, why);
    else
        is_taken = take_parsed(request, &line);
    if (!is_taken)
        import->line--;
    return is_taken;
}

static bool is_blank(struct kith_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] != ' ' && bytes.data[i] != '\t' && bytes.data[i] != '\r')
            return false;
    return true;
}

/* The end of a line that was put together in `rest`. */
static bool take_rest(struct kith_request *request)
{
    struct import *import = request->state;
    if (import->is_skipping || import->rest.failed)
        refuse(import, ++import->line, KITH_EINVALID, "the line is longer than any run");
    else if (is_blank(kith_writer_view(&import->rest)))
        import->line++;
    else if (!take_line(request, kith_writer_view(&import->rest)))
        return false;
    import->is_skipping = false;
    kith_writer_clear(&import->rest);
    return true;
}

static void keep_rest(struct import *import, const char *data, size_t size)
{
    if (import->rest.size + size > LINE_SIZE_MAX) {
        kith_writer_clear(&import->rest);
        import->is_skipping = true;
    }
    if (!import->is_skipping)
        kith_writer_bytes(&import->rest, data, size);
}

/* Up to a line feed. False when it has to wait. */
static bool take_piece(struct kith_request *request, const char *data, size_t size)
{
    struct import *import = request->state;
    if (import->rest.size == 0 && !import->is_skipping) {
        if (!is_blank(kith_bytes(data, size)))
            return take_line(request, kith_bytes(data, size));
        import->line++;
        return true;
    }
    size_t before = import->rest.size;
    bool was_skipping = import->is_skipping;
    keep_rest(import, data, size);
    if (take_rest(request))
        return true;
    import->rest.size = before;
    import->is_skipping = was_skipping;
    return false;
}

static size_t upload(struct kith_request *request, const char *data, size_t size)
{
    struct import *import = request->state;
    if (!import && !(import = kith_request_keep(request, sizeof *import)))
        return size;
    if (!import->rest.alloc)
        import->rest = import->run = import->refusals = kith_writer(&kith_alloc_heap);
    size_t used = 0;
    while (used < size && !request->is_answered) {
        const char *feed = memchr(data + used, '\n', size - used);
        if (!feed) {
            keep_rest(import, data + used, size - used);
            return size;
        }
        if (!take_piece(request, data + used, (size_t)(feed - data) - used))
            return used;
        used = (size_t)(feed - data) + 1;
    }
    return request->is_answered ? size : used;
}

/* ---- the end ---- */

static void answer(struct kith_request *request)
{
    struct import *import = request->state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_number(&w, "runs", import->runs);
    kith_json_number(&w, "events", import->events);
    kith_json_number(&w, "known", import->known);
    kith_json_bool(&w, "complete", import->has_end && !import->is_cut);
    kith_json_number(&w, "refused_count", import->refused);
    kith_json_open(&w, "refused", '[');
    kith_writer_bytes(&w, import->refusals.data, import->refusals.size);
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    w.failed |= import->refusals.failed;
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

/* Something was answered, or the runtime may have room again. */
static void go_on(struct kith_request *request)
{
    struct import *import = request->state;
    if (import->is_complete) {
        bool has_rest = import->rest.size > 0 || import->is_skipping;
        bool is_taken = !has_rest || take_rest(request); /* no feed after the last */
        if (is_taken && import->unanswered == 0 && !request->is_answered)
            answer(request);
        return;
    }
    /* Half of the limit, so that there is always work under way. */
    if (import->unanswered <= UNANSWERED_MAX / 2 &&
        import->unanswered_size <= UNANSWERED_SIZE_MAX / 2)
        kith_request_resume(request);
}

static void handle(struct kith_request *request)
{
    struct import *import = request->state;
    if (!import) {
        kith_request_problem(request, KITH_EINVALID,
                             "the body is empty; send what `kith export` wrote");
        return;
    }
    import->is_complete = true;
    go_on(request);
}

static void end(struct kith_request *request)
{
    struct import *import = request->state;
    if (!import)
        return;
    kith_writer_deinit(&import->rest);
    kith_writer_deinit(&import->run);
    kith_writer_deinit(&import->refusals);
    free(import);
}

const struct kith_endpoint kith_endpoint_import = {
    .method = "POST",
    .path = "/api/v1/import",
    .body = KITH_BODY_LINES,
    .upload = upload,
    .handle = handle,
    .timed_out = go_on,
    .end = end,
};
