/* SPDX-License-Identifier: MIT */
#include "api/server_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <uninorm.h>

#include "base/siphash.h"

/* Folding a character gives at most three, of at most two bytes more each. */
enum { FOLDED_SIZE_MAX = 6 * KITH_NAME_SIZE_MAX };

/* Two names of one hash would be told apart, no worse. */
struct sharers {
    uint64_t hash;
    size_t count;
};

struct kith_noted_name {
    struct kith_name name;
    struct sharers *sharers; /* NULL: without a name, or not yet noted */
};

void kith_names_init(struct kith_names *names, const struct kith_rng *rng)
{
    uint8_t hash_key[KITH_SIPHASH_KEY_SIZE];
    kith_rng_fill(rng, hash_key, sizeof hash_key);
    *names = (struct kith_names){0};
    kith_map_init(&names->sharers, &kith_alloc_heap, hash_key, sizeof(uint64_t));
}

void kith_names_deinit(struct kith_names *names)
{
    for (struct kith_map_entry *entry = kith_map_next(&names->sharers, NULL); entry;
         entry = kith_map_next(&names->sharers, entry))
        free(kith_map_entry_value(entry));
    kith_map_deinit(&names->sharers);
    kith_release(&kith_alloc_heap, names->noted);
}

static const char *name_and_id(const struct kith_node *node, uint32_t peer_no,
                               struct kith_id *out_id)
{
    if (peer_no == 0) {
        *out_id = *kith_node_id(node);
        return kith_node_name(node);
    }
    struct kith_peer_view view;
    if (!kith_node_peer(node, peer_no, &view)) {
        *out_id = (struct kith_id){{0}};
        return "";
    }
    *out_id = view.id;
    return view.name;
}

/* ---- who shares a name ---- */

static bool hash_folded(const struct kith_names *names, const char *name, uint64_t *out)
{
    uint8_t room[FOLDED_SIZE_MAX];
    size_t size = sizeof room;
    uint8_t *folded =
        u8_casefold((const uint8_t *)name, strlen(name), NULL, UNINORM_NFC, room, &size);
    if (!folded)
        return false;
    *out = kith_siphash(names->sharers.hash_key, folded, size);
    if (folded != room)
        free(folded);
    return true;
}

/* NULL when memory ran out. */
static struct sharers *join(struct kith_names *names, const char *name)
{
    uint64_t hash;
    if (!hash_folded(names, name, &hash))
        return NULL;
    struct sharers *sharers = kith_map_get(&names->sharers, &hash);
    if (!sharers) {
        sharers = calloc(1, sizeof *sharers);
        if (!sharers || kith_map_put(&names->sharers, &hash, sharers) != 0) {
            free(sharers);
            return NULL;
        }
        sharers->hash = hash;
    }
    sharers->count++;
    return sharers;
}

static void leave(struct kith_names *names, struct sharers *sharers)
{
    if (!sharers || --sharers->count > 0)
        return;
    kith_map_remove(&names->sharers, &sharers->hash);
    free(sharers);
}

/* ---- what was noted ---- */

/* False when memory ran out: then it has no name, and is noted when it is asked for. */
static bool note(struct kith_names *names, uint32_t peer_no, const char *name)
{
    struct kith_noted_name *noted = &names->noted[peer_no];
    if (strcmp(noted->name.text, name) == 0)
        return true;
    leave(names, noted->sharers);
    *noted = (struct kith_noted_name){.sharers = name[0] ? join(names, name) : NULL};
    if (name[0] && !noted->sharers)
        return false;
    snprintf(noted->name.text, sizeof noted->name.text, "%s", name);
    return true;
}

static bool note_newcomers(struct kith_names *names, const struct kith_node *node)
{
    size_t count = kith_node_peer_count(node) + 1;
    void *items = names->noted;
    struct kith_id id;
    if (names->count >= count)
        return true;
    if (kith_alloc_grow(&kith_alloc_heap, &items, &names->capacity, count,
                        sizeof *names->noted) != 0)
        return false;
    names->noted = items;
    for (; names->count < count; names->count++) {
        uint32_t no = (uint32_t)names->count;
        names->noted[no] = (struct kith_noted_name){0};
        if (!note(names, no, name_and_id(node, no, &id)))
            return false;
    }
    return true;
}

void kith_names_heard(struct kith_names *names, const struct kith_node *node,
                      uint32_t peer_no)
{
    struct kith_id id;
    if (peer_no < names->count)
        note(names, peer_no, name_and_id(node, peer_no, &id));
}

const char *kith_names_get(struct kith_names *names, const struct kith_node *node,
                           uint32_t peer_no)
{
    struct kith_id id;
    const char *name = name_and_id(node, peer_no, &id);
    if (!note_newcomers(names, node) || peer_no >= names->count ||
        !note(names, peer_no, name))
        return "?";
    char brief[KITH_ID_SHORT_SIZE];
    kith_id_format_short(&id, brief);
    if (name[0] == '\0')
        snprintf(names->shown, sizeof names->shown, "%s", brief);
    else if (names->noted[peer_no].sharers->count > 1)
        snprintf(names->shown, sizeof names->shown, "%s~%s", name, brief);
    else
        snprintf(names->shown, sizeof names->shown, "%s", name);
    return names->shown;
}

void kith_names_full(const struct kith_node *node, uint32_t peer_no,
                     char out[static KITH_SHOWN_SIZE])
{
    struct kith_id id;
    const char *name = name_and_id(node, peer_no, &id);
    char brief[KITH_ID_SHORT_SIZE];
    kith_id_format_short(&id, brief);
    if (name[0] == '\0')
        kith_id_format(&id, out);
    else
        snprintf(out, KITH_SHOWN_SIZE, "%s~%s", name, brief);
}
