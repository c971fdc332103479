/* SPDX-License-Identifier: MIT */
#include "tracker/registry.h"

#include <string.h>

#include "tracker/registry_state.h"

/* ---- life ---- */

static void init_lists(struct kith_registry *r)
{
    struct kith_list *const lists[] = {&r->strangers, &r->heard,  &r->ending,
                                       &r->away,      &r->soon,   &r->paused,
                                       &r->held,      &r->resting};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        kith_list_init(lists[i]);
}

int kith_registry_new(const struct kith_registry_config *config,
                      struct kith_registry **out)
{
    struct kith_registry *r = kith_alloc_zero(config->alloc, sizeof *r);
    if (r == NULL)
        return KITH_ENOMEM;
    r->config = *config;
    r->alloc = config->alloc;
    r->bytes = kith_writer(config->alloc);
    r->mark_at = KITH_TIME_NEVER;
    kith_rng_fill(&r->config.rng, r->hash_key, sizeof r->hash_key);
    kith_map_init(&r->links, r->alloc, r->hash_key, sizeof(uint32_t));
    kith_map_init(&r->entries, r->alloc, r->hash_key, KITH_ID_SIZE);
    kith_map_init(&r->networks, r->alloc, r->hash_key, KITH_NETWORK_TAG_SIZE);
    kith_map_init(&r->households, r->alloc, r->hash_key, KITH_IP_SIZE);
    kith_map_init(&r->names, r->alloc, r->hash_key,
                  sizeof((struct kith_registry_name *)0)->key);
    kith_map_init(&r->checks, r->alloc, r->hash_key, sizeof(uint32_t));
    init_lists(r);
    *out = r;
    return 0;
}

static void free_checks(struct kith_registry *r)
{
    struct kith_map_entry *next;
    for (struct kith_map_entry *e = kith_map_next(&r->checks, NULL); e != NULL;
         e = next) {
        next = kith_map_next(&r->checks, e);
        kith_registry_check_free(r, kith_map_entry_value(e));
    }
    kith_map_deinit(&r->checks);
}

static void free_links(struct kith_registry *r)
{
    struct kith_map_entry *e;
    while ((e = kith_map_next(&r->links, NULL)) != NULL)
        kith_registry_link_free(r, kith_map_entry_value(e));
    kith_map_deinit(&r->links);
}

void kith_registry_free(struct kith_registry *registry)
{
    struct kith_registry *r = registry;
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->slot_count; i++)
        if (r->slots[i] != NULL)
            kith_registry_entry_free(r, r->slots[i]);
    free_links(r);
    free_checks(r);
    kith_map_deinit(&r->entries);
    kith_map_deinit(&r->networks);
    kith_registry_households_free(r);
    kith_map_deinit(&r->names);
    kith_release(r->alloc, r->slots);
    kith_release(r->alloc, r->slots_free);
    kith_release(r->alloc, r->effects);
    kith_writer_deinit(&r->bytes);
    kith_release(r->alloc, r);
}

/* ---- effects ---- */

void kith_registry_broke(struct kith_registry *r)
{
    r->is_broken = true;
}

struct kith_registry_effect *kith_registry_effect(struct kith_registry *r,
                                                  enum kith_registry_effect_type type)
{
    void *effects = r->effects;
    if (kith_alloc_grow(r->alloc, &effects, &r->effect_capacity, r->effect_count + 1,
                        sizeof *r->effects) != 0) {
        kith_registry_broke(r);
        return NULL;
    }
    r->effects = effects;
    struct kith_registry_effect *effect = &r->effects[r->effect_count++];
    *effect = (struct kith_registry_effect){.type = type};
    return effect;
}

void kith_registry_tell(struct kith_registry *r, enum kith_registry_news what,
                        const struct kith_entry *entry)
{
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_TELL);
    if (effect == NULL)
        return;
    effect->tell.what = what;
    effect->tell.id = entry->id;
    effect->tell.remote = kith_ip_port_address(&entry->remote);
    effect->tell.here_count = r->counts.here;
    if (entry->name != NULL)
        memcpy(effect->tell.name.text, entry->name, strlen(entry->name));
}

/* The bytes stay in place only now: until here an effect holds where they begin. */
static void place_bytes(struct kith_registry *r)
{
    size_t at = 0;
    for (size_t i = 0; i < r->effect_count; i++) {
        struct kith_registry_effect *effect = &r->effects[i];
        if (effect->type != KITH_REGISTRY_SEND)
            continue;
        effect->send.bytes.data = r->bytes.data + at;
        at += effect->send.bytes.size;
    }
}

/* ---- the step ---- */

static void mark(struct kith_registry *r)
{
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_MARKED);
    if (effect != NULL)
        effect->marked.seen_s = kith_registry_now_s(r);
    r->mark_at = r->counts.here > 0 ? r->now.mono + KITH_REGISTRY_MARK : KITH_TIME_NEVER;
}

static void timeout(struct kith_registry *r)
{
    kith_registry_links_timeout(r);
    kith_registry_entries_timeout(r);
    kith_registry_households_timeout(r);
    kith_news_timeout(r);
    if (r->mark_at <= r->now.mono)
        mark(r);
}

static void dispatch_link(struct kith_registry *r,
                          const struct kith_registry_input *input)
{
    uint32_t no = input->type == KITH_REGISTRY_FRAME     ? input->frame.link
                  : input->type == KITH_REGISTRY_DRAINED ? input->drained.link
                                                         : input->link_down.link;
    struct kith_registry_link *link = kith_registry_link(r, no);
    if (link == NULL)
        return; /* closed by us: what still comes of it means nothing */
    if (input->type == KITH_REGISTRY_FRAME)
        kith_registry_link_frame(r, link, input->frame.bytes);
    else if (input->type == KITH_REGISTRY_DRAINED)
        kith_registry_link_drained(r, link, input->drained.size);
    else
        kith_registry_link_down(r, link);
}

static void dispatch(struct kith_registry *r, const struct kith_registry_input *input)
{
    switch (input->type) {
    case KITH_REGISTRY_LINK_UP:
        kith_registry_link_up(r, input);
        break;
    case KITH_REGISTRY_FRAME:
    case KITH_REGISTRY_DRAINED:
    case KITH_REGISTRY_LINK_DOWN:
        dispatch_link(r, input);
        break;
    case KITH_REGISTRY_CHECKED:
        kith_registry_checked(r, input->checked.check, input->checked.outcome);
        break;
    case KITH_REGISTRY_PAIRED:
        kith_registry_paired(r, input->paired.pair, input->paired.error);
        break;
    case KITH_REGISTRY_TIMEOUT:
        timeout(r);
        break;
    case KITH_REGISTRY_STOP:
        mark(r);
        kith_registry_links_stop(r);
        break;
    }
}

int kith_registry_step(struct kith_registry *registry,
                       const struct kith_registry_input *input,
                       struct kith_registry_effects *out)
{
    struct kith_registry *r = registry;
    *out = (struct kith_registry_effects){0};
    if (r->is_broken)
        return KITH_ENOMEM;
    r->now = input->now;
    r->effect_count = 0;
    kith_writer_clear(&r->bytes);
    dispatch(r, input);
    kith_registry_links_end(r);
    if (r->is_broken || r->bytes.failed) {
        kith_registry_broke(r);
        return KITH_ENOMEM;
    }
    place_bytes(r);
    *out = (struct kith_registry_effects){r->effects, r->effect_count};
    return 0;
}

static kith_time earlier(kith_time a, kith_time b)
{
    return a < b ? a : b;
}

kith_time kith_registry_deadline(const struct kith_registry *registry)
{
    kith_time deadline = earlier(registry->mark_at, kith_news_deadline(registry));
    deadline = earlier(deadline, kith_registry_links_deadline(registry));
    deadline = earlier(deadline, kith_registry_households_deadline(registry));
    return earlier(deadline, kith_registry_entries_deadline(registry));
}

/* ---- queries ---- */

struct kith_registry_counts kith_registry_counts(const struct kith_registry *registry)
{
    struct kith_registry_counts counts = registry->counts;
    counts.links = registry->links.count;
    counts.away = registry->entries.count - counts.here;
    counts.networks = registry->networks.count;
    counts.checks = registry->checks.count;
    return counts;
}

size_t kith_registry_slots(const struct kith_registry *registry)
{
    return registry->slot_count;
}

bool kith_registry_at(const struct kith_registry *registry, size_t slot,
                      struct kith_registry_view *out)
{
    if (slot >= registry->slot_count || registry->slots[slot] == NULL)
        return false;
    const struct kith_entry *entry = registry->slots[slot];
    out->row = kith_registry_entry_row(registry, entry);
    out->here_since = entry->link != NULL ? entry->here_since : 0;
    return true;
}
