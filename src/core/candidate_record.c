/* SPDX-License-Identifier: MIT */
#include "core/candidate_record.h"

#include <assert.h>
#include <string.h>

#include "core/digest.h"
#include "core/exchange.h"
#include "core/scope.h"

/* Is one of the trackers that tell of it reached at this host? */
static bool is_near(const struct kith_node *node, const struct kith_candidate *candidate)
{
    for (size_t i = 0; i < node->tracking.count; i++)
        if ((candidate->trackers & 1u << i) != 0 &&
            node->tracking.trackers[i].is_loopback)
            return true;
    return false;
}

size_t kith_candidate_addresses(const struct kith_node *node,
                                const struct kith_candidate *candidate,
                                struct kith_address out[KITH_RECORD_ADDRESSES_MAX])
{
    struct kith_signed_addresses records[KITH_TRACKED_RECORDS_MAX] = {0};
    bool is_at_hand = is_near(node, candidate);
    size_t count = 0;
    for (size_t slot = 0; slot < KITH_TRACKED_RECORDS_MAX; slot++) {
        int error = candidate->records[slot].counter == 0
                        ? 0
                        : kith_signed_addresses_decode(candidate->records[slot].bytes,
                                                       &records[slot]);
        assert(error == 0); /* it was decoded before it was verified */
    }
    for (size_t i = 0; i < KITH_RECORD_ADDRESSES_MAX * KITH_TRACKED_RECORDS_MAX; i++) {
        const struct kith_signed_addresses *record =
            &records[i % KITH_TRACKED_RECORDS_MAX];
        size_t at = i / KITH_TRACKED_RECORDS_MAX;
        struct kith_address address;
        if (at < record->address_count && count < KITH_RECORD_ADDRESSES_MAX &&
            kith_address_parse(record->addresses[at], KITH_PORT_DEFAULT, false, &address,
                               NULL) == 0 &&
            (kith_exchange_is_public(&address) ||
             (is_at_hand && kith_scope_is_loopback(address.host))))
            out[count++] = address;
    }
    return count;
}

static bool is_news(const struct kith_node *node,
                    const struct kith_candidate_record *kept, uint64_t counter)
{
    return counter > kept->counter ||
           kept->expiry <= (uint64_t)(node->now.wall / KITH_SECOND);
}

static bool is_wanted_record(const struct kith_node *node,
                             const struct kith_candidate *candidate, size_t slot,
                             const struct kith_signed_addresses *record)
{
    uint64_t now_s = (uint64_t)(node->now.wall / KITH_SECOND);
    return kith_id_equal(&record->id, &candidate->id) && record->expiry > now_s &&
           record->expiry <= now_s + 2 * KITH_RECORD_LIFE / KITH_SECOND &&
           is_news(node, &candidate->records[slot], record->counter) &&
           node->tracking.check_count < KITH_CANDIDATE_CHECKS_MAX;
}

bool kith_candidate_is_checked(const struct kith_node *node, const struct kith_id *id)
{
    kith_list_each (item, &node->tracking.checks)
        if (kith_id_equal(&kith_list_item(item, struct kith_candidate_check, item)->id,
                          id))
            return true;
    return false;
}

static void verify(struct kith_node *node, const struct kith_candidate *candidate,
                   size_t slot, const struct kith_signed_addresses *record)
{
    struct kith_candidate_check *check =
        kith_alloc(node->alloc, sizeof(*check) + record->bytes.size);
    if (check == NULL) {
        kith_node_break(node);
        return;
    }
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_VERIFY);
    effect->verify.verify_no = check->verify_no = ++node->verify_no;
    effect->verify.author = record->id;
    memcpy(effect->verify.signature, record->signature, KITH_SIGNATURE_SIZE);
    kith_digest_addresses(record->fields, node->network_key, effect->verify.message);
    memcpy(check + 1, record->bytes.data, record->bytes.size);
    check->bytes = kith_bytes(check + 1, record->bytes.size);
    check->id = candidate->id;
    check->slot = slot;
    kith_list_push(&node->tracking.checks, &check->item);
    node->tracking.check_count++;
}

void kith_candidate_keep(struct kith_node *node, struct kith_candidate *candidate,
                         const struct kith_candidate_check *check)
{
    struct kith_signed_addresses record;
    struct kith_candidate_record *kept = &candidate->records[check->slot];
    if (kith_signed_addresses_decode(check->bytes, &record) != 0 ||
        !is_news(node, kept, record.counter))
        return;
    uint8_t *bytes = kith_alloc(node->alloc, check->bytes.size);
    if (bytes == NULL) {
        kith_node_break(node);
        return;
    }
    memcpy(bytes, check->bytes.data, check->bytes.size);
    kith_release(node->alloc, (void *)kept->bytes.data);
    *kept = (struct kith_candidate_record){record.counter, record.expiry,
                                           kith_bytes(bytes, check->bytes.size)};
}

void kith_candidate_told_records(struct kith_node *node, struct kith_tracker *tracker,
                                 struct kith_candidate *candidate,
                                 const struct kith_tracked *told)
{
    for (size_t slot = 0; slot < told->record_count; slot++) {
        struct kith_signed_addresses record;
        if (told->records[slot].size > 0 &&
            kith_signed_addresses_decode(told->records[slot], &record) == 0 &&
            is_wanted_record(node, candidate, slot, &record) &&
            kith_tokens_take(&tracker->records, node->now.mono,
                             KITH_TRACKED_RECORDS_PER_S, KITH_TRACKED_RECORDS_MOST))
            verify(node, candidate, slot, &record);
    }
}
