/* SPDX-License-Identifier: MIT */
/* GET /api/v1/search?q=&room=&since=&limit=&cursor=: messages that hold some words.
 *
 * The index is filled after the fact, so a search first waits for it. Both that and the
 * looking go in steps of a few milliseconds, a turn of the loop between them. */
#include "api/server_object.h"
#include "api/server_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIMIT_DEFAULT = 50,
    LIMIT_MAX = 1000,
    LOOK_COUNT = 1000,               /* at most, in one step: about 4 ms */
    PAGE_SIZE_MAX = 2 * 1024 * 1024, /* as a page of history */
    TEXT_SIZE_MAX = 1024,            /* what the index looks at of it */
};

struct search {
    struct kith_runtime_search_query query; /* its text is the request's */
    struct kith_server *server;
    kith_time since;
    size_t limit;
    struct kith_writer w; /* the page */
    size_t count;         /* of messages in it */
    uint64_t deadline_ms; /* loop time */
};

/* ---- what was asked ---- */

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out > 0 && *out <= max;
}

static bool parse_limit(struct kith_request *request, struct search *search)
{
    uint64_t limit = LIMIT_DEFAULT;
    const char *text = kith_request_query(request, "limit");
    if (text && !parse_number(text, UINT64_MAX, &limit)) {
        kith_request_problem(request, KITH_EINVALID,
                             "“limit” must be a number from 1 to %d", LIMIT_MAX);
        return false;
    }
    search->limit = limit < LIMIT_MAX ? (size_t)limit : LIMIT_MAX;
    return true;
}

static bool parse_cursor(struct kith_request *request, struct search *search)
{
    const char *text = kith_request_query(request, "cursor");
    if (!text || parse_number(text, INT64_MAX, &search->query.arrival_before))
        return true;
    kith_request_problem(request, KITH_EINVALID,
                         "“cursor” must be the “next” of an earlier answer");
    return false;
}

static bool parse_text(struct kith_request *request, struct search *search)
{
    const char *text = kith_request_query(request, "q");
    if (text && strlen(text) <= TEXT_SIZE_MAX) {
        search->query.text = kith_bytes(text, strlen(text));
        return true;
    }
    kith_request_problem(request, KITH_EINVALID,
                         "“q” must be the words to look for, at most %d bytes",
                         TEXT_SIZE_MAX);
    return false;
}

/* A room where nothing was said yet has no number: nothing is to be found. */
static bool parse_room(struct kith_request *request, struct search *search,
                       bool *is_empty)
{
    struct kith_target target;
    const char *room = kith_request_query(request, "room");
    if (!room)
        return true;
    if (!kith_request_target(request, kith_bytes(room, strlen(room)), &target))
        return false;
    search->query.room_no = target.room_no;
    *is_empty = target.room_no == 0;
    return true;
}

static bool parse_since(struct kith_request *request, struct search *search)
{
    const char *since = kith_request_query(request, "since");
    if (!since)
        return true;
    if (!kith_request_since(request, since, &search->since))
        return false;
    search->query.arrival_from =
        kith_runtime_arrival_since(request->server->config.runtime, search->since);
    return true;
}

/* ---- looking ---- */

static int visit(void *ctx, const struct kith_entry *entry)
{
    struct search *search = ctx;
    struct kith_message message;
    if (kith_message_from_entry(entry, &message) &&
        kith_message_time(&message) >= search->since) {
        kith_object_message(&search->w, NULL, search->server, &message);
        search->count++;
    }
    return search->w.failed || search->count == search->limit ||
           search->w.size > PAGE_SIZE_MAX;
}

static void answer(struct kith_request *request, struct search *search)
{
    char next[24];
    kith_json_close(&search->w, ']');
    snprintf(next, sizeof next, "%" PRIu64, search->query.arrival_before);
    if (search->query.arrival_before > 0)
        kith_json_string(&search->w, "next", next);
    else
        kith_json_null(&search->w, "next");
    kith_json_close(&search->w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &search->w);
    search->w = kith_writer(&kith_alloc_heap);
}

static void step(struct kith_request *request)
{
    struct search *search = request->state;
    struct kith_runtime *runtime = request->server->config.runtime;
    int result = 0;
    bool is_indexed = kith_runtime_index(runtime);
    if (is_indexed)
        result = kith_runtime_search(runtime, &search->query, visit, search,
                                     &search->query.arrival_before);
    if (result < 0)
        kith_request_problem(request, result,
                             "the messages cannot be searched; %s; `kith doctor` tells "
                             "more",
                             kith_runtime_store_advice(result));
    else if (is_indexed && (result > 0 || search->query.arrival_before == 0))
        answer(request, search);
    else if (uv_now(request->server->config.loop) >= search->deadline_ms)
        kith_request_problem(request, KITH_ETIMEDOUT,
                             "the search is not done yet, for very much was said; ask "
                             "again, or for rarer words or a later “since”");
    else
        kith_request_wait(request, 1);
}

static void handle(struct kith_request *request)
{
    bool is_empty = false;
    struct search *search = kith_request_keep(request, sizeof *search);
    if (!search)
        return;
    search->server = request->server;
    search->w = kith_writer(&kith_alloc_heap);
    search->query.limit = LOOK_COUNT;
    search->deadline_ms = uv_now(request->server->config.loop) + KITH_LOOKING_MS_MAX;
    if (!parse_text(request, search) || !parse_limit(request, search) ||
        !parse_cursor(request, search) || !parse_since(request, search) ||
        !parse_room(request, search, &is_empty))
        return;
    kith_json_open(&search->w, NULL, '{');
    kith_json_open(&search->w, "messages", '[');
    if (is_empty)
        answer(request, search);
    else
        step(request);
}

static void end(struct kith_request *request)
{
    struct search *search = request->state;
    if (search)
        kith_writer_deinit(&search->w);
    free(search);
}

const struct kith_endpoint kith_endpoint_search = {
    .method = "GET",
    .path = "/api/v1/search",
    .handle = handle,
    .end = end,
    .timed_out = step,
};
