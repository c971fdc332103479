/* SPDX-License-Identifier: MIT */
/* Signed address records as peers register them, and which of their addresses may be
 * believed. The signature is for those who know the network key; a tracker does not. */
#include "tracker/registry_state.h"

static struct kith_signed_addresses decoded(const struct kith_kept_record *record)
{
    struct kith_signed_addresses addresses = {0};
    if (record->data != NULL)
        (void)kith_signed_addresses_decode(kith_bytes(record->data, record->size),
                                           &addresses); /* it was decoded before */
    return addresses;
}

/* Which of the addresses of `record` were reached, as those of the one before were. */
static uint8_t carry_over(const struct kith_entry *entry,
                          const struct kith_signed_addresses *record)
{
    struct kith_signed_addresses before = decoded(&entry->records[KITH_RECORD_PUBLIC]);
    uint8_t reached = 0;
    for (size_t i = 0; i < record->address_count; i++)
        for (size_t j = 0; j < before.address_count; j++)
            if ((entry->reached >> j & 1) != 0 &&
                kith_bytes_equal(record->addresses[i], before.addresses[j]))
                reached |= (uint8_t)(1u << i);
    return reached;
}

void kith_registry_record_observe(struct kith_entry *entry)
{
    struct kith_signed_addresses record = decoded(&entry->records[KITH_RECORD_PUBLIC]);
    entry->observed = 0;
    for (size_t i = 0; i < record.address_count; i++) {
        struct kith_ip_port place;
        if (kith_ip_port_parse(record.addresses[i], &place) &&
            kith_ip_equal(&place.ip, &entry->remote.ip))
            entry->observed |= (uint8_t)(1u << i);
    }
}

static void drop(struct kith_registry *r, struct kith_entry *entry, size_t which)
{
    kith_release(r->alloc, entry->records[which].data);
    entry->records[which].data = NULL;
    entry->records[which].size = 0;
    if (which == KITH_RECORD_PUBLIC)
        entry->reached = entry->observed = entry->all = 0;
}

int kith_registry_record_keep(struct kith_registry *r, struct kith_entry *entry,
                              size_t which, const struct kith_signed_addresses *record)
{
    uint8_t *copy = kith_alloc_copy(r->alloc, record->bytes.data, record->bytes.size);
    if (copy == NULL)
        return KITH_ENOMEM;
    uint8_t reached = carry_over(entry, record);
    drop(r, entry, which);
    entry->records[which] = (struct kith_kept_record){copy, record->bytes.size,
                                                      record->counter, record->expiry};
    if (which == KITH_RECORD_PUBLIC) {
        entry->reached = reached;
        entry->all = (uint8_t)((1u << record->address_count) - 1);
        kith_registry_record_observe(entry);
    }
    return 0;
}

int kith_registry_record_judge(const struct kith_id *id, struct kith_bytes bytes)
{
    struct kith_signed_addresses record;
    int error = bytes.size > 0 ? kith_signed_addresses_decode(bytes, &record) : 0;
    if (error != 0 || bytes.size == 0)
        return error;
    return kith_id_equal(&record.id, id) ? 0 : KITH_EPROTO;
}

/* Older than what is kept, or the same. Who signed by a clock that was ahead, and has
 * been set right since, is newer. */
static bool is_no_news(const struct kith_registry *r, const struct kith_kept_record *kept,
                       const struct kith_signed_addresses *record)
{
    uint64_t ahead_ms = (kith_registry_now_s(r) + KITH_REGISTRY_AHEAD_S) * 1000;
    return record->counter < kept->counter
               ? kept->counter <= ahead_ms
               : record->counter == kept->counter && kept->data != NULL;
}

int kith_registry_record_take(struct kith_registry *r, struct kith_entry *entry,
                              size_t which, struct kith_bytes bytes, bool *out_changed)
{
    struct kith_signed_addresses record;
    const struct kith_kept_record *kept = &entry->records[which];
    if (bytes.size == 0) {
        *out_changed |= kept->data != NULL;
        drop(r, entry, which);
        return 0;
    }
    int error = kith_signed_addresses_decode(bytes, &record);
    if (error != 0 || is_no_news(r, kept, &record))
        return error;
    *out_changed = true;
    return kith_registry_record_keep(r, entry, which, &record);
}

bool kith_registry_record_is_told(const struct kith_registry *r,
                                  const struct kith_entry *entry, size_t which)
{
    const struct kith_kept_record *record = &entry->records[which];
    if (record->data == NULL || record->expiry_s <= kith_registry_now_s(r))
        return false;
    return which == KITH_RECORD_LOCAL || (entry->reached | entry->observed) == entry->all;
}
