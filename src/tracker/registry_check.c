/* SPDX-License-Identifier: MIT */
/* Dialling back: is the peer where it says it is? */
#include "tracker/registry_state.h"

#include <string.h>

/* An address that leads further inside than the peer's own is not dialled at its word: it
 * could have the tracker's own network searched, which it does not reach itself. */
static bool may_dial(const struct kith_entry *entry, const struct kith_ip *ip)
{
    return kith_ip_reach(ip) <= kith_ip_reach(&entry->remote.ip);
}

static void answer(struct kith_registry *r, struct kith_entry *entry,
                   struct kith_bytes address, bool is_reached)
{
    struct kith_frame_reachable reachable = {address, is_reached};
    size_t from = r->bytes.size;
    kith_frame_reachable_encode(&r->bytes, &reachable);
    kith_registry_link_send(r, entry->link, from);
}

static bool has_room(const struct kith_registry *r, const struct kith_entry *entry)
{
    return r->checks.count < KITH_REGISTRY_CHECKS_MAX &&
           entry->household->check_count <
               kith_registry_household_share(r, KITH_REGISTRY_CHECKS_PER_HOUSEHOLD);
}

static void dial(struct kith_registry *r, struct kith_entry *entry,
                 const struct kith_ip_port *place)
{
    if (!has_room(r, entry) ||
        !kith_registry_token(&entry->check_at, r->now.mono, KITH_REGISTRY_CHECK_EVERY,
                             KITH_REGISTRY_CHECK_BURST))
        return; /* not known then, until the peer registers again */
    struct kith_check *check = kith_alloc_zero(r->alloc, sizeof *check);
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_CHECK);
    if (check == NULL || effect == NULL) {
        kith_release(r->alloc, check);
        kith_registry_broke(r);
        return;
    }
    do /* numbers still in use are skipped; 0 is none */
        check->no = ++r->check_no_last;
    while (check->no == 0 || kith_map_get(&r->checks, &check->no) != NULL);
    check->id = entry->id;
    check->household = entry->household;
    check->household->check_count++;
    check->place = *place;
    effect->check.check = check->no;
    effect->check.id = entry->id;
    effect->check.address = kith_ip_port_address(place);
    if (kith_map_put(&r->checks, &check->no, check) != 0) {
        kith_registry_check_free(r, check);
        kith_registry_broke(r);
    }
}

void kith_registry_check_free(struct kith_registry *r, struct kith_check *check)
{
    check->household->check_count--;
    kith_registry_household_drop(r, check->household);
    kith_release(r->alloc, check);
}

static void check_record(struct kith_registry *r, struct kith_entry *entry)
{
    const struct kith_kept_record *kept = &entry->records[KITH_RECORD_PUBLIC];
    struct kith_signed_addresses record = {0};
    uint8_t known = entry->reached | entry->observed;
    if (kept->data == NULL ||
        kith_signed_addresses_decode(kith_bytes(kept->data, kept->size), &record) != 0)
        return;
    for (size_t i = 0; i < record.address_count; i++) {
        struct kith_ip_port place;
        if ((known >> i & 1) != 0)
            continue;
        if (kith_ip_port_parse(record.addresses[i], &place) && may_dial(entry, &place.ip))
            dial(r, entry, &place);
        else
            answer(r, entry, record.addresses[i], false);
    }
}

void kith_registry_check(struct kith_registry *r, struct kith_entry *entry,
                         uint16_t wants_port)
{
    struct kith_ip_port place = {entry->remote.ip, wants_port};
    check_record(r, entry);
    if (wants_port != 0)
        dial(r, entry, &place);
}

/* ---- answers ---- */

static void note_reached(struct kith_registry *r, struct kith_entry *entry,
                         const struct kith_ip_port *reached)
{
    const struct kith_kept_record *kept = &entry->records[KITH_RECORD_PUBLIC];
    struct kith_signed_addresses record = {0};
    uint8_t before = entry->reached;
    if (kept->data == NULL ||
        kith_signed_addresses_decode(kith_bytes(kept->data, kept->size), &record) != 0)
        return;
    for (size_t i = 0; i < record.address_count; i++) {
        struct kith_ip_port place;
        if (kith_ip_port_parse(record.addresses[i], &place) &&
            kith_ip_port_equal(&place, reached))
            entry->reached |= (uint8_t)(1u << i);
    }
    if (entry->reached == before)
        return;
    kith_registry_entry_keep(r, entry);
    if ((entry->reached | entry->observed) == entry->all)
        kith_watch_tell(r, entry);
}

/* What was not tried is not known, until the peer registers again. */
void kith_registry_checked(struct kith_registry *r, uint32_t no,
                           enum kith_check_outcome outcome)
{
    struct kith_check *check = kith_map_remove(&r->checks, &no);
    if (check == NULL)
        return;
    struct kith_entry *entry = kith_registry_entry(r, &check->id);
    bool is_reached = outcome == KITH_CHECK_REACHED;
    bool is_told =
        is_reached || (outcome == KITH_CHECK_NOT_REACHED && !check->is_dropped);
    if (entry != NULL && entry->link != NULL && is_told) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        struct kith_address address = kith_ip_port_address(&check->place);
        kith_address_format(&address, text);
        if (is_reached)
            note_reached(r, entry, &check->place);
        answer(r, entry, kith_bytes(text, strlen(text)), is_reached);
    }
    kith_registry_check_free(r, check);
}

void kith_registry_uncheck(struct kith_registry *r, const struct kith_entry *entry)
{
    for (struct kith_map_entry *e = kith_map_next(&r->checks, NULL); e != NULL;
         e = kith_map_next(&r->checks, e)) {
        struct kith_check *check = kith_map_entry_value(e);
        if (check->is_dropped || !kith_id_equal(&check->id, &entry->id))
            continue;
        check->is_dropped = true;
        struct kith_registry_effect *effect =
            kith_registry_effect(r, KITH_REGISTRY_UNCHECK);
        if (effect != NULL)
            effect->uncheck.check = check->no;
    }
}
