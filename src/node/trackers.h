/* SPDX-License-Identifier: MIT */
/* The connections to trackers: an endpoint of their own beside that of the peers, made
 * when the first one is dialled. What the core wants of trackers is carried out here, and
 * what they do becomes its input. */
#ifndef KITH_NODE_TRACKERS_H
#define KITH_NODE_TRACKERS_H

#include "node/runtime.h"

/* TRACKER_DIAL, TRACKER_SEND, TRACKER_CLOSE. */
void kith_trackers_carry_out(struct kith_runtime *runtime,
                             const struct kith_effect *effect);

/* The port that links to trackers, and meetings, leave from: the one listened on. */
uint16_t kith_trackers_port(const struct kith_runtime *runtime);

/* What was queued leaves; at the end of a turn. */
void kith_trackers_flush(struct kith_runtime *runtime);

/* Closes all; kith_runtime_settle is told when nothing is left. */
void kith_trackers_stop(struct kith_runtime *runtime);
bool kith_trackers_are_down(const struct kith_runtime *runtime);
void kith_trackers_free(struct kith_runtime *runtime);

#endif
