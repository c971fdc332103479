/* SPDX-License-Identifier: MIT */
/* Who is told of whom: a directed graph over the entries of each network.
 *
 * Up to KITH_REGISTRY_WATCHED_MAX others everybody watches everybody. Above that each
 * watches as many, drawn when it came, and is watched by those of them who had room; as
 * others go it draws new ones. So one who comes or goes is told to about as many as it
 * knows, however large the network is, and nobody is left out: links go both ways, and
 * who is told of nobody's coming is still told of somebody. */
#include "tracker/registry_state.h"

static struct kith_entry *at(const struct kith_registry *r, uint32_t slot)
{
    return r->slots[slot];
}

/* ---- edges ---- */

static int reserve(struct kith_registry *r, struct kith_edges *edges)
{
    void *items = edges->items;
    int error = kith_alloc_grow(r->alloc, &items, &edges->capacity, edges->count + 1,
                                sizeof *edges->items);
    if (error == 0)
        edges->items = items;
    return error;
}

static int add(struct kith_registry *r, struct kith_entry *from, struct kith_entry *to)
{
    int error = reserve(r, &from->out);
    if (error == 0)
        error = reserve(r, &to->in);
    if (error != 0)
        return error;
    from->out.items[from->out.count] = (struct kith_edge){
        .slot = to->slot, .back = (uint32_t)to->in.count & INT32_MAX, .is_news = 1};
    to->in.items[to->in.count] = (struct kith_edge){
        .slot = from->slot, .back = (uint32_t)from->out.count & INT32_MAX};
    from->out.count++;
    to->in.count++;
    kith_news_wake(r, from->link);
    return 0;
}

/* Lists of those who are here stay as long as they ever were; one who is away has none.
 */
static void shed(struct kith_registry *r, struct kith_edges *edges)
{
    if (edges->count > 0)
        return;
    kith_release(r->alloc, edges->items);
    *edges = (struct kith_edges){0};
}

static void close_gap_in(struct kith_registry *r, struct kith_entry *to, size_t index)
{
    struct kith_edge last = to->in.items[--to->in.count];
    if (index < to->in.count) {
        to->in.items[index] = last;
        at(r, last.slot)->out.items[last.back].back = (uint32_t)index & INT32_MAX;
    }
    if (to->link == NULL)
        shed(r, &to->in);
}

void kith_watch_remove(struct kith_registry *r, struct kith_entry *entry, size_t index)
{
    struct kith_edge gone = entry->out.items[index];
    close_gap_in(r, at(r, gone.slot), gone.back);
    struct kith_edge last = entry->out.items[--entry->out.count];
    if (index == entry->out.count)
        return;
    entry->out.items[index] = last;
    at(r, last.slot)->in.items[last.back].back = (uint32_t)index & INT32_MAX;
}

void kith_watch_stop(struct kith_registry *r, struct kith_entry *entry)
{
    while (entry->out.count > 0)
        kith_watch_remove(r, entry, entry->out.count - 1);
    shed(r, &entry->out);
    shed(r, &entry->in);
}

void kith_watch_forget(struct kith_registry *r, struct kith_entry *entry)
{
    while (entry->in.count > 0) {
        struct kith_edge last = entry->in.items[entry->in.count - 1];
        kith_watch_remove(r, at(r, last.slot), last.back);
    }
}

void kith_watch_tell(struct kith_registry *r, struct kith_entry *entry)
{
    for (size_t i = 0; i < entry->in.count; i++) {
        struct kith_edge *edge = &entry->in.items[i];
        struct kith_entry *watcher = at(r, edge->slot);
        watcher->out.items[edge->back].is_news = 1;
        kith_news_wake(r, watcher->link);
    }
}

void kith_watch_renew(struct kith_registry *r, struct kith_entry *entry)
{
    for (size_t i = 0; i < entry->out.count; i++)
        entry->out.items[i].is_news = 1;
    if (entry->out.count > 0)
        kith_news_wake(r, entry->link);
}

/* ---- drawing ---- */

bool kith_watch_has_room(const struct kith_entry *entry)
{
    return entry->out.count < KITH_REGISTRY_WATCHED_MAX &&
           entry->out.count + 1 < entry->network->here_count;
}

/* Does `other` watch `entry` already? Its list is the shorter one to look through. */
static bool is_watched_by(const struct kith_entry *entry, const struct kith_entry *other)
{
    for (size_t i = 0; i < other->out.count; i++)
        if (other->out.items[i].slot == entry->slot)
            return true;
    return false;
}

static int meet(struct kith_registry *r, struct kith_entry *entry,
                struct kith_entry *other)
{
    int error = add(r, entry, other);
    if (error != 0 || other->out.count >= KITH_REGISTRY_WATCHED_MAX ||
        is_watched_by(entry, other))
        return error;
    return add(r, other, entry);
}

/* From a random place on around the network. In a large one the walk would always find
 * the same ones together, so there every step is drawn; those few that it misses are
 * drawn with the next fill. */
static int draw(struct kith_registry *r, struct kith_entry *entry)
{
    const struct kith_registry_network *network = entry->network;
    size_t count = network->here_count;
    bool is_large = count > 2 * KITH_REGISTRY_WATCHED_MAX;
    size_t tries = is_large ? 2 * KITH_REGISTRY_WATCHED_MAX : count;
    size_t place = kith_rng_below(&r->config.rng, count);
    for (size_t i = 0; i < tries && kith_watch_has_room(entry); i++) {
        struct kith_entry *other = network->here[place];
        place = is_large ? kith_rng_below(&r->config.rng, count) : (place + 1) % count;
        if (other->stamp == r->stamp)
            continue;
        other->stamp = r->stamp;
        int error = meet(r, entry, other);
        if (error != 0)
            return error;
    }
    return 0;
}

int kith_watch_fill(struct kith_registry *r, struct kith_entry *entry)
{
    r->stamp++;
    entry->stamp = r->stamp;
    for (size_t i = 0; i < entry->out.count; i++)
        at(r, entry->out.items[i].slot)->stamp = r->stamp;
    return draw(r, entry);
}
