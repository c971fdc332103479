/* SPDX-License-Identifier: MIT */
/* Passing bytes on between contacts that do not reach one another, where this node's
 * person allows it (relay-for-contacts = yes). */
#ifndef KITH_NODE_CONTACT_RELAY_H
#define KITH_NODE_CONTACT_RELAY_H

#include "node/runtime.h"

#define KITH_CONTACT_RELAY_PAIRS_MAX   16            /* a kindness, not a service */
#define KITH_CONTACT_RELAY_BYTES_PER_S (1024 * 1024) /* of a pair, both ways together */

/* KITH_EFFECT_RELAY: expect both. Where that cannot be, neither is let in. */
void kith_contact_relay_carry_out(struct kith_runtime *runtime,
                                  const struct kith_effect *effect);

/* A connection that shows a ticket. Takes `take_fd`. */
void kith_contact_relay_take(struct kith_runtime *runtime, const uint8_t *ticket,
                             int take_fd);

/* Ends all pairs; kith_runtime_settle is told when nothing is left. */
void kith_contact_relay_stop(struct kith_runtime *runtime);
bool kith_contact_relay_is_down(const struct kith_runtime *runtime);
void kith_contact_relay_free(struct kith_runtime *runtime);

#endif
