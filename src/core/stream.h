/* SPDX-License-Identifier: MIT */
/* Streams: runs that are sent to a link, as it asked, log by log and no faster than it
 * reads. */
#ifndef KITH_CORE_STREAM_H
#define KITH_CORE_STREAM_H

#include "core/engine.h"

/* The peer asked for this log after event `from` (0: from the beginning), which has the
 * id `after` there (zero: any). */
void kith_stream_begin(struct kith_node *node, struct kith_share *share,
                       struct kith_log *log, uint64_t from, const struct kith_id *after);

/* The peer wants no more of it. */
void kith_stream_end(struct kith_node *node, struct kith_share *share,
                     struct kith_log *log);

/* A run was committed: push it to a link that wants it and has all before it, else
 * announce. */
void kith_stream_publish(struct kith_node *node, struct kith_share *share,
                         struct kith_log *log, const struct kith_run *run);

/* Load and send as much as the link takes. */
void kith_stream_pump(struct kith_node *node, struct kith_link *link);

/* What was loaded for a stream. */
void kith_stream_loaded(struct kith_node *node, struct kith_link *link, int error,
                        const struct kith_stored_run *runs, size_t run_count);

#endif
