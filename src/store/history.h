/* SPDX-License-Identifier: MIT */
/* Reading rows as kith_stored_event, for everything that shows events to people. */
#ifndef KITH_STORE_HISTORY_H
#define KITH_STORE_HISTORY_H

#include "store/event_row.h"

/* Of events `e` and their logs `l`; the last is where an event is in the order of
 * arrival. */
#define KITH_HISTORY_COLUMNS KITH_EVENT_COLUMNS ", l.author, l.class, e.arrival"

/* The same beside arrivals `a`, which know that order also where the event is damaged. */
#define KITH_HISTORY_COLUMNS_ARRIVED                                                     \
    KITH_EVENT_COLUMNS ", l.author, l.class, a.first + (e.key & 1099511627775) - a.seq"

/* A message in a control log is none: nothing finds it, and pages and the order of
 * arrival give it no kind. */
_Static_assert(KITH_KIND_MESSAGE == 1 && KITH_LOG_CONTENT == 0, "as it says here");
#define KITH_HISTORY_FITS_CLASS "(e.kind <> 1 OR l.class = 0)"

/* A branch is stored from the start of a run, which may lie before the first event that
 * differs; until there its rows are those of its base, not shown twice. */
#define KITH_HISTORY_IS_SHOWN "(e.key & 1099511627775) >= l.seq_first"

/* Visit all rows of a bound statement that selects one of these; resets it. */
int kith_history_visit(struct kith_store *store, sqlite3_stmt *s,
                       kith_stored_event_visit *visit, void *ctx);

int kith_history_limit(size_t limit); /* what SQL takes as one */

#endif
