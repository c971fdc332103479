/* SPDX-License-Identifier: MIT */
/* What entries are grouped by: networks (their tag) and households (their address). */
#include "tracker/registry_state.h"

#include <string.h>

/* ---- households ---- */

struct kith_registry_household *kith_registry_household(struct kith_registry *r,
                                                        const struct kith_ip *ip)
{
    struct kith_ip key = kith_ip_household(ip);
    struct kith_registry_household *household = kith_map_get(&r->households, key.bytes);
    if (household != NULL) {
        kith_list_remove(&household->rest_node);
        return household;
    }
    household = kith_alloc_zero(r->alloc, sizeof *household);
    if (household == NULL)
        return NULL;
    household->ip = key;
    kith_list_init(&household->away);
    kith_list_init(&household->rest_node);
    if (kith_map_put(&r->households, key.bytes, household) == 0)
        return household;
    kith_release(r->alloc, household);
    return NULL;
}

size_t kith_registry_household_share(const struct kith_registry *r, size_t usual)
{
    size_t links = r->config.per_address_max > KITH_REGISTRY_PER_ADDRESS_MAX
                       ? r->config.per_address_max
                       : KITH_REGISTRY_PER_ADDRESS_MAX;
    return usual * links / KITH_REGISTRY_PER_ADDRESS_MAX;
}

static void household_free(struct kith_registry *r,
                           struct kith_registry_household *household)
{
    kith_list_remove(&household->rest_node);
    kith_map_remove(&r->households, household->ip.bytes);
    kith_release(r->alloc, household);
}

void kith_registry_household_drop(struct kith_registry *r,
                                  struct kith_registry_household *household)
{
    kith_time now = r->now.mono;
    if (household->link_count + household->entry_count + household->check_count > 0)
        return;
    if (household->register_at <= now && household->call_at <= now) {
        household_free(r, household);
        return;
    }
    household->rest_end = now + KITH_REGISTRY_HOUSEHOLD_REST;
    kith_list_remove(&household->rest_node);
    kith_list_push(&r->resting, &household->rest_node);
}

kith_time kith_registry_households_deadline(const struct kith_registry *r)
{
    if (kith_list_is_empty(&r->resting))
        return KITH_TIME_NEVER;
    return kith_list_item(r->resting.next, struct kith_registry_household, rest_node)
        ->rest_end;
}

void kith_registry_households_timeout(struct kith_registry *r)
{
    while (kith_registry_households_deadline(r) <= r->now.mono)
        household_free(r, kith_list_item(r->resting.next, struct kith_registry_household,
                                         rest_node));
}

void kith_registry_households_free(struct kith_registry *r)
{
    kith_list_each_safe (node, &r->resting)
        household_free(r,
                       kith_list_item(node, struct kith_registry_household, rest_node));
    kith_map_deinit(&r->households);
}

/* ---- networks ---- */

struct kith_registry_network *kith_registry_network(struct kith_registry *r,
                                                    const uint8_t *tag)
{
    struct kith_registry_network *network = kith_map_get(&r->networks, tag);
    if (network != NULL)
        return network;
    network = kith_alloc_zero(r->alloc, sizeof *network);
    if (network == NULL)
        return NULL;
    memcpy(network->tag, tag, KITH_NETWORK_TAG_SIZE);
    network->no = ++r->network_no_last;
    if (kith_map_put(&r->networks, tag, network) == 0)
        return network;
    kith_release(r->alloc, network);
    return NULL;
}

void kith_registry_network_drop(struct kith_registry *r,
                                struct kith_registry_network *network)
{
    if (network->entry_count > 0)
        return;
    kith_map_remove(&r->networks, network->tag);
    kith_release(r->alloc, network->here);
    kith_release(r->alloc, network);
}

int kith_registry_network_enter(struct kith_registry *r, struct kith_entry *entry)
{
    struct kith_registry_network *network = entry->network;
    void *here = network->here;
    int error = kith_alloc_grow(r->alloc, &here, &network->here_capacity,
                                network->here_count + 1, sizeof *network->here);
    if (error != 0)
        return error;
    network->here = here;
    entry->here_index = (uint32_t)network->here_count;
    network->here[network->here_count++] = entry;
    return 0;
}

void kith_registry_network_leave(struct kith_entry *entry)
{
    struct kith_registry_network *network = entry->network;
    struct kith_entry *last = network->here[--network->here_count];
    network->here[entry->here_index] = last;
    last->here_index = entry->here_index;
}
