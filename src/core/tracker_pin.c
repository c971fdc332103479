/* SPDX-License-Identifier: MIT */
#include "core/tracker_pin.h"

#include "core/record.h"
#include "core/tracker.h"

struct kith_tracker_pin *kith_tracker_pin_find(const struct kith_node *node,
                                               const struct kith_address *address)
{
    kith_list_each (item, &node->tracking.pins) {
        struct kith_tracker_pin *pin =
            kith_list_item(item, struct kith_tracker_pin, item);
        if (kith_address_equal(&pin->address, address))
            return pin;
    }
    return NULL;
}

static struct kith_tracker_pin *get_pin(struct kith_node *node,
                                        const struct kith_address *address)
{
    struct kith_tracker_pin *pin = kith_tracker_pin_find(node, address);
    if (pin != NULL)
        return pin;
    pin = kith_alloc_zero(node->alloc, sizeof(*pin));
    if (pin == NULL)
        return NULL;
    pin->address = *address;
    kith_list_push(&node->tracking.pins, &pin->item);
    return pin;
}

int kith_tracker_restore(struct kith_node *node, const struct kith_record_tracker *record)
{
    struct kith_tracker_pin *pin = get_pin(node, &record->address);
    if (pin == NULL)
        return KITH_ENOMEM;
    pin->id = record->id;
    pin->is_kept = record->is_kept;
    pin->is_recorded = true;
    return 0;
}

void kith_tracker_pin(struct kith_node *node, const struct kith_tracker *tracker)
{
    struct kith_tracker_pin *pin = get_pin(node, &tracker->address);
    if (pin == NULL) {
        kith_node_break(node);
        return;
    }
    if (pin->is_recorded && kith_id_equal(&pin->id, &tracker->id) &&
        pin->is_kept == tracker->is_kept)
        return;
    pin->id = tracker->id;
    pin->is_kept = tracker->is_kept;
    pin->is_recorded = true;
    struct kith_record *row = kith_record_add(node, KITH_RECORD_TRACKER);
    row->tracker = (struct kith_record_tracker){pin->address, pin->id, pin->is_kept};
}

void kith_tracker_forget_uncommitted(struct kith_node *node)
{
    kith_list_each (item, &node->tracking.pins)
        kith_list_item(item, struct kith_tracker_pin, item)->is_recorded = false;
}

void kith_tracker_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->tracking.pins)
        kith_release(node->alloc, kith_list_item(item, struct kith_tracker_pin, item));
}
