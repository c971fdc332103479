/* SPDX-License-Identifier: MIT */
/* POST /api/v1/messages/batch: JSON Lines {"to": TARGET, "text": …}, taken as they come.
 *
 * Neighbouring lines to one room are sent together, so that a burst costs one signature.
 * While too many commands are unanswered the connection is not read, and the client waits
 * in its write. Answered with how many were stored and which lines were refused, once
 * every line has come to one or the other. */
#include "api/server_line.h"
#include "api/server_request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum {
    /* Of texts in one command: with headers at their longest a run still fits. */
    GROUP_SIZE_MAX = 256 * 1024,
    /* Commands not yet answered: two thousand rows, about 10 ms of the store's time. */
    UNANSWERED_MAX = 16,
    /* A longest text with every byte escaped, and its target. */
    LINE_SIZE_MAX = 6 * KITH_TEXT_SIZE_MAX + 4096,
    REFUSED_SHOWN_MAX = 100,
    RETRY_MS = 5, /* when the runtime is busy with the commands of others */
};

/* The lines of one command, for when it is refused. */
struct lines {
    size_t count;
    uint64_t numbers[KITH_SEND_TEXTS_MAX];
};

struct batch {
    struct kith_writer rest;  /* of a line whose end is still to come */
    bool is_skipping;         /* to the end of a line that is too long */
    uint64_t line;            /* number of the current one, from 1 */
    struct kith_writer texts; /* of the group */
    size_t sizes[KITH_SEND_TEXTS_MAX];
    struct lines lines;
    struct kith_target target; /* of the group */
    struct kith_bytes to;      /* that `found` was found for; within this piece */
    struct kith_target found;
    size_t unanswered;
    uint64_t stored;
    uint64_t refused;
    struct kith_writer refusals; /* JSON */
    size_t refusals_shown;
    bool is_complete; /* the body has ended */
};

/* ---- refusing ---- */

static void refuse(struct batch *batch, uint64_t line, int error, const char *detail)
{
    struct kith_writer *w = &batch->refusals;
    batch->refused++;
    if (batch->refusals_shown == REFUSED_SHOWN_MAX)
        return;
    batch->refusals_shown++;
    char name[32];
    snprintf(name, sizeof name, "KITH_%s", kith_error_name(error));
    kith_json_open(w, NULL, '{');
    kith_json_number(w, "line", line);
    kith_json_string(w, "error", name);
    kith_json_string(w, "detail", detail);
    kith_json_close(w, '}');
}

static void refuse_lines(struct batch *batch, const struct lines *lines, int error)
{
    for (size_t i = 0; i < lines->count; i++)
        refuse(batch, lines->numbers[i], error, kith_error_text(error));
}

/* ---- sending ---- */

static void go_on(struct kith_request *request);

static void write_counts(const struct batch *batch, struct kith_writer *w)
{
    kith_json_number(w, "stored", batch->stored);
    kith_json_number(w, "refused_count", batch->refused);
    kith_json_open(w, "refused", '[');
    kith_writer_bytes(w, batch->refusals.data, batch->refusals.size);
    kith_json_close(w, ']');
    w->failed |= batch->refusals.failed;
}

/* Of lines before the first that is not known, too, some may have been refused. */
static void tell_unknown(struct kith_request *request, uint64_t line)
{
    char detail[256];
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    snprintf(detail, sizeof detail,
             "the node ended before it could say whether line %" PRIu64 " and what "
             "follows it were stored; start it again and look at the history before you "
             "send them again",
             line);
    kith_problem_open(&w, KITH_ECLOSED, MHD_HTTP_BAD_GATEWAY, detail);
    write_counts(request->state, &w);
    kith_request_problem_answer(request, MHD_HTTP_BAD_GATEWAY, &w);
}

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    struct batch *batch = request->state;
    const struct lines *lines = extra;
    batch->unanswered--;
    if (notice->reply.error == KITH_ECLOSED) {
        tell_unknown(request, lines->numbers[0]);
        return;
    }
    if (notice->reply.error)
        refuse_lines(batch, lines, notice->reply.error);
    else
        batch->stored += lines->count;
    go_on(request);
}

static int give(struct kith_request *request)
{
    struct batch *batch = request->state;
    struct kith_bytes texts[KITH_SEND_TEXTS_MAX];
    const uint8_t *at = batch->texts.data;
    for (size_t i = 0; i < batch->lines.count; i++) {
        texts[i] = kith_bytes(at, batch->sizes[i]);
        at += batch->sizes[i];
    }
    struct kith_command command = {.type = KITH_COMMAND_SEND};
    command.send.is_direct = batch->target.is_direct;
    command.send.peer = batch->target.peer;
    command.send.room_no = batch->target.room_no;
    command.send.texts = texts;
    command.send.text_count = batch->lines.count;
    struct lines *lines = malloc(sizeof *lines);
    if (!lines || batch->texts.failed) {
        free(lines);
        return KITH_ENOMEM;
    }
    *lines = batch->lines;
    int error = kith_request_command(request, &command, on_reply, lines);
    if (error)
        free(lines);
    return error;
}

/* Send what is gathered. False when that has to wait. */
static bool flush(struct kith_request *request)
{
    struct batch *batch = request->state;
    if (batch->lines.count == 0)
        return true;
    if (batch->unanswered >= UNANSWERED_MAX)
        return false;
    int error = give(request);
    if (error == KITH_ELIMIT) {
        if (batch->unanswered == 0)
            kith_request_wait(request, RETRY_MS);
        return false;
    }
    if (error)
        refuse_lines(batch, &batch->lines, error);
    else
        batch->unanswered++;
    batch->lines.count = 0;
    kith_writer_clear(&batch->texts);
    return true;
}

/* ---- lines ---- */

static bool find(struct kith_request *request, struct kith_bytes to, int *out_error)
{
    struct batch *batch = request->state;
    *out_error = 0;
    if (batch->to.data && kith_bytes_equal(to, batch->to))
        return true;
    *out_error = kith_node_find(kith_server_node(request->server), to, &batch->found,
                                NULL, 0, NULL);
    if (*out_error == 0 && (batch->found.is_foreign || batch->found.is_left))
        *out_error = KITH_ENOTFOUND; /* it can only be read */
    batch->to = kith_bytes(NULL, 0);
    return *out_error == 0;
}

static bool is_same_room(const struct kith_target *a, const struct kith_target *b)
{
    return a->is_direct == b->is_direct &&
           (a->is_direct ? kith_id_equal(&a->peer, &b->peer) : a->room_no == b->room_no);
}

/* Does the group take one more, to the room found? */
static bool has_room(const struct batch *batch, size_t size)
{
    return batch->lines.count == 0 || (batch->lines.count < KITH_SEND_TEXTS_MAX &&
                                       batch->texts.size + size <= GROUP_SIZE_MAX &&
                                       is_same_room(&batch->target, &batch->found));
}

static void gather(struct batch *batch, struct kith_bytes text)
{
    size_t index = batch->lines.count++;
    batch->target = batch->found;
    batch->sizes[index] = text.size;
    batch->lines.numbers[index] = batch->line;
    kith_writer_bytes(&batch->texts, text.data, text.size);
}

static const char *find_fault(int error)
{
    return error == KITH_EAMBIGUOUS
               ? "\"to\" fits more than one peer; write name~shortid or the whole id"
               : "\"to\" names no known peer or room";
}

/* False when the line has to wait for its turn; it comes again. `*is_found`: it is one
 * for `batch->found`, which then is whom `line->to` names. */
static bool take_parsed(struct kith_request *request, const struct kith_line *line,
                        bool *is_found)
{
    struct batch *batch = request->state;
    int error;
    *is_found = false;
    if (line->text.size > KITH_TEXT_SIZE_MAX) {
        refuse(batch, batch->line, KITH_ETEXTSIZE, kith_error_text(KITH_ETEXTSIZE));
    } else if (line->text.size == 0) {
        refuse(batch, batch->line, KITH_ETEXT, "a message cannot be empty");
    } else if (!find(request, line->to, &error)) {
        refuse(batch, batch->line, error, find_fault(error));
    } else {
        if (!has_room(batch, line->text.size) && !flush(request))
            return false;
        gather(batch, line->text);
        *is_found = true;
    }
    return true;
}

static bool take_line(struct kith_request *request, struct kith_bytes bytes,
                      bool is_whole)
{
    struct batch *batch = request->state;
    struct kith_line line;
    const char *why = "out of memory";
    batch->line++;
    int error = kith_line_parse(bytes, &line, &why);
    if (error) {
        refuse(batch, batch->line, error, why);
        return true;
    }
    bool is_found;
    bool is_taken = take_parsed(request, &line, &is_found);
    /* The next line is probably to the same; this one's bytes stay for this piece. */
    if (is_found && is_whole && !line.json)
        batch->to = line.to;
    kith_line_deinit(&line);
    if (!is_taken)
        batch->line--;
    return is_taken;
}

static bool is_blank(struct kith_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] != ' ' && bytes.data[i] != '\t' && bytes.data[i] != '\r')
            return false;
    return true;
}

/* The end of a line that began in an earlier piece, and is put together in `rest`. */
static bool take_rest(struct kith_request *request)
{
    struct batch *batch = request->state;
    bool is_too_long = batch->is_skipping || batch->rest.failed;
    if (is_too_long)
        refuse(batch, ++batch->line, KITH_EINVALID,
               "the line is longer than any message");
    else if (is_blank(kith_writer_view(&batch->rest)))
        batch->line++;
    else if (!take_line(request, kith_writer_view(&batch->rest), false))
        return false;
    batch->is_skipping = false;
    kith_writer_clear(&batch->rest);
    return true;
}

static void keep_rest(struct batch *batch, const char *data, size_t size)
{
    if (batch->rest.size + size > LINE_SIZE_MAX) {
        kith_writer_clear(&batch->rest);
        batch->is_skipping = true;
    }
    if (!batch->is_skipping)
        kith_writer_bytes(&batch->rest, data, size);
}

/* Up to and with a line feed. Returns false when it has to wait. */
static bool take_piece(struct kith_request *request, const char *data, size_t size)
{
    struct batch *batch = request->state;
    struct kith_bytes bytes = kith_bytes(data, size);
    if (batch->rest.size == 0 && !batch->is_skipping) {
        if (!is_blank(bytes))
            return take_line(request, bytes, true);
        batch->line++;
        return true;
    }
    size_t before = batch->rest.size;
    bool was_skipping = batch->is_skipping;
    keep_rest(batch, data, size);
    if (take_rest(request))
        return true;
    batch->rest.size = before;
    batch->is_skipping = was_skipping;
    return false;
}

static size_t upload(struct kith_request *request, const char *data, size_t size)
{
    struct batch *batch = request->state;
    if (!batch && !(batch = kith_request_keep(request, sizeof *batch)))
        return size;
    if (!batch->rest.alloc)
        batch->rest = batch->texts = batch->refusals = kith_writer(&kith_alloc_heap);
    size_t used = 0;
    batch->to = kith_bytes(NULL, 0);
    while (used < size) {
        const char *feed = memchr(data + used, '\n', size - used);
        if (!feed) {
            keep_rest(batch, data + used, size - used);
            used = size;
            break;
        }
        if (!take_piece(request, data + used, (size_t)(feed - data) - used))
            break;
        used = (size_t)(feed - data) + 1;
    }
    batch->to = kith_bytes(NULL, 0);
    if (batch->unanswered == 0)
        flush(request);
    return used;
}

/* ---- the end ---- */

static void answer(struct kith_request *request)
{
    struct batch *batch = request->state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    write_counts(batch, &w);
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

/* Something was answered, or the runtime may have room again. */
static void go_on(struct kith_request *request)
{
    struct batch *batch = request->state;
    if (batch->is_complete) {
        bool has_rest = batch->rest.size > 0 || batch->is_skipping;
        bool is_gathered = !has_rest || take_rest(request); /* no feed after the last */
        if (is_gathered && flush(request) && batch->unanswered == 0)
            answer(request);
        return;
    }
    /* A client that writes slowly has its lines sent as they come. */
    if (batch->unanswered == 0)
        flush(request);
    /* Half of the limit, so that there is always work under way. */
    if (batch->unanswered <= UNANSWERED_MAX / 2)
        kith_request_resume(request);
}

static void handle(struct kith_request *request)
{
    struct batch *batch = request->state;
    if (!batch) {
        kith_request_problem(request, KITH_EINVALID,
                             "the body is empty; send one JSON object a line");
        return;
    }
    batch->is_complete = true;
    go_on(request);
}

static void end(struct kith_request *request)
{
    struct batch *batch = request->state;
    if (!batch)
        return;
    kith_writer_deinit(&batch->rest);
    kith_writer_deinit(&batch->texts);
    kith_writer_deinit(&batch->refusals);
    free(batch);
}

const struct kith_endpoint kith_endpoint_batch = {
    .method = "POST",
    .path = "/api/v1/messages/batch",
    .body = KITH_BODY_LINES,
    .upload = upload,
    .handle = handle,
    .timed_out = go_on,
    .end = end,
};
