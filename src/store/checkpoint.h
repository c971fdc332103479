/* SPDX-License-Identifier: MIT */
/* Keeping the write-ahead log short; the rest of its contract stands in store.h. */
#ifndef KITH_STORE_CHECKPOINT_H
#define KITH_STORE_CHECKPOINT_H

#include "store/db.h"

/* Begin to count the pages of the write-ahead log. */
void kith_checkpoint_watch(struct kith_store *store);

/* After a commit: at the hard limit, empty the log here and now. Waits for nobody. */
void kith_checkpoint_bound(struct kith_store *store);

void kith_checkpoint_free(struct kith_checkpoint *checkpoint); /* none running; NULL ok */

#endif
