/* SPDX-License-Identifier: MIT */
/* GET /api/v1/messages?room=&since=&limit=&after=&order=: what was said, a page at a
 * time.
 *
 * A page ends at `limit` messages or at a size, whichever comes first; `next` is the
 * `after` of the next page, or null at the end. Where much is left out of it, looking
 * goes in steps of a few milliseconds, a turn of the loop between them. */
#include "api/server_object.h"
#include "api/server_request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000
/* A page of longest texts would be a thousand times 64 KiB. */
#define PAGE_SIZE_MAX (2 * 1024 * 1024)
/* hlc in 16 hexadecimal digits, "-", id */
#define CURSOR_SIZE (16 + 1 + KITH_ID_TEXT_SIZE)

struct page {
    struct kith_server *server;
    struct kith_history_query query;
    struct kith_writer w;
    uint64_t arrival_last; /* when it began: what comes later comes in the stream */
    uint64_t deadline_ms;  /* loop time */
    size_t visited;
    size_t limit;
    bool is_full; /* by size, or its time is over */
    bool has_last;
    kith_hlc last_hlc;
    struct kith_id last_id;
};

static int visit(void *ctx, const struct kith_entry *entry)
{
    struct page *page = ctx;
    struct kith_message message;
    if (page->w.size > PAGE_SIZE_MAX) {
        page->is_full = true;
        return 1;
    }
    page->visited++;
    page->has_last = true;
    page->last_hlc = entry->hlc;
    page->last_id = entry->id;
    if (entry->arrival <= page->arrival_last && kith_message_from_entry(entry, &message))
        kith_object_message(&page->w, NULL, page->server, &message);
    return page->w.failed;
}

static void write_next(struct page *page)
{
    char cursor[CURSOR_SIZE];
    if (!page->has_last || (!page->is_full && page->visited < page->limit)) {
        kith_json_null(&page->w, "next");
        return;
    }
    snprintf(cursor, sizeof cursor, "%016" PRIx64 "-", page->last_hlc);
    kith_id_format(&page->last_id, cursor + 17);
    kith_json_string(&page->w, "next", cursor);
}

static bool parse_cursor(const char *text, struct kith_history_query *query)
{
    char *end;
    if (strlen(text) != CURSOR_SIZE - 1 || text[16] != '-')
        return false;
    query->after_hlc = strtoull(text, &end, 16);
    query->has_after = true;
    return end == text + 16 &&
           kith_id_parse(text + 17, KITH_ID_TEXT_SIZE - 1, &query->after_id);
}

static bool parse_limit(const char *text, struct kith_history_query *query)
{
    char *end;
    unsigned long limit = strtoul(text, &end, 10);
    query->limit = limit < LIMIT_MAX ? limit : LIMIT_MAX;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && limit > 0;
}

static bool parse_order(const char *text, struct kith_history_query *query)
{
    query->newest_first = strcmp(text, "newest") == 0;
    return query->newest_first || strcmp(text, "oldest") == 0;
}

/* A room where nothing was said yet has no number, and no history. */
static bool find_room(struct kith_request *request, struct kith_history_query *query,
                      bool *is_empty)
{
    struct kith_target target;
    const char *room = kith_request_query(request, "room");
    if (!room)
        return true;
    if (!kith_request_target(request, kith_bytes(room, strlen(room)), &target))
        return false;
    query->room_no = target.room_no;
    *is_empty = target.room_no == 0;
    return true;
}

static bool parse_query(struct kith_request *request, struct kith_history_query *query)
{
    const char *since = kith_request_query(request, "since");
    const char *limit = kith_request_query(request, "limit");
    const char *after = kith_request_query(request, "after");
    const char *order = kith_request_query(request, "order");
    if (since && !kith_request_since(request, since, &query->since))
        return false;
    if (limit && !parse_limit(limit, query))
        kith_request_problem(request, KITH_EINVALID,
                             "“limit” must be a number from 1 to %d", LIMIT_MAX);
    else if (after && !parse_cursor(after, query))
        kith_request_problem(request, KITH_EINVALID,
                             "“after” must be the “next” of an earlier answer");
    else if (order && !parse_order(order, query))
        kith_request_problem(request, KITH_EINVALID,
                             "“order” must be “oldest” or “newest”");
    else
        return true;
    return false;
}

static void answer(struct kith_request *request, struct page *page, bool is_late)
{
    if (is_late) { /* the next one goes on there */
        page->has_last = page->is_full = true;
        page->last_hlc = page->query.after_hlc;
        page->last_id = page->query.after_id;
    }
    kith_json_close(&page->w, ']');
    write_next(page);
    kith_json_close(&page->w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &page->w);
    page->w = kith_writer(&kith_alloc_heap);
}

static void step(struct kith_request *request)
{
    struct page *page = request->state;
    bool has_more = false;
    int result = kith_runtime_history(request->server->config.runtime, &page->query,
                                      visit, page, &has_more);
    if (result < 0)
        kith_request_problem(request, result,
                             "the history cannot be read; `kith doctor` tells what to "
                             "do");
    else if (has_more && uv_now(request->server->config.loop) < page->deadline_ms)
        kith_request_wait(request, 1);
    else
        answer(request, page, has_more);
}

static void handle(struct kith_request *request)
{
    bool is_empty = false;
    struct page *page = kith_request_keep(request, sizeof *page);
    if (!page)
        return;
    page->server = request->server;
    page->w = kith_writer(&kith_alloc_heap);
    page->query =
        (struct kith_history_query){.kind = KITH_KIND_MESSAGE, .limit = LIMIT_DEFAULT};
    if (!parse_query(request, &page->query) ||
        !find_room(request, &page->query, &is_empty))
        return;
    page->limit = page->query.limit;
    page->deadline_ms = uv_now(request->server->config.loop) + KITH_LOOKING_MS_MAX;
    page->arrival_last = kith_runtime_arrival_last(request->server->config.runtime);
    kith_json_open(&page->w, NULL, '{');
    kith_json_number(&page->w, "arrival", page->arrival_last);
    kith_json_open(&page->w, "messages", '[');
    if (is_empty)
        answer(request, page, false);
    else
        step(request);
}

static void end(struct kith_request *request)
{
    struct page *page = request->state;
    if (page)
        kith_writer_deinit(&page->w);
    free(page);
}

const struct kith_endpoint kith_endpoint_history = {
    .method = "GET",
    .path = "/api/v1/messages",
    .handle = handle,
    .end = end,
    .timed_out = step,
};
