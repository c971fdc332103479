/* SPDX-License-Identifier: MIT */
/* Where a tracker is, as people write it: an address, and behind a slash its id, if it is
 * known: `host`, `host:port`, `[::1]:55555/ID`. */
#ifndef KITH_BASE_TRACKER_ADDRESS_H
#define KITH_BASE_TRACKER_ADDRESS_H

#include "base/address.h"
#include "base/id.h"

#define KITH_TRACKER_PORT_DEFAULT      55555
#define KITH_TRACKER_ADDRESS_TEXT_SIZE (KITH_ADDRESS_TEXT_SIZE + KITH_ID_TEXT_SIZE)

struct kith_tracker_address {
    struct kith_address address;
    bool has_id; /* else whoever is met there first is taken for it */
    struct kith_id id;
};

/* Returns 0 or KITH_EADDRESS, `out` untouched; `*why` (may be NULL) gets a static clause.
 */
int kith_tracker_address_parse(struct kith_bytes text, struct kith_tracker_address *out,
                               const char **why);
void kith_tracker_address_format(const struct kith_tracker_address *address,
                                 char out[static KITH_TRACKER_ADDRESS_TEXT_SIZE]);

#endif
