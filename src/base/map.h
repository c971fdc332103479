/* SPDX-License-Identifier: MIT */
/* A hash map from fixed-size byte keys to pointers, keyed against flooding.
 *
 * uthash underneath, with SipHash-2-4 under a key of the owner's, so a peer who
 * picks the keys (ids, log ids) cannot pick the buckets. Order of iteration is
 * order of insertion. */
#ifndef KITH_BASE_MAP_H
#define KITH_BASE_MAP_H

#include "base/alloc.h"
#include <stdbool.h>
#include <stdint.h>

#define KITH_MAP_KEY_MAX 64 /* two ids: the longest key in use */

struct kith_map_entry;

struct kith_map {
    struct kith_map_entry *entries;
    const struct kith_alloc *alloc;
    uint8_t hash_key[16];
    size_t key_size;
    size_t count;
};

void kith_map_init(struct kith_map *map, const struct kith_alloc *alloc,
                   const uint8_t hash_key[static 16], size_t key_size);
void kith_map_deinit(struct kith_map *map); /* the values are the caller's */

/* NULL means "not there". */
void *kith_map_get(const struct kith_map *map, const void *key);

/* Add or replace. KITH_ENOMEM leaves the map as it was. `value` is not NULL. */
int kith_map_put(struct kith_map *map, const void *key, void *value);

/* The value that was there, or NULL. */
void *kith_map_remove(struct kith_map *map, const void *key);

/* Iteration: pass NULL to begin; NULL at the end. Removing the current entry is
 * allowed once the next one has been asked for. */
struct kith_map_entry *kith_map_next(const struct kith_map *map,
                                     struct kith_map_entry *entry);
const void *kith_map_entry_key(const struct kith_map_entry *entry);
void *kith_map_entry_value(const struct kith_map_entry *entry);

#endif
