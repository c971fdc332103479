/* SPDX-License-Identifier: MIT */
/* Names, filed by network and case-folded form, so that a look-up need not compare all.
 * Two forms that fall on one key are told apart when they are looked up. */
#include "tracker/registry_state.h"

#include <string.h>

static void make_key(const struct kith_registry *r,
                     const struct kith_registry_network *network, const char *name,
                     uint8_t out[static 16])
{
    struct kith_name folded;
    struct kith_bytes text = kith_bytes(name, strlen(name));
    if (kith_name_parse_room(text, &folded, NULL) == 0)
        text = kith_bytes(folded.text, strlen(folded.text));
    uint64_t hash = kith_siphash(r->hash_key, text.data, text.size);
    memcpy(out, &network->no, sizeof network->no);
    memcpy(out + sizeof network->no, &hash, sizeof hash);
}

struct kith_registry_name *kith_registry_name_find(const struct kith_registry *r,
                                                   const struct kith_registry_network *n,
                                                   const char *name)
{
    uint8_t key[16];
    make_key(r, n, name, key);
    return kith_map_get(&r->names, key);
}

static struct kith_registry_name *make(struct kith_registry *r,
                                       const uint8_t key[static 16])
{
    struct kith_registry_name *named = kith_alloc_zero(r->alloc, sizeof *named);
    if (named == NULL)
        return NULL;
    kith_list_init(&named->entries);
    memcpy(named->key, key, sizeof named->key);
    if (kith_map_put(&r->names, key, named) == 0)
        return named;
    kith_release(r->alloc, named);
    return NULL;
}

void kith_registry_name_sort(struct kith_entry *entry)
{
    if (entry->named == NULL)
        return;
    struct kith_list *head = &entry->named->entries;
    kith_list_remove(&entry->name_node);
    /* Before the first is the front, before the head the back. */
    kith_list_push(entry->link != NULL ? head->next : head, &entry->name_node);
}

int kith_registry_name_add(struct kith_registry *r, struct kith_entry *entry)
{
    uint8_t key[16];
    if (entry->name == NULL)
        return 0;
    make_key(r, entry->network, entry->name, key);
    struct kith_registry_name *named = kith_map_get(&r->names, key);
    if (named == NULL)
        named = make(r, key);
    if (named == NULL)
        return KITH_ENOMEM;
    entry->named = named;
    kith_registry_name_sort(entry);
    return 0;
}

void kith_registry_name_remove(struct kith_registry *r, struct kith_entry *entry)
{
    struct kith_registry_name *named = entry->named;
    kith_list_remove(&entry->name_node);
    entry->named = NULL;
    if (named == NULL || !kith_list_is_empty(&named->entries))
        return;
    kith_map_remove(&r->names, named->key);
    kith_release(r->alloc, named);
}
