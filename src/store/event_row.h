/* SPDX-License-Identifier: MIT */
/* A row of `events`, whole: its checksum says whether it is as it was written. SQLite
 * itself notices damage only where it breaks the structure of its pages. */
#ifndef KITH_STORE_EVENT_ROW_H
#define KITH_STORE_EVENT_ROW_H

#include "store/db.h"

/* All columns of events `e`, in the order of the table and of these numbers. */
#define KITH_EVENT_COLUMNS                                                               \
    "e.key, e.room, e.hlc, e.kind, e.seen, e.arrival, e.id, e.own, e.signature,"         \
    " e.content, e.checksum"

enum {
    KITH_EVENT_KEY,
    KITH_EVENT_ROOM,
    KITH_EVENT_HLC,
    KITH_EVENT_KIND,
    KITH_EVENT_SEEN,
    KITH_EVENT_ARRIVAL,
    KITH_EVENT_NUMBERS, /* so many columns are numbers, and bytes the others */
    KITH_EVENT_ID = KITH_EVENT_NUMBERS,
    KITH_EVENT_OWN,
    KITH_EVENT_SIGNATURE, /* of the run that ends here, else empty (NULL in the table) */
    KITH_EVENT_CONTENT,   /* salt || body, or empty when discarded (NULL) */
    KITH_EVENT_CHECKSUM,
    KITH_EVENT_COLUMN_COUNT,
};

struct kith_event_row {
    int64_t numbers[KITH_EVENT_NUMBERS];
    struct kith_bytes bytes[KITH_EVENT_CHECKSUM - KITH_EVENT_NUMBERS]; /* borrowed */
};

static inline struct kith_bytes kith_event_row_bytes(const struct kith_event_row *row,
                                                     int column)
{
    return row->bytes[column - KITH_EVENT_NUMBERS];
}

/* Bind all columns, at 1 and up; the bytes are borrowed until the reset. */
void kith_event_row_bind(sqlite3_stmt *statement, const struct kith_event_row *row);

/* Of a statement that selects KITH_EVENT_COLUMNS first; lives until its next step. False:
 * the row is damaged, and what is in `out` need not mean anything. One from before there
 * were checksums (NULL) is believed as far as its sizes are right. */
bool kith_event_row_read(sqlite3_stmt *statement, struct kith_event_row *out);

#endif
