/* SPDX-License-Identifier: MIT */
/* Telling each peer what changed among those it watches, many in a frame. */
#include "tracker/registry_state.h"

#include <string.h>

/* Peers told their news in one step: others wait for theirs no longer than that takes. */
#define TOLD_IN_A_STEP 64

/* ---- when ---- */

static void enqueue(struct kith_list *list, struct kith_registry_link *link,
                    enum kith_news_state news)
{
    kith_list_remove(&link->news_node);
    kith_list_push(list, &link->news_node);
    link->news = news;
}

static void set_has_news(struct kith_registry *r, struct kith_registry_link *link,
                         bool has_news)
{
    r->counts.untold += has_news;
    r->counts.untold -= link->has_news;
    link->has_news = has_news;
}

void kith_news_wake(struct kith_registry *r, struct kith_registry_link *link)
{
    set_has_news(r, link, true);
    if (link->news != KITH_NEWS_QUIET)
        return;
    enqueue(&r->soon, link, KITH_NEWS_SOON);
    link->news_due = r->now.mono + KITH_REGISTRY_NEWS_DELAY;
}

void kith_news_release(struct kith_registry *r, struct kith_registry_link *link)
{
    kith_list_remove(&link->news_node);
    link->news = KITH_NEWS_QUIET;
    set_has_news(r, link, false);
}

static kith_time due(const struct kith_list *list)
{
    if (kith_list_is_empty(list))
        return KITH_TIME_NEVER;
    return kith_list_item(list->next, struct kith_registry_link, news_node)->news_due;
}

kith_time kith_news_deadline(const struct kith_registry *r)
{
    kith_time soon = due(&r->soon);
    kith_time paused = due(&r->paused);
    return soon < paused ? soon : paused;
}

/* ---- what ---- */

void kith_news_describe(const struct kith_registry *r, const struct kith_entry *entry,
                        const struct kith_entry *to, struct kith_tracked *out)
{
    *out = (struct kith_tracked){.id = entry->id};
    out->state = entry->link != NULL ? KITH_TRACKED_HERE : KITH_TRACKED_AWAY;
    out->seen_s = entry->link != NULL ? kith_registry_now_s(r) : entry->seen_s;
    if (entry->name != NULL)
        out->name = kith_bytes(entry->name, strlen(entry->name));
    const bool is_home = entry->household == to->household;
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++) {
        const struct kith_kept_record *record = &entry->records[i];
        if ((i == KITH_RECORD_LOCAL && !is_home) ||
            !kith_registry_record_is_told(r, entry, i))
            continue;
        out->records[out->record_count++] = kith_bytes(record->data, record->size);
    }
}

/* ---- telling ---- */

static void send(struct kith_registry *r, struct kith_entry *to,
                 struct kith_frame_peers *frame)
{
    size_t from = r->bytes.size;
    if (frame->count == 0)
        return;
    frame->has_more = to->out.count + 1 < to->network->here_count;
    r->counts.entries_sent += frame->count;
    kith_frame_peers_encode(&r->bytes, frame);
    kith_registry_link_send(r, to->link, from);
    frame->count = 0;
}

static bool is_told(const struct kith_entry *to, const struct kith_entry *entry)
{
    for (size_t i = 0; i < to->out.count; i++)
        if (to->out.items[i].slot == entry->slot)
            return !to->out.items[i].is_news;
    return false;
}

void kith_news_tell_of(struct kith_registry *r, struct kith_entry *to,
                       const struct kith_entry *entry)
{
    struct kith_frame_peers frame = {0};
    if (is_told(to, entry))
        return;
    kith_news_describe(r, entry, to, &frame.peers[frame.count++]);
    send(r, to, &frame);
}

static void introduce(struct kith_registry *r, struct kith_entry *entry)
{
    r->counts.introduced += !entry->is_introduced;
    entry->is_introduced = true;
}

/* From the end, because one who is away is not watched any longer once that is told, and
 * the last takes its place. False when the peer has enough to read for now. */
static bool tell(struct kith_registry *r, struct kith_entry *to)
{
    struct kith_frame_peers frame = {0};
    for (size_t i = to->out.count; i-- > 0;) {
        struct kith_edge *edge = &to->out.items[i];
        const struct kith_entry *entry = r->slots[edge->slot];
        if (!edge->is_news)
            continue;
        if (to->link->queued > KITH_REGISTRY_QUEUE_HIGH) {
            send(r, to, &frame);
            return false;
        }
        edge->is_news = 0;
        kith_news_describe(r, entry, to, &frame.peers[frame.count++]);
        if (entry->link != NULL)
            introduce(r, to);
        else
            kith_watch_remove(r, to, i);
        if (frame.count == KITH_PEERS_FRAME_MAX)
            send(r, to, &frame);
    }
    send(r, to, &frame);
    return true;
}

static void tell_due(struct kith_registry *r, struct kith_registry_link *link)
{
    kith_list_remove(&link->news_node);
    link->news = KITH_NEWS_QUIET;
    if (!link->has_news)
        return; /* the pause is over, and nothing came meanwhile */
    if (!tell(r, link->entry)) {
        enqueue(&r->held, link, KITH_NEWS_HELD);
        return;
    }
    set_has_news(r, link, false);
    enqueue(&r->paused, link, KITH_NEWS_PAUSED);
    link->news_due = r->now.mono + KITH_REGISTRY_NEWS_PAUSE;
}

static struct kith_registry_link *next_due(struct kith_registry *r)
{
    struct kith_list *list = due(&r->soon) <= due(&r->paused) ? &r->soon : &r->paused;
    if (due(list) > r->now.mono)
        return NULL;
    return kith_list_item(list->next, struct kith_registry_link, news_node);
}

void kith_news_timeout(struct kith_registry *r)
{
    struct kith_registry_link *link;
    for (size_t told = 0; told < TOLD_IN_A_STEP && (link = next_due(r)) != NULL;) {
        told += link->has_news;
        tell_due(r, link);
    }
}

static void tell_parting(struct kith_registry *r, const struct kith_entry *entry,
                         struct kith_entry *to)
{
    struct kith_frame_peers frame = {.count = 1};
    if (to->link->queued > KITH_REGISTRY_QUEUE_HIGH)
        return; /* it will find out when it dials */
    frame.peers[0] = (struct kith_tracked){
        .state = KITH_TRACKED_AWAY, .id = entry->id, .seen_s = kith_registry_now_s(r)};
    if (entry->name != NULL)
        frame.peers[0].name = kith_bytes(entry->name, strlen(entry->name));
    send(r, to, &frame);
}

void kith_news_part(struct kith_registry *r, struct kith_entry *entry)
{
    while (entry->in.count > 0) {
        struct kith_edge last = entry->in.items[entry->in.count - 1];
        struct kith_entry *watcher = r->slots[last.slot];
        kith_watch_remove(r, watcher, last.back);
        tell_parting(r, entry, watcher);
    }
}
