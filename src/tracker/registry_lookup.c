/* SPDX-License-Identifier: MIT */
/* LOOKUP: who of my network has this id, or this name? Candidates, never a choice. */
#include "tracker/registry_state.h"

#include <string.h>

#include "proto/frame.h"

static void by_id(const struct kith_registry *r, const struct kith_entry *asker,
                  struct kith_bytes value, struct kith_frame_peers *out)
{
    struct kith_id id;
    memcpy(id.bytes, value.data, KITH_ID_SIZE); /* the decoder has seen to the size */
    const struct kith_entry *entry = kith_registry_entry(r, &id);
    if (entry != NULL && entry->network == asker->network)
        kith_news_describe(r, entry, asker, &out->peers[out->count++]);
}

static void by_name(const struct kith_registry *r, const struct kith_entry *asker,
                    struct kith_bytes value, struct kith_frame_peers *out)
{
    struct kith_name name;
    if (kith_name_parse(value, &name, NULL) != 0)
        return; /* nobody is called so */
    const struct kith_registry_name *named =
        kith_registry_name_find(r, asker->network, name.text);
    if (named == NULL)
        return;
    kith_list_each (node, &named->entries) {
        const struct kith_entry *entry =
            kith_list_item(node, struct kith_entry, name_node);
        if (out->count == KITH_PEERS_FRAME_MAX)
            return;
        if (kith_name_matches(entry->name, name.text))
            kith_news_describe(r, entry, asker, &out->peers[out->count++]);
    }
}

int kith_registry_lookup(struct kith_registry *r, struct kith_registry_link *link,
                         struct kith_bytes fields)
{
    struct kith_frame_lookup lookup;
    struct kith_frame_peers answer = {0};
    struct kith_entry *asker = link->entry;
    int error = kith_frame_lookup_decode(fields, &lookup);
    if (error != 0)
        return error;
    if (!kith_registry_token(&asker->lookup_at, r->now.mono, KITH_REGISTRY_LOOKUP_EVERY,
                             KITH_REGISTRY_LOOKUP_BURST))
        return KITH_ELIMIT;
    r->counts.lookups++;
    answer.token = lookup.token;
    if (lookup.by == KITH_LOOKUP_ID)
        by_id(r, asker, lookup.value, &answer);
    else
        by_name(r, asker, lookup.value, &answer);
    size_t from = r->bytes.size;
    r->counts.entries_sent += answer.count;
    kith_frame_peers_encode(&r->bytes, &answer);
    asker->lookup_at += KITH_REGISTRY_LOOKUP_EVERY *
                        (kith_time)((r->bytes.size - from) / KITH_REGISTRY_LOOKUP_SIZE);
    kith_registry_link_send(r, link, from);
    return 0;
}
