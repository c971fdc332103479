/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/siphash.h"
#include "kith/error.h"

/* The macros of uthash expand inside functions that have `map` in scope. */
#define HASH_NONFATAL_OOM      1
#define uthash_malloc(size)    kith_alloc(map->alloc, size)
#define uthash_free(ptr, size) kith_release(map->alloc, ptr)
#include <uthash.h>

struct kith_map_entry {
    UT_hash_handle hh;
    void *value;
    uint8_t key[]; /* map->key_size */
};

void kith_map_init(struct kith_map *map, const struct kith_alloc *alloc,
                   const uint8_t hash_key[static 16], size_t key_size)
{
    assert(key_size > 0 && key_size <= KITH_MAP_KEY_MAX);
    *map = (struct kith_map){.alloc = alloc, .key_size = key_size};
    memcpy(map->hash_key, hash_key, sizeof map->hash_key);
}

void kith_map_deinit(struct kith_map *map)
{
    if (!map)
        return;
    struct kith_map_entry *entry = map->entries;
    HASH_CLEAR(hh, map->entries);
    while (entry) {
        struct kith_map_entry *next = entry->hh.next;
        kith_release(map->alloc, entry);
        entry = next;
    }
    map->count = 0;
}

static unsigned hash_of(const struct kith_map *map, const void *key)
{
    return (unsigned)kith_siphash(map->hash_key, key, map->key_size);
}

static struct kith_map_entry *find(const struct kith_map *map, const void *key,
                                   unsigned hash)
{
    struct kith_map_entry *entry = NULL;
    HASH_FIND_BYHASHVALUE(hh, map->entries, key, map->key_size, hash, entry);
    return entry;
}

void *kith_map_get(const struct kith_map *map, const void *key)
{
    if (!map->entries)
        return NULL;
    struct kith_map_entry *entry = find(map, key, hash_of(map, key));
    return entry ? entry->value : NULL;
}

static int add(struct kith_map *map, const void *key, unsigned hash, void *value)
{
    struct kith_map_entry *entry = kith_alloc(map->alloc, sizeof *entry + map->key_size);
    if (!entry)
        return KITH_ENOMEM;
    entry->value = value;
    memcpy(entry->key, key, map->key_size);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, map->entries, entry->key, map->key_size, hash, entry);
    if (!entry->hh.tbl) {
        kith_release(map->alloc, entry);
        return KITH_ENOMEM;
    }
    map->count++;
    return 0;
}

int kith_map_put(struct kith_map *map, const void *key, void *value)
{
    assert(value);
    unsigned hash = hash_of(map, key);
    struct kith_map_entry *entry = find(map, key, hash);
    if (!entry)
        return add(map, key, hash, value);
    entry->value = value;
    return 0;
}

void *kith_map_remove(struct kith_map *map, const void *key)
{
    if (!map->entries)
        return NULL;
    struct kith_map_entry *entry = find(map, key, hash_of(map, key));
    if (!entry)
        return NULL;
    void *value = entry->value;
    HASH_DEL(map->entries, entry);
    kith_release(map->alloc, entry);
    map->count--;
    return value;
}

struct kith_map_entry *kith_map_next(const struct kith_map *map,
                                     struct kith_map_entry *entry)
{
    return entry ? entry->hh.next : map->entries;
}

const void *kith_map_entry_key(const struct kith_map_entry *entry)
{
    return entry->key;
}

void *kith_map_entry_value(const struct kith_map_entry *entry)
{
    return entry->value;
}
