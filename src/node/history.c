/* SPDX-License-Identifier: MIT */
#include "node/inside.h"

#include "node/clock.h"

/* Passes on what is committed and due, up to a limit. */
struct filter {
    const struct kith_node *node;
    kith_entry_cb *visit;
    void *ctx;
    size_t left;
    bool has_damaged;     /* which are left out */
    uint64_t arrival_end; /* from here on not yet committed */
    kith_hlc due_end;
};

/* Pages and searches come without them, events in order of arrival do not. */
static bool is_blocked(const struct kith_node *node, uint32_t author_no)
{
    struct kith_peer_view peer;
    return author_no != 0 && kith_node_peer(node, author_no, &peer) && peer.is_blocked;
}

static bool is_shown(struct filter *filter, const struct kith_stored_event *event)
{
    filter->has_damaged |= event->is_damaged;
    return !event->is_damaged && event->arrival < filter->arrival_end &&
           event->hlc < filter->due_end && !is_blocked(filter->node, event->author_no);
}

static struct kith_entry to_entry(const struct kith_stored_event *event)
{
    bool has_body = event->content.size >= KITH_SALT_SIZE;
    return (struct kith_entry){
        .room_no = event->room_no,
        .log_no = event->log_no,
        .author_no = event->author_no,
        .seq = event->seq,
        .id = event->id,
        .hlc = event->hlc,
        .kind = event->kind,
        .arrival = event->arrival,
        .seen = event->seen,
        .body = has_body ? kith_bytes(event->content.data + KITH_SALT_SIZE,
                                      event->content.size - KITH_SALT_SIZE)
                         : kith_bytes(NULL, 0),
    };
}

static int on_event(void *ctx, const struct kith_stored_event *event)
{
    struct filter *filter = ctx;
    if (!is_shown(filter, event))
        return 0;
    struct kith_entry entry = to_entry(event);
    int stop = filter->visit(filter->ctx, &entry);
    return stop != 0 || --filter->left == 0 ? (stop != 0 ? stop : 1) : 0;
}

static struct filter begin(struct kith_runtime *runtime, size_t limit,
                           kith_entry_cb *visit, void *ctx)
{
    return (struct filter){
        .node = runtime->node,
        .visit = visit,
        .ctx = ctx,
        .left = limit,
        .arrival_end = runtime->arrival_committed,
        .due_end = kith_hlc_from_wall(kith_clock_now().wall + KITH_DUE_MAX),
    };
}

/* The filter's own stop is a success; so are damaged events left out, but for their being
 * told of. */
static int end(struct kith_runtime *runtime, const struct filter *filter, int result)
{
    kith_health_read(runtime, filter->has_damaged ? KITH_ECORRUPT : result);
    return result > 0 && filter->left == 0 ? 0 : result;
}

/* What the open transaction holds is read too and filtered out, so it is read on top. */
static size_t with_pending(const struct kith_runtime *runtime, size_t limit)
{
    uint64_t pending = runtime->pending.arrival > runtime->arrival_committed
                           ? runtime->pending.arrival - runtime->arrival_committed
                           : 0;
    return limit > SIZE_MAX - pending ? SIZE_MAX : limit + pending;
}

/* Rows that are looked at in one call, but for the first page: some milliseconds. Over
 * all rooms each gives as many, and the best of those go on. */
#define LOOK_COUNT     1000
#define LOOK_COUNT_MIN 64

/* Rows that the store gave for a page. */
struct rows {
    struct filter *filter;
    uint16_t kind; /* asked for; 0: all */
    size_t count;
    size_t damaged;
    struct kith_cursor last; /* that is sound */
};

static int on_row(void *ctx, const struct kith_stored_event *event)
{
    struct rows *rows = ctx;
    rows->count++;
    rows->damaged += event->is_damaged;
    if (!event->is_damaged)
        rows->last = (struct kith_cursor){event->hlc, event->id};
    bool is_other = event->kind == 0 || (rows->kind != 0 && event->kind != rows->kind);
    return is_other && !event->is_damaged ? 0 : on_event(rows->filter, event);
}

static size_t look_count(const struct kith_runtime *runtime, uint32_t room_no)
{
    size_t rooms = room_no != 0 ? 1 : kith_node_room_count(runtime->node);
    size_t count = rooms == 0 ? LOOK_COUNT : LOOK_COUNT / rooms;
    return count < LOOK_COUNT_MIN ? LOOK_COUNT_MIN : count;
}

/* What a page leaves out takes places of it: then it goes on behind the last sound row,
 * with twice as many, and places for the damaged ones that come again there. */
static int read_page(struct kith_runtime *runtime, struct kith_page_query *page,
                     struct rows *rows, struct kith_cursor *place, bool *out_more)
{
    size_t look_max = look_count(runtime, page->room_no);
    size_t limit = rows->filter->left;
    size_t looked = 0;
    page->limit = with_pending(runtime, limit);
    for (;;) {
        rows->count = rows->damaged = 0;
        int result = kith_store_page(runtime->store, page, on_row, rows);
        if (result != 0 || rows->count < page->limit)
            return result;
        looked += rows->count;
        limit = limit < look_max / 2 ? 2 * limit : look_max;
        page->limit = with_pending(runtime, limit) + 2 * rows->damaged;
        if (rows->damaged == rows->count)
            continue;
        *place = rows->last;
        if (page->is_newest_first)
            page->before = place;
        else
            page->after = place;
        *out_more = looked >= look_max;
        if (*out_more)
            return 0;
    }
}

int kith_runtime_history(struct kith_runtime *runtime, struct kith_history_query *query,
                         kith_entry_cb *visit, void *ctx, bool *out_more)
{
    struct kith_cursor since = {.hlc = kith_hlc_from_wall(query->since)};
    struct kith_cursor place = {.hlc = query->after_hlc, .id = query->after_id};
    struct filter filter = begin(runtime, query->limit, visit, ctx);
    struct kith_cursor due = {.hlc = filter.due_end};
    struct rows rows = {.filter = &filter, .kind = query->kind};
    *out_more = false;
    if (runtime->store == NULL)
        return KITH_ECLOSED;
    if (query->limit == 0)
        return 0;
    struct kith_page_query page = {
        .room_no = query->room_no,
        .is_newest_first = query->newest_first,
        .after = &since,
        .before = &due,
    };
    if (query->has_after && query->newest_first && place.hlc < due.hlc)
        page.before = &place;
    if (query->has_after && !query->newest_first && place.hlc >= since.hlc)
        page.after = &place;
    int result = read_page(runtime, &page, &rows, &place, out_more);
    if (*out_more) {
        query->has_after = true;
        query->after_hlc = place.hlc;
        query->after_id = place.id;
        query->limit = filter.left;
    }
    return end(runtime, &filter, result);
}

int kith_runtime_arrivals(struct kith_runtime *runtime, uint64_t first, size_t limit,
                          kith_entry_cb *visit, void *ctx)
{
    struct filter filter = begin(runtime, limit, visit, ctx);
    if (runtime->store == NULL)
        return KITH_ECLOSED;
    if (limit == 0)
        return 0;
    return end(runtime, &filter,
               kith_store_arrivals(runtime->store, first, limit, on_event, &filter));
}

struct looking {
    struct filter filter;
    uint32_t room_no;
    uint64_t arrival; /* of the last one looked at */
    size_t count;
};

static int on_found(void *ctx, const struct kith_stored_event *event)
{
    struct looking *looking = ctx;
    looking->count++;
    looking->arrival = event->arrival;
    if (!is_shown(&looking->filter, event) ||
        (looking->room_no != 0 && looking->room_no != event->room_no))
        return 0;
    struct kith_entry entry = to_entry(event);
    return looking->filter.visit(looking->filter.ctx, &entry);
}

bool kith_runtime_index(struct kith_runtime *runtime)
{
    return runtime->store == NULL || kith_upkeep_index(&runtime->upkeep);
}

int kith_runtime_search(struct kith_runtime *runtime,
                        const struct kith_runtime_search_query *query,
                        kith_entry_cb *visit, void *ctx, uint64_t *out_before)
{
    struct looking looking = {.filter = begin(runtime, query->limit, visit, ctx),
                              .room_no = query->room_no};
    if (runtime->store == NULL)
        return KITH_ECLOSED;
    if (runtime->upkeep.index_error == KITH_ECORRUPT)
        return kith_health_read(runtime, KITH_ECORRUPT);
    if (runtime->upkeep.index_error != 0) /* what was said last would be missing */
        return runtime->upkeep.index_error;
    struct kith_search_query search = {.text = query->text,
                                       .arrival_from = query->arrival_from,
                                       .arrival_before = query->arrival_before,
                                       .limit = query->limit};
    int result = kith_store_search_indexed(runtime->store, &search, on_found, &looking);
    bool has_more = result > 0 || (looking.count > 0 && looking.count == query->limit);
    *out_before = has_more ? looking.arrival : 0;
    return end(runtime, &looking.filter, result);
}

int kith_runtime_message(struct kith_runtime *runtime, const struct kith_id *id,
                         kith_entry_cb *visit, void *ctx)
{
    struct looking looking = {.filter = begin(runtime, 1, visit, ctx)};
    if (runtime->store == NULL)
        return KITH_ECLOSED;
    int result = kith_store_message(runtime->store, id, on_found, &looking);
    if (result == KITH_ENOTFOUND && runtime->upkeep.index_error != 0)
        return runtime->upkeep.index_error; /* perhaps it has not come to it */
    return end(runtime, &looking.filter, result);
}

uint64_t kith_runtime_arrival_since(struct kith_runtime *runtime, kith_time since)
{
    uint64_t arrival = 0;
    if (runtime->store == NULL ||
        kith_store_arrival_since(runtime->store, since, &arrival) != 0)
        return 0;
    return arrival;
}

uint64_t kith_runtime_arrival_last(const struct kith_runtime *runtime)
{
    return runtime->arrival_committed - 1;
}
