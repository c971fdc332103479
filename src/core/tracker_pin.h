/* SPDX-License-Identifier: MIT */
/* The keys of trackers by their addresses, as they were first met, kept over restarts. */
#ifndef KITH_CORE_TRACKER_PIN_H
#define KITH_CORE_TRACKER_PIN_H

#include "core/engine.h"

/* NULL: none was met there. */
struct kith_tracker_pin *kith_tracker_pin_find(const struct kith_node *node,
                                               const struct kith_address *address);

/* Keep the key of this one, and whether it came with an invite. */
void kith_tracker_pin(struct kith_node *node, const struct kith_tracker *tracker);

#endif
