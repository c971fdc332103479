/* SPDX-License-Identifier: MIT */
/* From the id of a message to its place in the order of arrival. */
#ifndef KITH_STORE_STORE_IDS_H
#define KITH_STORE_STORE_IDS_H

#include "store/db.h"

/* Within a transaction. */
int kith_ids_put(struct kith_store *store, const struct kith_id *id, uint64_t arrival);

#endif
