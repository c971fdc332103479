/* SPDX-License-Identifier: MIT */
/* Entries: a peer that is here or was, in its network and its household. */
#include "tracker/registry_state.h"

#include <string.h>

/* ---- slots ---- */

static int reserve_slot(struct kith_registry *r)
{
    void *slots = r->slots, *free_slots = r->slots_free;
    int error = kith_alloc_grow(r->alloc, &slots, &r->slot_capacity, r->slot_count + 1,
                                sizeof *r->slots);
    r->slots = error == 0 ? slots : r->slots;
    if (error == 0)
        error = kith_alloc_grow(r->alloc, &free_slots, &r->slots_free_capacity,
                                r->slot_count + 1, sizeof *r->slots_free);
    r->slots_free = error == 0 ? free_slots : r->slots_free;
    return error;
}

static void take_slot(struct kith_registry *r, struct kith_entry *entry)
{
    entry->slot = r->slots_free_count > 0 ? r->slots_free[--r->slots_free_count]
                                          : (uint32_t)r->slot_count++;
    r->slots[entry->slot] = entry;
}

/* There is room: as many were reserved as there are slots. */
static void return_slot(struct kith_registry *r, const struct kith_entry *entry)
{
    r->slots[entry->slot] = NULL;
    r->slots_free[r->slots_free_count++] = entry->slot;
}

/* ---- life ---- */

struct kith_entry *kith_registry_entry(const struct kith_registry *r,
                                       const struct kith_id *id)
{
    return kith_map_get(&r->entries, id->bytes);
}

struct kith_entry *kith_registry_entry_new(struct kith_registry *r,
                                           const struct kith_id *id,
                                           struct kith_registry_household *household)
{
    struct kith_entry *entry = kith_alloc_zero(r->alloc, sizeof *entry);
    if (entry == NULL || reserve_slot(r) != 0 ||
        kith_map_put(&r->entries, id->bytes, entry) != 0) {
        kith_release(r->alloc, entry);
        return NULL;
    }
    entry->id = *id;
    entry->household = household;
    household->entry_count++;
    kith_list_init(&entry->name_node);
    kith_list_init(&entry->away_node);
    kith_list_init(&entry->household_node);
    take_slot(r, entry);
    return entry;
}

static void leave_network(struct kith_registry *r, struct kith_entry *entry)
{
    struct kith_registry_network *network = entry->network;
    kith_registry_name_remove(r, entry);
    if (network == NULL)
        return;
    entry->network = NULL;
    network->entry_count--;
    kith_registry_network_drop(r, network);
}

void kith_registry_entry_free(struct kith_registry *r, struct kith_entry *entry)
{
    if (entry->link != NULL) {
        kith_registry_network_leave(entry);
        entry->link->entry = NULL;
        r->counts.here--;
    }
    kith_watch_stop(r, entry);
    kith_watch_forget(r, entry);
    kith_list_remove(&entry->away_node);
    kith_list_remove(&entry->household_node);
    leave_network(r, entry);
    kith_map_remove(&r->entries, entry->id.bytes);
    return_slot(r, entry);
    entry->household->entry_count--;
    kith_registry_household_drop(r, entry->household);
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++)
        kith_release(r->alloc, entry->records[i].data);
    kith_release(r->alloc, entry->out.items);
    kith_release(r->alloc, entry->in.items);
    kith_release(r->alloc, entry->name);
    kith_release(r->alloc, entry);
}

static void forget(struct kith_registry *r, struct kith_entry *entry)
{
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_FORGET);
    if (effect != NULL)
        effect->forget.id = entry->id;
    kith_registry_entry_free(r, entry);
}

int kith_registry_entry_share(struct kith_registry *r,
                              struct kith_registry_household *household)
{
    if (household->entry_count <
        r->config.per_address_max * KITH_REGISTRY_ENTRIES_PER_LINK)
        return 0;
    if (kith_list_is_empty(&household->away))
        return KITH_ELIMIT;
    forget(r, kith_list_item(household->away.next, struct kith_entry, household_node));
    return 0;
}

int kith_registry_entry_room(struct kith_registry *r,
                             struct kith_registry_household *household)
{
    int error = kith_registry_entry_share(r, household);
    if (error != 0 || r->entries.count < r->config.peers_max)
        return error;
    if (kith_list_is_empty(&r->away))
        return KITH_ELIMIT;
    forget(r, kith_list_item(r->away.next, struct kith_entry, away_node));
    return 0;
}

/* ---- what it says of itself ---- */

int kith_registry_entry_move(struct kith_registry *r, struct kith_entry *entry,
                             const uint8_t *tag)
{
    if (entry->network != NULL &&
        memcmp(entry->network->tag, tag, KITH_NETWORK_TAG_SIZE) == 0)
        return 0;
    struct kith_registry_network *network = kith_registry_network(r, tag);
    if (network == NULL)
        return KITH_ENOMEM;
    network->entry_count++;
    kith_news_part(r, entry);
    leave_network(r, entry);
    entry->network = network;
    return kith_registry_name_add(r, entry);
}

void kith_registry_entry_settle(struct kith_registry *r, struct kith_entry *entry,
                                struct kith_registry_household *household)
{
    struct kith_registry_household *before = entry->household;
    kith_list_remove(&entry->household_node); /* it is coming */
    if (before == household)
        return;
    before->entry_count--;
    household->entry_count++;
    entry->household = household;
    kith_registry_household_drop(r, before);
}

int kith_registry_entry_rename(struct kith_registry *r, struct kith_entry *entry,
                               const char *name)
{
    char *copy = NULL;
    if (name[0] != '\0') {
        copy = kith_alloc_copy(r->alloc, name, strlen(name) + 1);
        if (copy == NULL)
            return KITH_ENOMEM;
    }
    kith_registry_name_remove(r, entry);
    kith_release(r->alloc, entry->name);
    entry->name = copy;
    return kith_registry_name_add(r, entry);
}

/* ---- coming and going ---- */

int kith_registry_entry_arrive(struct kith_registry *r, struct kith_entry *entry,
                               struct kith_registry_link *link)
{
    int error = kith_registry_network_enter(r, entry);
    if (error != 0)
        return error;
    entry->link = link;
    link->entry = entry;
    entry->here_since = r->now.wall;
    kith_list_remove(&entry->away_node);
    kith_list_remove(&entry->household_node);
    kith_registry_name_sort(entry);
    if (r->counts.here++ == 0)
        r->mark_at = r->now.mono + KITH_REGISTRY_MARK;
    kith_watch_tell(r, entry);
    return kith_watch_fill(r, entry);
}

static void put_away(struct kith_registry *r, struct kith_entry *entry)
{
    kith_list_push(&r->away, &entry->away_node);
    kith_list_push(&entry->household->away, &entry->household_node);
    kith_registry_name_sort(entry);
}

void kith_registry_entry_leave(struct kith_registry *r, struct kith_entry *entry)
{
    kith_registry_network_leave(entry);
    kith_watch_stop(r, entry);
    kith_news_release(r, entry->link);
    entry->link->entry = NULL;
    entry->link = NULL;
    entry->seen_s = kith_registry_now_s(r);
    entry->away_at = r->now.mono;
    r->counts.here--;
    r->counts.introduced -= entry->is_introduced;
    entry->is_introduced = false;
    put_away(r, entry);
    kith_registry_uncheck(r, entry);
    kith_watch_tell(r, entry);
    kith_registry_tell(r, KITH_REGISTRY_LEFT, entry);
}

/* ---- time ---- */

kith_time kith_registry_entries_deadline(const struct kith_registry *r)
{
    if (kith_list_is_empty(&r->away))
        return KITH_TIME_NEVER;
    return kith_list_item(r->away.next, struct kith_entry, away_node)->away_at +
           KITH_REGISTRY_AWAY_S * KITH_SECOND;
}

void kith_registry_entries_timeout(struct kith_registry *r)
{
    while (kith_registry_entries_deadline(r) <= r->now.mono && !r->is_broken)
        forget(r, kith_list_item(r->away.next, struct kith_entry, away_node));
}

/* ---- rows ---- */

struct kith_registration kith_registry_entry_row(const struct kith_registry *r,
                                                 const struct kith_entry *entry)
{
    struct kith_registration row = {
        .id = entry->id,
        .remote = entry->remote,
        .is_here = entry->link != NULL,
        .seen_s = entry->link != NULL ? kith_registry_now_s(r) : entry->seen_s,
        .reached = entry->reached,
    };
    memcpy(row.tag, entry->network->tag, sizeof row.tag);
    if (entry->name != NULL)
        memcpy(row.name.text, entry->name, strlen(entry->name));
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++) {
        row.counters[i] = entry->records[i].counter;
        row.records[i] = kith_bytes(entry->records[i].data, entry->records[i].size);
    }
    return row;
}

void kith_registry_entry_keep(struct kith_registry *r, const struct kith_entry *entry)
{
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_KEEP);
    if (effect != NULL)
        effect->keep = kith_registry_entry_row(r, entry);
}

static int restore_records(struct kith_registry *r, struct kith_entry *entry,
                           const struct kith_registration *row)
{
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++) {
        struct kith_signed_addresses record;
        entry->records[i].counter = row->counters[i];
        if (row->records[i].size == 0)
            continue;
        if (kith_signed_addresses_decode(row->records[i], &record) != 0)
            return KITH_ECORRUPT;
        int error = kith_registry_record_keep(r, entry, i, &record);
        if (error != 0)
            return error;
    }
    entry->reached = row->reached & entry->all;
    return 0;
}

static int restore(struct kith_registry *r, const struct kith_registration *row,
                   kith_time away_at)
{
    struct kith_registry_household *household =
        kith_registry_household(r, &row->remote.ip);
    if (household == NULL)
        return KITH_ENOMEM;
    struct kith_entry *entry = kith_registry_entry_new(r, &row->id, household);
    if (entry == NULL) {
        kith_registry_household_drop(r, household);
        return KITH_ENOMEM;
    }
    entry->remote = row->remote;
    entry->seen_s = row->seen_s;
    entry->away_at = away_at;
    int error = kith_registry_entry_move(r, entry, row->tag);
    if (error == 0)
        error = kith_registry_entry_rename(r, entry, row->name.text);
    if (error == 0)
        error = restore_records(r, entry, row);
    if (error == 0)
        put_away(r, entry);
    return error;
}

int kith_registry_restore(struct kith_registry *registry,
                          const struct kith_registration *row, struct kith_now now)
{
    uint64_t now_s = (uint64_t)(now.wall / KITH_SECOND);
    uint64_t away_s = row->seen_s < now_s ? now_s - row->seen_s : 0;
    if (away_s >= KITH_REGISTRY_AWAY_S)
        return 0;
    if (kith_registry_entry(registry, &row->id) != NULL)
        return KITH_ECORRUPT;
    if (registry->entries.count >= registry->config.peers_max) /* it has shrunk */
        kith_registry_entry_free(
            registry, kith_list_item(registry->away.next, struct kith_entry, away_node));
    return restore(registry, row, now.mono - (kith_time)away_s * KITH_SECOND);
}
