/* SPDX-License-Identifier: MIT */
/* The address records of candidates: verified before they count, for a tracker may have
 * made them up. */
#ifndef KITH_CORE_CANDIDATE_RECORD_H
#define KITH_CORE_CANDIDATE_RECORD_H

#include "core/engine.h"

/* Have those verified that are news and in time, at the pace that the tracker has left.
 */
void kith_candidate_told_records(struct kith_node *node, struct kith_tracker *tracker,
                                 struct kith_candidate *candidate,
                                 const struct kith_tracked *told);

/* Is a record of this peer being verified? */
bool kith_candidate_is_checked(const struct kith_node *node, const struct kith_id *id);

/* It was, and is valid. */
void kith_candidate_keep(struct kith_node *node, struct kith_candidate *candidate,
                         const struct kith_candidate_check *check);

/* Where it may be dialled: of both records in turn, so that neither crowds the other out.
 * Returns how many. */
size_t kith_candidate_addresses(const struct kith_node *node,
                                const struct kith_candidate *candidate,
                                struct kith_address out[KITH_RECORD_ADDRESSES_MAX]);

#endif
