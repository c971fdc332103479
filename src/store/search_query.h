/* SPDX-License-Identifier: MIT */
/* What a person typed, as a query of the search index. */
#ifndef KITH_STORE_SEARCH_QUERY_H
#define KITH_STORE_SEARCH_QUERY_H

#include "store/db.h"

/* All words and "phrases" of the text; the last of them may be unfinished, from three
 * bytes on and unless its quote is closed. Returns 1, 0 when there is no word in it, or
 * what went wrong. */
int kith_search_query(struct kith_store *store, struct kith_bytes text,
                      struct kith_writer *out);

#endif
